import EventLog
import JobState
import PayloadPacking
import Snapshots
import Units

extension EngineCore {
    /// Entries that a closing engine saves at a time.
    private static let entriesAtClose = 65_536

    /// Begins a snapshot where one is due, and goes on with the one that is under way.
    mutating func goOnWithSnapshot(isIdle: Bool) {
        if let trouble = space.trouble { snapshots.refuse(trouble) }
        if snapshots.task == nil {
            guard space.trouble == nil,
                snapshots.isDue(
                    at: state.appliedLSN, jobs: UInt64(state.jobCount), now: monotonic)
            else { return }
            beginSnapshot()
        }
        walk(
            entriesMax: isIdle ? snapshots.rules.entriesPerIdleTurn : snapshots.rules.entriesPerTurn
        )
        settleSnapshot()
    }

    /// Ends with snapshots: finishes the one under way, and takes a last one where that is worth it.
    mutating func closeSnapshots(isWhole: Bool) {
        if !isWhole { snapshots.task?.abandon() }
        finishSnapshot()
        let events = state.appliedLSN.rawValue - snapshots.newestLSN.rawValue
        if isWhole, events >= max(snapshots.rules.eventsAtCloseMin, 1) {
            beginSnapshot()
            finishSnapshot()
        }
        snapshots.dismiss()
    }

    private mutating func finishSnapshot() {
        while let task = snapshots.task {
            walk(entriesMax: Self.entriesAtClose)
            if snapshots.isThreaded { task.waitUntilRoom() }
            settleSnapshot()
        }
    }

    private mutating func beginSnapshot() {
        state.beginSnapshot()
        let head = SnapshotHead(
            logHigh: snapshots.log.high, logLow: snapshots.log.low, lsn: state.appliedLSN,
            time: state.appliedTime)
        let task = SnapshotTask(
            head, in: snapshots.directory, dictionaries: dictionaries.all(),
            keeping: SnapshotKeeping(
                from: log.droppedThrough, countMax: snapshots.rules.olderMax,
                bytesMax: log.size.storedBytes / snapshots.rules.logBytesPerOlderByte))
        snapshots.begin(task)
        if snapshots.isThreaded { task.start() }
        replies.hold(until: state.appliedLSN) { fate in task.note(isDurable: fate == .durable) }
    }

    private mutating func walk(entriesMax: Int) {
        guard let task = snapshots.task else { return }
        if snapshots.isWalking, task.hasRoom || !snapshots.isThreaded {
            let isMore = state.continueSnapshot(entriesMax: entriesMax)
            task.put(state.takeChunks())
            if !isMore {
                task.end(state.endSnapshot())
                snapshots.endWalk()
            }
        }
        if !snapshots.isThreaded { task.workOff() }
    }

    private mutating func settleSnapshot() {
        guard let outcome = snapshots.task?.outcome else { return }
        if snapshots.isWalking { state.abandonSnapshot() }
        snapshots.settle(outcome, now: monotonic)
    }
}
