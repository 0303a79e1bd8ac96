package import Client
package import Logging
import Units
import Wire

/// One process that claims jobs and runs a configured command for each.
///
/// Invariants: at most `slots` commands run at once; a command runs only while nobody has said that
/// its lease is lost; an attempt's outcome is reported until the daemon has answered.
package struct Executor: Sendable {
    let client: DaybookClient
    let options: ExecutorOptions
    let logger: Logger
    /// No more jobs are wanted.
    let stopping = StopSwitch()
    /// Running commands must end now.
    let killing = StopSwitch()

    /// Claims nothing before `run`.
    ///
    /// - Precondition: at least one command and one slot.
    package init(client: DaybookClient, options: ExecutorOptions, logger: Logger) {
        precondition(!options.commands.isEmpty, "an executor needs at least one command")
        self.client = client
        self.options = options
        self.logger = logger
    }

    /// Asks for the end: no more is claimed, and `run` returns once what runs has ended.
    ///
    /// What still runs after `stopGrace` is killed and reported as a retriable failure. May be
    /// called from anywhere, more than once.
    package func stop() {
        stopping.throwOver()
    }

    /// Works until `stop` is called or the task is cancelled; cancelling kills what runs.
    package func run() async {
        await withTaskGroup { group in
            group.addTask { await endAfterGrace() }
            await withDiscardingTaskGroup { attempts in
                let slots = SlotCounter(slots: options.slots)
                while !isStopping {
                    let free = await slots.waitForFree()
                    guard !isStopping else { break }
                    for grant in await claim(countMax: free) {
                        slots.take()
                        attempts.addTask {
                            await perform(grant)
                            slots.giveBack()
                        }
                    }
                }
            }
            group.cancelAll()
        }
    }

    private var isStopping: Bool { stopping.isThrown || Task.isCancelled }

    private func endAfterGrace() async {
        await stopping.wait()
        await pause(options.stopGrace.duration)
        // Also reached when everything has ended by itself: then there is nobody to kill.
        killing.throwOver()
    }

    /// One long poll; empty where nothing became due or the daemon gave no grants.
    private func claim(countMax: Int) async -> [GrantBody] {
        let sent = ContinuousClock.now
        let request = ClaimRequest(
            worker: options.worker, types: options.commands.keys.sorted(),
            max: min(countMax, Self.claimCountMax), leaseSeconds: options.leaseDuration?.seconds,
            waitSeconds: options.claimWait.seconds)
        do throws(ClientError) {
            return try await client.claim(request)
        } catch {
            logger.warning("no jobs claimed: \(error)")
            let spent = ContinuousClock.now - sent
            await stopping.sleep(atMost: max(.seconds(1) - spent, .milliseconds(100)))
            return []
        }
    }

    /// The most that one claim may ask for.
    private static let claimCountMax = 1_000
}

extension TimeSpan {
    var duration: Duration { .microseconds(microseconds) }
}
