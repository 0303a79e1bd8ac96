import Glibc

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    // The record is this function's own.
    guard unsafe clock_gettime(CLOCK_MONOTONIC, &time) == 0 else {
        preconditionFailure("there is no monotonic clock")
    }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds that one of `count` operations takes, on average.
func nanoseconds(per count: Int, _ body: () -> Void) -> Double {
    let start = monotonicNanoseconds()
    body()
    return Double(monotonicNanoseconds() - start) / Double(count)
}

/// The gaps between one moment and the next of a loop.
struct Gaps {
    private(set) var worstNanoseconds: UInt64 = 0
    /// Gaps of more than 0.1, 1 and 2 ms.
    private(set) var long = (0, 0, 0)
    private let start = monotonicNanoseconds()
    private var last = monotonicNanoseconds()

    mutating func lap() {
        let now = monotonicNanoseconds()
        let gap = now - last
        last = now
        guard gap > 20_000 else { return }
        worstNanoseconds = max(worstNanoseconds, gap)
        if gap > 100_000 { long.0 += 1 }
        if gap > 1_000_000 { long.1 += 1 }
        if gap > 2_000_000 { long.2 += 1 }
    }

    var seconds: Double { Double(last - start) / 1e9 }

    /// For a row of a table.
    var cells: [String] {
        [decimal(Double(worstNanoseconds) / 1e6, 2), "\(long.0)", "\(long.1)", "\(long.2)"]
    }

    /// What the machine does to a loop that does nothing.
    static func idle(seconds: Double) -> Gaps {
        var gaps = Gaps()
        while gaps.seconds < seconds { gaps.lap() }
        return gaps
    }
}

/// Numbers from SplitMix64, the same in each run.
struct RandomNumbers {
    private var state: UInt64 = 0

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }

    /// A number from 1 up to `limit`, which must fit 32 bits.
    mutating func slot(upTo limit: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: ((next() >> 32) &* UInt64(limit)) >> 32) &+ 1
    }
}

/// SplitMix64's bijection: all bits depend on all.
func mixed(_ number: UInt64) -> UInt64 {
    var mixed = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}

func decimal(_ number: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((number * scale).rounded())
    guard places > 0 else { return "\(scaled)" }
    let fraction = String(scaled % Int(scale))
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(scaled / Int(scale)).\(zeros)\(fraction)"
}

/// Prints a row of a table in Markdown at once, be the output a pipe.
func row(_ cells: [String]) {
    print("| " + cells.joined(separator: " | ") + " |")
    fflush(nil)
}
