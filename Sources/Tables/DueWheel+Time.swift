/// Ticks, and which bucket is theirs.
extension DueWheel {
    @inlinable
    static var tickMicroseconds: UInt64 { 1000 }
    /// Ticks of a window are counted by so many bits.
    @inlinable
    static var windowBits: UInt64 { 17 }
    /// The bits of a tick that count within its window.
    @inlinable
    static var windowMask: UInt64 { 1 << windowBits - 1 }
    /// Ticks of one of the last buckets are counted by so many bits.
    @inlinable
    static var lastBits: UInt64 { 30 }

    @inlinable
    static var nearCount: Int { 1 << 17 }
    @inlinable
    static var farCount: Int { 1 << 16 }
    @inlinable
    static var farStart: Int { nearCount }
    @inlinable
    static var lastStart: Int { nearCount + farCount }
    @inlinable
    static var bucketCount: Int { nearCount + farCount + 1 << 18 }

    @inlinable
    static func tick(of microseconds: Int64) -> UInt64 {
        if microseconds < 0 || microseconds >= endMicroseconds { refuse(microseconds) }
        return UInt64(bitPattern: microseconds) / tickMicroseconds
    }

    @usableFromInline
    @inline(never)
    static func refuse(_ microseconds: Int64) -> Never {
        preconditionFailure("\(microseconds) µs is not between 1970 and the year 10889")
    }

    /// Where a tick later than this one belongs.
    // A call would lend the wheel, and the compiler copies what a state lends of itself.
    @inlinable
    @inline(__always)
    func bucket(of due: UInt64) -> Int {
        let windows = due >> Self.windowBits &- tick >> Self.windowBits
        if windows == 0 { return Self.near(due) }
        return windows < UInt64(Self.farCount) ? Self.far(due) : Self.last(due)
    }

    @inlinable
    static func near(_ tick: UInt64) -> Int { Int(tick & windowMask) }

    /// A window's bucket comes round again after `farCount` windows.
    @inlinable
    static func far(_ tick: UInt64) -> Int {
        farStart + Int(tick >> windowBits & (UInt64(farCount) - 1))
    }

    @inlinable
    static func last(_ tick: UInt64) -> Int { lastStart + Int(tick >> lastBits) }

    /// The first bucket with slots among the near ones from `tick` on.
    @usableFromInline
    func firstNear(from tick: UInt64) -> Int? {
        guard let found = buckets.occupied.first(from: Self.near(tick)) else { return nil }
        return found < Self.farStart ? found : nil
    }

    /// The first bucket with slots among the far ones from the window of `tick` on, all the way round.
    @usableFromInline
    func firstFar(from tick: UInt64) -> Int? {
        firstFar(fromBucket: Self.far(tick)) ?? firstFar(fromBucket: Self.farStart)
    }

    private func firstFar(fromBucket bucket: Int) -> Int? {
        guard let found = buckets.occupied.first(from: bucket) else { return nil }
        return found < Self.lastStart ? found : nil
    }

    /// The first bucket with slots among the last ones from that of `tick` on.
    @usableFromInline
    func firstLast(from tick: UInt64) -> Int? { buckets.occupied.first(from: Self.last(tick)) }
}
