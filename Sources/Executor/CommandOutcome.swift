/// How an attempt ended, as it is reported to the daemon.
enum CommandOutcome: Equatable, Sendable {
    case success
    /// The job may be tried again.
    case retriable(String)
    /// Trying again would end the same way.
    case fatal(String)

    /// The rule for exit statuses: 0 is success; 64 (EX_USAGE) and 65 (EX_DATAERR) say that the
    /// job itself is wrong, so they are fatal; every other status can be tried again.
    init(exitStatus: Int32, stderrTail: [UInt8]) {
        switch exitStatus {
        case 0: self = .success
        case 64, 65: self = .fatal(Self.message("exit status \(exitStatus)", stderrTail))
        default: self = .retriable(Self.message("exit status \(exitStatus)", stderrTail))
        }
    }

    /// A command that was ended by a signal can be tried again.
    init(signal: Int32, stderrTail: [UInt8]) {
        self = .retriable(Self.message("ended by signal \(signal)", stderrTail))
    }

    /// `head: tail`, valid UTF-8 of at most `messageBytesMax` bytes; cut at the front of the tail,
    /// because the last words of a failing program say most.
    static func message(_ head: String, _ tail: [UInt8]) -> String {
        var text = Substring(String(decoding: tail, as: UTF8.self))
        while text.last?.isWhitespace == true { text.removeLast() }
        guard !text.isEmpty else { return head }
        let room = messageBytesMax - head.utf8.count - 2
        while text.utf8.count > room { text.removeFirst() }
        return head + ": " + text
    }

    /// The longest message that a daemon takes.
    static let messageBytesMax = 4_096
}
