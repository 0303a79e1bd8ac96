import JobModel

/// What memory holds of every user, beside the name: counters and the heads of two lists.
struct UserRecord: BitwiseCopyable {
    private var notStarted: UInt32 = 0
    private var claimed: UInt32 = 0
    private var processing: UInt32 = 0
    private var retriableFailure: UInt32 = 0
    private var success: UInt64 = 0
    private var fatalFailure: UInt64 = 0
    private var cancelled: UInt64 = 0
    // Of these three, those that are still in memory.
    private var successHeld: UInt32 = 0
    private var fatalFailureHeld: UInt32 = 0
    private var cancelledHeld: UInt32 = 0
    /// The job that was submitted last; 0: none.
    var newest: UInt32 = 0
    /// First of the user's ready queues; 0: none.
    var queues: UInt32 = 0

    var running: UInt32 { claimed + processing }

    var waiting: UInt32 { notStarted + retriableFailure }

    mutating func count(_ status: ExecutionStatus, by step: Int) {
        let narrow = UInt32(truncatingIfNeeded: step)
        let wide = UInt64(bitPattern: Int64(step))
        switch status {
        case .notStarted: notStarted &+= narrow
        case .claimed: claimed &+= narrow
        case .processing: processing &+= narrow
        case .retriableFailure: retriableFailure &+= narrow
        case .success: (success, successHeld) = (success &+ wide, successHeld &+ narrow)
        case .fatalFailure:
            (fatalFailure, fatalFailureHeld) = (fatalFailure &+ wide, fatalFailureHeld &+ narrow)
        case .cancelled: (cancelled, cancelledHeld) = (cancelled &+ wide, cancelledHeld &+ narrow)
        }
    }

    /// A job that has ended leaves memory: it counts for ever.
    mutating func release(_ status: ExecutionStatus) {
        switch status {
        case .success: successHeld -= 1
        case .fatalFailure: fatalFailureHeld -= 1
        case .cancelled: cancelledHeld -= 1
        case .notStarted, .claimed, .processing, .retriableFailure:
            preconditionFailure("a job that has not ended leaves memory")
        }
    }

    /// Jobs that have ended and left memory.
    var released: ReleasedCounts {
        get {
            ReleasedCounts(
                success: success - UInt64(successHeld),
                fatalFailure: fatalFailure - UInt64(fatalFailureHeld),
                cancelled: cancelled - UInt64(cancelledHeld))
        }
        set {
            success = newValue.success + UInt64(successHeld)
            fatalFailure = newValue.fatalFailure + UInt64(fatalFailureHeld)
            cancelled = newValue.cancelled + UInt64(cancelledHeld)
        }
    }

    var counts: StatusCounts {
        var counts = StatusCounts()
        counts[.notStarted] = UInt64(notStarted)
        counts[.claimed] = UInt64(claimed)
        counts[.processing] = UInt64(processing)
        counts[.retriableFailure] = UInt64(retriableFailure)
        counts[.success] = success
        counts[.fatalFailure] = fatalFailure
        counts[.cancelled] = cancelled
        return counts
    }
}

/// How the jobs ended that have left memory.
struct ReleasedCounts: BitwiseCopyable, Equatable {
    var success: UInt64 = 0
    var fatalFailure: UInt64 = 0
    var cancelled: UInt64 = 0

    mutating func add(_ status: ExecutionStatus) {
        switch status {
        case .success: success += 1
        case .fatalFailure: fatalFailure += 1
        case .cancelled: cancelled += 1
        case .notStarted, .claimed, .processing, .retriableFailure:
            preconditionFailure("a job that has not ended leaves memory")
        }
    }
}

extension StatusCounts {
    static func + (counts: StatusCounts, released: ReleasedCounts) -> StatusCounts {
        var sum = counts
        sum[.success] += released.success
        sum[.fatalFailure] += released.fatalFailure
        sum[.cancelled] += released.cancelled
        return sum
    }
}

/// What memory holds of every job type.
struct TypeRecord {
    var counts = StatusCounts()
    /// Jobs of it that have left memory; they are among the counts.
    var released = ReleasedCounts()
    var lanes = Lanes()
    /// A job of it became ready, or may run again, since the readied types were last taken.
    var isReadied = false

    var running: UInt64 { counts[.claimed] + counts[.processing] }
}

/// The rings of ready queues of one type, one ring for each priority that has any.
struct Lanes {
    /// Bit `p` is set where `heads[p]` is not 0.
    private var occupied: [4 of UInt64] = .init(repeating: 0)
    /// The queue that is served next, by priority; empty until the first is ready.
    private var heads: [UInt32] = []

    /// The queue that is served next at `priority`; 0: none.
    subscript(priority: UInt8) -> UInt32 {
        get { heads.isEmpty ? 0 : heads[Int(priority)] }
        set {
            if heads.isEmpty {
                if newValue == 0 { return }
                heads = Array(repeating: 0, count: 256)
            }
            heads[Int(priority)] = newValue
            let bit = UInt64(1) << UInt64(priority & 63)
            if newValue == 0 {
                occupied[Int(priority >> 6)] &= ~bit
            } else {
                occupied[Int(priority >> 6)] |= bit
            }
        }
    }

    /// The lowest priority, from `floor` on, that has a queue; nil: none.
    func first(from floor: Int = 0) -> UInt8? {
        var word = floor >> 6
        guard word < 4 else { return nil }
        var bits = occupied[word] & (~0 << UInt64(floor & 63))
        while bits == 0 {
            word += 1
            if word == 4 { return nil }
            bits = occupied[word]
        }
        return UInt8(word << 6 + bits.trailingZeroBitCount)
    }
}
