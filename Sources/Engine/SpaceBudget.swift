import EventLog

/// What a full disk still lets the engine write: new work is refused first, so that running work can be finished.
///
/// A whole segment is free when the next one cannot be made. Submits are refused from then on, claims from
/// its middle on, and its last sixteenth is kept for nothing: no event is ever decided that could
/// not be written.
struct SpaceBudget {
    private var space = LogSpace.ample
    private var spentBytes = 0

    /// What is to be written.
    enum Use {
        case submit, claim
        /// Reports, heartbeats, cancellations and expiries, with a payload of so many bytes.
        case finish(payloadBytes: Int)
    }

    /// More than any event takes beside its payload, the block's overhead included.
    static let eventBytesMax = 4_096

    /// Begins a turn with what the log says.
    mutating func renew(_ space: LogSpace) {
        self.space = space
        spentBytes = 0
    }

    mutating func spend(_ byteCount: Int) {
        spentBytes += byteCount + 256
    }

    func allows(_ use: Use) -> Bool {
        guard case .short(let roomBytes, let segmentBytes) = space else { return true }
        let left = roomBytes - spentBytes
        switch use {
        case .submit: return false
        case .claim: return left > segmentBytes / 2
        case .finish(let payloadBytes):
            return left > segmentBytes / 16 + Self.eventBytesMax + payloadBytes
        }
    }

    /// For people; nil where there is room.
    var trouble: String? {
        guard case .short(let roomBytes, _) = space else { return nil }
        return "the disk is full: submits are refused until there is space again, "
            + "\(roomBytes) bytes are left for the finishing of running jobs"
    }
}
