import ByteCoding
import JobModel
import Units

/// A snapshot under way: how far the walk through the state has come, and what it has gathered.
struct SnapshotWalk {
    /// The state after this event is what is saved.
    let lsn: LSN
    /// The newest entry of each table that belongs to it: later ones came with later events.
    let users: UInt32
    let types: UInt32
    let classes: UInt32
    let workers: UInt32
    let jobs: UInt32
    // As they were; copied by the first change that comes later, and small but where every user has
    // a limit.
    let userControls: [UInt32: Control]
    let typeControls: [UInt32: Control]
    let holds: [HoldScope: HoldHistory]
    /// What is being walked through; nil: all is done.
    var phase: StateChunk.Kind? = .users
    /// The newest entry of the phase that is in.
    var walked: UInt32 = 0
    /// Jobs that were kept because another one's event changed them: their newest event does not tell.
    var keptForOthers: Set<UInt32> = []
    var digest: UInt64
    var jobCount: UInt64 = 0
    var open = StateChunk(.users)
    var kept = StateChunk(.keptJobs)
    var filled: [StateChunk] = []

    /// The last entry of a phase.
    func end(of phase: StateChunk.Kind) -> UInt32 {
        switch phase {
        case .users: users
        case .types: types
        case .classes: classes
        case .workers: workers
        case .jobs: jobs
        case .settings, .keptJobs: 0
        }
    }

    /// Goes on to the next phase, whose chunks begin afresh.
    mutating func endPhase() {
        if open.count > 0 { filled.append(open) }
        walked = 0
        phase = phase.flatMap { StateChunk.Kind(rawValue: $0.rawValue + 1) }
        guard let phase, phase != .keptJobs else {
            if kept.count > 0 { filled.append(kept) }
            self.phase = nil
            return
        }
        open = StateChunk(phase)
    }

    mutating func closeFull() {
        if open.bytes.count >= StateChunk.bytesWanted {
            filled.append(open)
            open = StateChunk(open.kind)
        }
        if kept.bytes.count >= StateChunk.bytesWanted {
            filled.append(kept)
            kept = StateChunk(.keptJobs)
        }
    }
}
