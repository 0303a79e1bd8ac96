import Engine
import Synchronization

/// Says on the standard error how far recovery has come: a line a second at most.
final class RecoveryReport: Sendable {
    private struct State {
        var begun = ContinuousClock.now
        var lastLine = ContinuousClock.now
        var progress: RecoveryProgress?
        var toldTornTail: String?
    }

    private let state = Mutex(State())

    /// Takes what the engine says; any thread.
    func tell(_ progress: RecoveryProgress) {
        let lines = state.withLock { state in
            var lines: [String] = []
            state.progress = progress
            if let tornTail = progress.tornTail, tornTail != state.toldTornTail {
                state.toldTornTail = tornTail
                lines.append("daybook: \(tornTail)")
            }
            let now = ContinuousClock.now
            if now - state.lastLine >= .seconds(1) {
                state.lastLine = now
                let percent = progress.bytesRead * 100 / max(1, progress.bytesTotal)
                lines.append(
                    "daybook: recovering, \(percent) %, \(progress.recordsReplayed) events")
            }
            return lines
        }
        for line in lines { printError(line) }
    }

    /// Says what recovery came to, where there was something to recover.
    func end() {
        let (progress, begun) = state.withLock { ($0.progress, $0.begun) }
        guard let progress, progress.recordsReplayed > 0 else { return }
        let tenths = (ContinuousClock.now - begun) / .milliseconds(100)
        printError(
            "daybook: recovered \(progress.recordsReplayed) events in \((tenths).rounded() / 10) s")
    }
}
