/// First byte of an encoded event: which fact, in which version of its encoding.
///
/// A number that was ever written keeps its meaning for ever. A changed encoding gets a new number,
/// and the reader of the old one stays under a name that says its version.
enum EventKind: UInt8 {
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
    /// Submitted: a result location was named.
    static let resultLocation = FieldFlags(rawValue: 2)
    /// Submitted: the job has a run limit.
    static let runLimit = FieldFlags(rawValue: 4)
    /// Heartbeat.
    static let progress = FieldFlags(rawValue: 1)
    /// Heartbeat.
    static let checkpoint = FieldFlags(rawValue: 2)
    /// Succeeded and both failures.
    static let message = FieldFlags(rawValue: 1)
    /// FatalFailed: the retries were used up.
    static let retriesExhausted = FieldFlags(rawValue: 2)
}
