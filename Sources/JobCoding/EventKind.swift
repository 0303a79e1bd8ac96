/// First byte of an encoded event: which fact, in which version of its encoding.
///
/// A number that was ever written keeps its meaning for ever. A changed encoding gets a new number,
/// and the reader of the old one stays under a name that says its version.
package enum EventKind: UInt8, Sendable {
    case submitted = 16
    case claimed = 17
    case processing = 18
    case heartbeat = 19
    case succeeded = 20
    case retriableFailed = 21
    case fatalFailed = 22
    case cancelled = 23
    case redriven = 24
    case rescheduled = 25
    case ticked = 26
    case controlChanged = 27
}

/// The kinds of the first encoding, in which a reference had no hash of the job's key.
enum EventKindV1: UInt8 {
    case submitted = 1
    case claimed = 2
    case processing = 3
    case heartbeat = 4
    case succeeded = 5
    case retriableFailed = 6
    case fatalFailed = 7
    case cancelled = 8
}

/// Which optional fields follow, one bit each; the bits' meaning depends on the kind of event.
struct FieldFlags: OptionSet {
    let rawValue: UInt8

    /// Submitted: an execution time was named.
    static let executionTime = FieldFlags(rawValue: 1)
    /// Submitted: the job expires.
    static let expiresAt = FieldFlags(rawValue: 2)
    /// Heartbeat.
    static let progress = FieldFlags(rawValue: 1)
    /// Heartbeat.
    static let checkpoint = FieldFlags(rawValue: 2)
    /// Succeeded and both failures.
    static let message = FieldFlags(rawValue: 1)
    /// FatalFailed: the retries were used up.
    static let retriesExhausted = FieldFlags(rawValue: 2)
    /// Rescheduled.
    static let priority = FieldFlags(rawValue: 1)
    /// Rescheduled.
    static let newTime = FieldFlags(rawValue: 2)
    /// Ticked: another tick follows at a time that is known.
    static let nextTick = FieldFlags(rawValue: 1)
    /// ControlChanged.
    static let paused = FieldFlags(rawValue: 1)
    /// ControlChanged: a bound of the jobs that wait.
    static let waitingMax = FieldFlags(rawValue: 2)
    /// ControlChanged: a bound of the jobs that run.
    static let runningMax = FieldFlags(rawValue: 4)
    /// ControlChanged: nothing is set any more.
    static let reset = FieldFlags(rawValue: 8)
}

/// The flags of the first encoding.
struct FieldFlagsV1: OptionSet {
    let rawValue: UInt8

    /// Submitted: an execution time was named.
    static let executionTime = FieldFlagsV1(rawValue: 1)
    /// Submitted: a result location was named.
    static let resultLocation = FieldFlagsV1(rawValue: 2)
    /// Submitted: the job has a run limit.
    static let runLimit = FieldFlagsV1(rawValue: 4)
    /// Heartbeat.
    static let progress = FieldFlagsV1(rawValue: 1)
    /// Heartbeat.
    static let checkpoint = FieldFlagsV1(rawValue: 2)
    /// Succeeded and both failures.
    static let message = FieldFlagsV1(rawValue: 1)
    /// FatalFailed: the retries were used up.
    static let retriesExhausted = FieldFlagsV1(rawValue: 2)
}
