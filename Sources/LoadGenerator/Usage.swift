import Client
import Foundation
import Units
import Wire

/// What daemon and generator had used at one moment.
struct UsageReading: Sendable {
    let stats: StatsBody
    let moment: MonotonicTime
    let generatorSeconds: Double

    static func taken(_ client: DaybookClient, _ clock: LoadClock) async throws(LoadError) -> Self {
        do throws(ClientError) {
            let stats = try await client.stats()
            return UsageReading(
                stats: stats, moment: clock.now, generatorSeconds: Self.processorSeconds())
        } catch {
            throw .daemon("the daemon's counters cannot be read: \(error)")
        }
    }

    /// Processor time of this process so far, of user and system.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        let result = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        precondition(result == 0, "getrusage of the process itself cannot fail")
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
    }
}

/// What a run cost: processor, memory and log.
package struct Usage: Equatable, Sendable, Encodable {
    /// Processors kept busy on average by the daemon and by this process.
    package var daemonCores: Double
    package var generatorCores: Double
    /// Of the machine on which the generator runs.
    package var machineCores: Int
    package var daemonResidentMiB: Double
    /// What a job adds to the log before and after compression, all its events together.
    package var logRawBytesPerJob: Double
    package var logStoredBytesPerJob: Double

    init(from start: UsageReading, to end: UsageReading, logAfter: StatsBody, jobs: Int) {
        let seconds = max(end.moment.span(since: start.moment).seconds, 0.001)
        let jobCount = Double(max(jobs, 1))
        // A daemon that was started again in between counts from zero.
        let isRestarted = end.stats.uptimeSeconds < seconds
        let spentBefore = isRestarted ? 0 : start.stats.cpuSeconds
        daemonCores = (end.stats.cpuSeconds - spentBefore) / seconds
        generatorCores = (end.generatorSeconds - start.generatorSeconds) / seconds
        machineCores = ProcessInfo.processInfo.activeProcessorCount
        daemonResidentMiB = Double(end.stats.residentBytes) / 1_048_576
        logRawBytesPerJob =
            (Double(logAfter.logRawBytes) - Double(start.stats.logRawBytes)) / jobCount
        logStoredBytesPerJob =
            (Double(logAfter.logStoredBytes) - Double(start.stats.logStoredBytes)) / jobCount
    }
}
