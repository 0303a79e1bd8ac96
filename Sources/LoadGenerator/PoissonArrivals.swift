import Foundation
package import Units

/// Arrivals of many callers who know nothing of each other: a Poisson process, given its count.
///
/// `count` moments spread at random over the duration, in order. That is a Poisson process of which
/// the number of arrivals is known, so a short run too offers exactly the rate that was asked for.
package struct PoissonArrivals: IteratorProtocol, Sendable {
    package let count: Int
    private let duration: TimeSpan
    private var generator: SeededGenerator
    private var made = 0
    /// Where the last arrival lies, as a part of the duration.
    private var position = 0.0

    /// `ratePerSecond` · `duration` arrivals, rounded.
    package init(ratePerSecond: Double, duration: TimeSpan, seed: UInt64) {
        count = Int((ratePerSecond * duration.seconds).rounded())
        self.duration = duration
        generator = SeededGenerator(seed: seed)
    }

    /// The next arrival, counted from the start; nil after the last.
    package mutating func next() -> TimeSpan? {
        guard made < count else { return nil }
        // The least of k evenly spread numbers is 1 - u^(1/k); the others lie evenly above it.
        let left = Double(count - made)
        let unit = 1 - generator.nextUnit()
        position += (1 - position) * -expm1(log(unit) / left)
        made += 1
        return TimeSpan(microseconds: Int64(min(position, 1) * Double(duration.microseconds)))
    }
}
