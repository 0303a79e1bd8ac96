import ByteCoding
import EventLog
import History
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Snapshots
import Storage
import Units

/// Makes the state as it was at a moment: of the nearest snapshot before it, and the events from there on.
struct PastFold: Sendable {
    let snapshots: SnapshotDirectory
    let directory: String
    let log: LogIdentity
    let history: HistorySet

    /// Events between two looks at who is in history and may leave memory.
    private static let eventsPerRelease: UInt64 = 4_096

    /// Reads beside a writer, and needs the memory of one more state.
    ///
    /// - Parameter moment: Not after the newest durable event, not in the future.
    /// - Returns: The state, with those ready whose time had come.
    /// - Throws: `Rejection.momentDropped` where the log no longer goes back so far,
    ///   `EngineError.unreadable` where it cannot be read back.
    func run(_ moment: Moment) throws(EngineError) -> PastState {
        let dictionaries = PayloadDictionaries()
        var state = nearest(moment, dictionaries)
        var replay = Replay(dictionaries: dictionaries)
        let covered = history.wholeThrough
        do throws(LogError) {
            try LogScan.run(
                directory: directory, storage: snapshots.storage, from: state.appliedLSN.next
            ) { lsn, _, record throws(RecordRefusal) in
                guard moment.includes(lsn, Event.time(of: record)) else { return false }
                try replay.apply(record, at: lsn, to: &state)
                if lsn.rawValue % Self.eventsPerRelease == 0 {
                    state.releaseAll(through: min(covered, lsn))
                }
                return true
            }
        } catch .dropped(let last) {
            throw .rejected(.momentDropped(oldest: oldest(after: last)))
        } catch {
            throw .unreadable("\(error)")
        }
        while state.advance(to: moment.time ?? state.appliedTime, jobsMax: .max) {}
        return PastState(state: state, dictionaries: dictionaries)
    }

    /// The earliest event after which the past can be told, where the log begins later than with the first.
    private func oldest(after dropped: LSN) -> LSN? {
        (try? snapshots.list())?.last { $0 >= dropped }
    }

    /// The newest snapshot that is not after the moment, or the state before the first event.
    private func nearest(_ moment: Moment, _ dictionaries: PayloadDictionaries) -> JobState {
        var loading = SnapshotLoading(
            directory: snapshots, dictionaries: dictionaries, isThreaded: true)
        let state = loading.loadFirst(of: log) { lsn in
            let file = try? SnapshotFile(snapshots.path(of: lsn), storage: snapshots.storage)
            return file.map { moment.includes($0.head.lsn, $0.head.time) } ?? false
        }
        return state ?? JobState(hash: KeyedHash(low: log.low, high: log.high))
    }
}

/// The state as it was at a moment.
struct PastState: ~Copyable {
    var state: JobState
    /// What its payloads are packed with.
    let dictionaries: PayloadDictionaries
}

extension Moment {
    /// Whether an event had happened then.
    fileprivate func includes(_ lsn: LSN, _ time: WallTime) -> Bool {
        switch self {
        case .event(let last): lsn <= last
        case .time(let last): time <= last
        }
    }

    fileprivate var time: WallTime? {
        if case .time(let time) = self { time } else { nil }
    }
}
