import ByteCoding
import Tables

/// The ready jobs of one user, type and priority, in order of due time and submit.
///
/// Those of a type and priority stand in a ring, and a claim takes from one after another: a user
/// with many jobs gets the same turn as one with a single job. A queue whose user may not run more
/// is parked: it leaves the ring until that has changed.
struct ReadyQueue: HashedElement {
    var keyHash: UInt32 { Self.hash(user: user, type: type, priority: priority) }
    let user: UInt32
    let type: UInt32
    /// Jobs: taken at `first`, added at `last`, linked by their `link` and `backLink`.
    var first: UInt32 = 0
    var last: UInt32 = 0
    /// Neighbours in the ring; 0 while parked.
    var next: UInt32 = 0
    var previous: UInt32 = 0
    /// Neighbours among the user's queues: those that are not in the index come first.
    var userNext: UInt32 = 0
    var userPrevious: UInt32 = 0
    let priority: UInt8
    var isParked = true
    /// Found by the index of queues, not on a walk along the user's first few.
    var isIndexed = false

    /// So many of a user's queues are found by a walk; most users never have more, and none of theirs is hashed.
    static let walkedMax = 4

    init(user: UInt32, type: UInt32, priority: UInt8) {
        self.user = user
        self.type = type
        self.priority = priority
    }

    static func hash(user: UInt32, type: UInt32, priority: UInt8) -> UInt32 {
        let key = UInt64(user) << 32 ^ UInt64(type) << 8 ^ UInt64(priority)
        let mixed = (key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15
        return UInt32(truncatingIfNeeded: ((mixed ^ mixed >> 31) &* 0xBF58_476D_1CE4_E5B9) >> 32)
    }
}
