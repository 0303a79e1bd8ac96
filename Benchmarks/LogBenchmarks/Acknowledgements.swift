import BenchmarkKit
import Threads
import Units

/// Brings what became durable from the log's threads to the producers.
final class Acknowledgements: Sendable {
    struct Moment {
        var lsn: LSN
        /// When it was known to be durable.
        var nanoseconds: UInt64
    }

    private let monitor = Monitor<[Moment]>([])

    /// For the log's `onDurable`.
    func add(_ lsn: LSN) {
        let moment = Moment(lsn: lsn, nanoseconds: monotonicNanoseconds())
        monitor.change { $0.append(moment) }
    }

    /// Those that came since the last call, in exchange for an emptied array.
    ///
    /// Sleeps until there is one, if asked to wait.
    func exchange(_ moments: inout [Moment], isWaiting: Bool) {
        moments.removeAll(keepingCapacity: true)
        var empty = moments
        moments = []
        moments = monitor.wait { shared -> [Moment]? in
            if shared.isEmpty && isWaiting { return nil }
            swap(&shared, &empty)
            return empty
        }
    }
}
