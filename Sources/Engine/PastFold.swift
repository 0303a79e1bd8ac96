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
    /// - Throws: `EngineError.unreadable` where the log cannot be read back.
    func run(_ moment: Moment) throws(EngineError) -> JobState {
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
        } catch {
            throw .unreadable("\(error)")
        }
        while state.advance(to: moment.time ?? state.appliedTime, jobsMax: .max) {}
        return state
    }

    /// The newest snapshot that is not after the moment, or the state before the first event.
    private func nearest(_ moment: Moment, _ dictionaries: PayloadDictionaries) -> JobState {
        var loading = SnapshotLoading(
            directory: snapshots, dictionaries: dictionaries, isThreaded: true)
        for lsn in (try? snapshots.list()) ?? [] {
            // One that is damaged, or gone meanwhile, is no worse than none: an older one, or the log, has it.
            guard
                let head = try? SnapshotFile(snapshots.path(of: lsn), storage: snapshots.storage)
                    .head,
                moment.includes(head.lsn, head.time)
            else { continue }
            if let state = try? loading.load(lsn, of: log) { return state }
        }
        return JobState(hash: KeyedHash(low: log.low, high: log.high))
    }
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
