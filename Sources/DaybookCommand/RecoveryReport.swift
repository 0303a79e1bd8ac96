import Engine
import Synchronization
import Units

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
            if let note = progress.note { return ["daybook: \(note)"] }
            state.progress = progress
            var lines: [String] = []
            if let tornTail = progress.tornTail, tornTail != state.toldTornTail {
                state.toldTornTail = tornTail
                lines.append("daybook: \(tornTail)")
            }
            let now = ContinuousClock.now
            if now - state.lastLine >= .seconds(1) {
                state.lastLine = now
                lines.append("daybook: recovering, \(Self.words(progress, now - state.begun))")
            }
            return lines
        }
        for line in lines { printError(line) }
    }

    private static func words(_ progress: RecoveryProgress, _ elapsed: Duration) -> String {
        let percent = progress.bytesRead * 100 / max(1, progress.bytesTotal)
        let words = "\(percent) %, \(progress.recordsReplayed) events"
        let passed = TimeSpan(microseconds: Int64(elapsed / .microseconds(1)))
        guard let left = progress.remaining(after: passed) else { return words }
        return "\(words), about \(Int(left.seconds.rounded(.up))) s left"
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
