import DequeModule
import Synchronization
import Units

/// Replies that wait until everything they show is durable.
///
/// The writer puts them in, in order of LSN; whoever moves the durable end lets them go. After a
/// failure of the log nothing leaves as durable any more.
final class ReplyQueue: Sendable {
    /// What became of the records that a reply depends on.
    enum Fate: Sendable {
        case durable
        /// The log failed before the records were known to be durable.
        case unknown
    }

    private struct Waiting: Sendable {
        let lsn: LSN
        let deliver: @Sendable (Fate) -> Void
    }

    private struct Contents {
        var waiting: Deque<Waiting> = []
        var durable = LSN.zero
        var hasFailed = false
    }

    private let contents = Mutex(Contents())

    /// Calls `deliver` once: as soon as the log is durable up to `lsn`, or has failed.
    func hold(until lsn: LSN, _ deliver: @escaping @Sendable (Fate) -> Void) {
        let fate = contents.withLock { contents -> Fate? in
            if contents.hasFailed { return .unknown }
            if lsn <= contents.durable { return .durable }
            contents.waiting.append(Waiting(lsn: lsn, deliver: deliver))
            return nil
        }
        if let fate { deliver(fate) }
    }

    /// The log is durable up to `lsn`: lets go what waited for it.
    func release(through lsn: LSN) {
        let ready = contents.withLock { contents -> [Waiting] in
            if contents.hasFailed { return [] }
            contents.durable = max(contents.durable, lsn)
            let end = contents.waiting.firstIndex { $0.lsn > lsn } ?? contents.waiting.endIndex
            defer { contents.waiting.removeFirst(end) }
            return Array(contents.waiting[..<end])
        }
        for reply in ready { reply.deliver(.durable) }
    }

    /// The log has failed: everyone is told that the outcome is unknown.
    func fail() {
        let lost = contents.withLock { contents -> Deque<Waiting> in
            contents.hasFailed = true
            defer { contents.waiting = [] }
            return contents.waiting
        }
        for reply in lost { reply.deliver(.unknown) }
    }
}
