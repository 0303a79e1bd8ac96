/// What one run of the `LogWriter` program came to, as its output tells.
package struct LogWriterLife: Sendable {
    /// Last record it recovered; nil: it ended before.
    package private(set) var recovered: UInt64?
    /// Last record it said to be durable; zero: none.
    package private(set) var acknowledged: UInt64 = 0
    /// Why it refused to open the log.
    package private(set) var refusal: String?
    /// Why it could write no more.
    package private(set) var failure: String?

    /// A moment in a run.
    package enum Moment: Sendable {
        /// It begins to open the log: what comes now mostly comes while it recovers.
        case opening
        /// It has said so many times that more is durable.
        case acknowledgements(Int)
        /// There is none.
        case never
    }

    /// Runs the program to its end.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - arguments: Further ones of the program.
    ///   - moment: When to run `body` and to send SIGKILL.
    ///   - kills: False: only `body` is run, and the program ends by itself.
    ///   - body: Gets what the run has told so far; it goes on meanwhile.
    /// - Returns: What it told in all.
    /// - Throws: What `body` throws, or `LogWriterFault`.
    package static func run(
        in directory: String, _ arguments: [String] = [], at moment: Moment, kills: Bool = true,
        body: (LogWriterLife) async throws -> Void = { _ in }
    ) async throws -> LogWriterLife {
        let process = ChildProcess(try builtPath("LogWriter"), [directory] + arguments)
        var life = LogWriterLife()
        var awaited = moment
        while let line = await process.nextLine() {
            life.note(line)
            guard awaited.hasCome(with: line) else { continue }
            awaited = .never
            try await body(life)
            if kills { try await process.kill() }
        }
        // Out of time: a writer that hangs would not end by itself.
        if Task.isCancelled { try await process.kill() }
        let end = try await process.waitForEnd()
        guard end != .exited(0), end != .signaled(9) else { return life }
        guard life.refusal != nil || life.failure != nil else {
            throw LogWriterFault(end: end, stderr: process.stderr)
        }
        return life
    }

    private mutating func note(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return }
        let text = String(words[1])
        switch words[0] {
        case "RECOVERED":
            recovered = UInt64(text)
            acknowledged = max(acknowledged, recovered ?? 0)
        case "ACK": acknowledged = max(acknowledged, UInt64(text) ?? 0)
        case "REFUSED": refusal = text
        case "FAILED": failure = text
        default: break
        }
    }
}

extension LogWriterLife.Moment {
    /// Counts the line; true if it is the one that was waited for.
    fileprivate mutating func hasCome(with line: String) -> Bool {
        switch self {
        case .opening: return line == "OPENING"
        case .acknowledgements(let count):
            guard line.hasPrefix("ACK") else { return false }
            self = .acknowledgements(count - 1)
            return count <= 1
        case .never: return false
        }
    }
}

/// The program ended in a way that it never should.
package struct LogWriterFault: Error, Equatable, Sendable {
    package let end: ProcessEnd
    package let stderr: String
}
