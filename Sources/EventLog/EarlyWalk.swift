import Storage
import Synchronization
import Threads
import Units

/// Walks the newest segment, on a thread of its own, while whoever opens the log loads what it knows.
///
/// Recovery goes on from a place shortly before what is new to it, and need not look at the zeros at the end.
final class EarlyWalk: Sendable {
    /// What recovery has passed by then.
    struct Passed {
        /// Where it goes on.
        let walk: SegmentWalk
        let places: [BlockPlace]
        /// From here on the file holds zeros alone, but for the header of a rest, where that was found.
        let zerosFrom: Int
    }

    private struct Found {
        /// The walk before some blocks, the first and others at least `BlockPlace.strideBytes` apart.
        var waypoints: [SegmentWalk] = []
        var zerosFrom = Int.max
        /// Why the file could not be read; what is wrong with its bytes is told by recovery, which comes to the same place.
        var failure: StorageError?
    }

    private let first: LSN
    private let found = Monitor<Found?>(nil)
    private let isStopped = Atomic(false)

    /// Begins.
    ///
    /// - Parameters:
    ///   - file: The segment.
    ///   - first: Its first record.
    ///   - windowBytes: How much is read at a time.
    init(_ file: any StorageFile, from first: LSN, windowBytes: Int) {
        self.first = first
        DedicatedThread(name: "log-walk") { [self] in
            var all = Found()
            do throws(LogError) {
                try walk(file, windowBytes: windowBytes, noting: &all)
            } catch {
                if case .io(let failure) = error { all.failure = failure }
            }
            found.change { [all] in $0 = all }
        }.detach()
    }

    /// Waits for the walk's end, or ends it where it is of no use.
    ///
    /// - Parameter known: The last record that the caller knows.
    /// - Returns: Nil where nothing was passed.
    /// - Throws: `LogError.io` where the file could not be read.
    func take(through known: LSN) throws(LogError) -> Passed? {
        if known < first { isStopped.store(true, ordering: .relaxed) }
        let all = found.wait { $0 }
        if let failure = all.failure { throw .io(failure) }
        let passed = all.waypoints.prefix { $0.lastLSN <= known }
        guard let walk = passed.last else { return nil }
        let places = passed.dropLast().map { BlockPlace(firstLSN: $0.nextLSN, offset: $0.offset) }
        return Passed(walk: walk, places: places, zerosFrom: all.zerosFrom)
    }

    /// Ends it, done or not; nothing reads the file afterwards.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        found.wait { $0 == nil ? nil : () }
    }

    private func walk(
        _ file: any StorageFile, windowBytes: Int, noting found: inout Found
    ) throws(LogError) {
        var source = try SegmentSource(file, expecting: first, windowBytes: windowBytes)
        var walk = SegmentWalk(try source.header(expecting: first))
        var nextOffset = 0
        while !isStopped.load(ordering: .relaxed) {
            let waypoint = walk.offset >= nextOffset ? walk : nil
            switch try source.next(&walk) {
            case .block:
                guard let waypoint else { continue }
                found.waypoints.append(waypoint)
                nextOffset = waypoint.offset + BlockPlace.strideBytes
            case .mark: continue
            case .end:
                found.zerosFrom = walk.offset
                return
            case .footer, nil: return
            }
        }
    }
}
