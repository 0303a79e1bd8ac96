import Tables

/// A record of 64 bytes, as a job's is.
struct BenchmarkRecord: HashedElement, TimedElement {
    var dueMicroseconds: Int64
    var order: UInt64
    var key: UInt64
    var last: UInt64 = 0
    var keyHash: UInt32
    var duePosition: UInt32 = 0
    var blob: UInt32 = 0
    var next: UInt32 = 0
    var rest: (UInt64, UInt64) = (0, 0)

    init(number: Int) {
        key = UInt64(number)
        order = UInt64(number)
        keyHash = Self.hash(ofKey: key)
        // Anywhere in 30 days.
        dueMicroseconds = Int64(mixed(~key) % 2_592_000_000_000)
    }

    static func hash(ofKey key: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: mixed(key))
    }
}
