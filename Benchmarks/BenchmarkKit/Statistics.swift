/// Durations of one kind of operation.
package struct Latencies {
    package private(set) var nanoseconds: [UInt64] = []

    package init() {}

    package mutating func add(_ duration: UInt64) { nanoseconds.append(duration) }

    package mutating func add(_ other: Latencies) { nanoseconds += other.nanoseconds }

    /// The duration, in microseconds, that this share of all did not exceed.
    package func percentile(_ percent: Double) -> Double {
        let sorted = nanoseconds.sorted()
        guard let last = sorted.last else { return 0 }
        let index = Int(Double(sorted.count) * percent / 100)
        return Double(index < sorted.count ? sorted[index] : last) / 1000
    }

    /// The percentiles that every table shows, as text, in microseconds.
    package var cells: [String] { [50, 99, 99.9].map { decimal(percentile($0), 0) } }
}

/// The same figure from several rounds.
package struct Rounds {
    private let sorted: [Double]

    package init(_ values: [Double]) { sorted = values.sorted() }

    package var median: Double {
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// The median with the smallest and the largest.
    package func cell(_ places: Int) -> String {
        let (low, high) = (sorted.first ?? 0, sorted.last ?? 0)
        return "\(decimal(median, places)) (\(decimal(low, places))–\(decimal(high, places)))"
    }
}

/// The number with this many decimal places; thousands stand apart.
package func decimal(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((value.magnitude * scale).rounded())
    let digits = String(scaled / Int(scale))
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0 && (digits.count - index) % 3 == 0 { text += " " }
        text.append(digit)
    }
    if places > 0 {
        let fraction = String(scaled % Int(scale))
        text += "." + String(repeating: "0", count: places - fraction.count) + fraction
    }
    return value < 0 ? "-" + text : text
}
