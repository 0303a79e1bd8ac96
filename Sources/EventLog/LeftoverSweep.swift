import Threads

/// Removes files that a crash has left half made, beside the rest of an opening: to forget the pages of
/// one costs the kernel milliseconds.
final class LeftoverSweep: Sendable {
    private let outcome = Monitor<Result<Void, LogError>?>(nil)

    /// Begins; without threads it is done on return.
    init(_ directory: LogDirectory, isThreaded: Bool) {
        if !isThreaded {
            sweep(directory)
            return
        }
        DedicatedThread(name: "log-sweep") { [self] in sweep(directory) }.detach()
    }

    private func sweep(_ directory: LogDirectory) {
        let result: Result<Void, LogError>
        do throws(LogError) {
            try directory.removeLeftovers(suffix: LogDirectory.preparingName)
            try directory.removeLeftovers(suffix: LogDirectory.packingSuffix)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        outcome.change { $0 = result }
    }

    /// Waits until they are gone, or one cannot be removed.
    @discardableResult
    func wait() -> Result<Void, LogError> { outcome.wait { $0 } }
}
