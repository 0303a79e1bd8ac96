import Logging
import Subprocess
import SystemPackage

extension CommandPlan {
    /// Runs the command to its end and, if it succeeded, puts its output in place.
    ///
    /// A cancelled task means that the attempt is over: the command's process group gets TERM, then
    /// KILL, and its output is dropped, whatever its exit status says.
    ///
    /// - Parameters:
    ///   - logger: Gets what is worth knowing and changes nothing.
    ///   - isStillHeld: Asked right before the output is put in place: another worker's result must
    ///     not be replaced by that of an attempt whose lease ran out unnoticed.
    /// - Returns: How the command ended.
    func run(logger: Logger, isStillHeld: () async -> Bool) async -> CommandOutcome {
        do throws(ResultFault) {
            guard let result else { return await run(output: .discarded, logger: logger) }
            let file = try await blocking { () throws(ResultFault) in try result.create(token) }
            let output = FileDescriptorOutput.fileDescriptor(
                file.descriptor, closeAfterSpawningProcess: false)
            let outcome = await run(output: output, logger: logger)
            guard outcome == .success, await isStillHeld(), !Task.isCancelled else {
                await drop(file, logger)
                return outcome
            }
            try await blocking { () throws(ResultFault) in try file.publish() }
            return outcome
        } catch {
            return .retriable(error.message)
        }
    }

    /// A file that cannot be removed must not change how the attempt ended.
    private func drop(_ file: ResultFile, _ logger: Logger) async {
        do throws(ResultFault) {
            try await blocking { () throws(ResultFault) in try file.discard() }
        } catch {
            logger.warning("\(error.message)")
        }
    }

    private func run(
        output: some OutputProtocol & Sendable, logger: Logger
    ) async -> CommandOutcome {
        do {
            let tail = TailCollector()
            let ended = try await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", command.shellText], environment: environment,
                platformOptions: platformOptions, input: .inputWriter, output: output,
                error: .sequence
            ) { execution in
                async let fed: Void = feed(execution.standardInputWriter, logger)
                await tail.collect(execution.standardError, logger)
                await fed
                await endWholeGroup(execution, logger)
            }
            let stderrTail = tail.bytes
            switch ended.terminationStatus {
            case .exited(let status):
                return CommandOutcome(exitStatus: status, stderrTail: stderrTail)
            case .signaled(let signal):
                return CommandOutcome(signal: signal, stderrTail: stderrTail)
            }
        } catch {
            return .retriable("the command could not be run: \(error)")
        }
    }

    private var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        // A group of its own, so that a signal reaches everything that the command starts.
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: killGrace)
        ]
        return options
    }

    /// A command need not read its payload: it may close its input or end before.
    private func feed(_ input: StandardInputWriter, _ logger: Logger) async {
        do throws(SubprocessError) {
            _ = try await input.write(payload)
            try await input.finish()
        } catch {
            logger.debug("the command did not read its whole payload: \(error)")
        }
    }

    /// After a cancellation, waits until the command is gone, then kills what is left of its group.
    ///
    /// The shell may obey TERM while a program it started does not. Its process id cannot be
    /// another's yet: it is reaped only when the body of `run` has returned.
    private func endWholeGroup<Input, Output, Failure>(
        _ execution: Execution<Input, Output, Failure>, _ logger: Logger
    ) async {
        guard Task.isCancelled else { return }
        // Signal 0 only waits: TERM was sent by the teardown that the cancellation began.
        await execution.teardown(using: [
            .send(
                signal: Signal(rawValue: 0), toProcessGroup: true,
                allowedDurationToNextStep: killGrace + .seconds(1))
        ])
        do throws(SubprocessError) {
            try execution.send(signal: .kill, toProcessGroup: true)
        } catch {
            logger.debug("nothing left to kill: \(error)")
        }
    }
}
