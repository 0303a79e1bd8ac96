import TestKit

/// Which image of a workload: the change before which the power was cut, and the draw.
struct CrashPlace: CustomStringConvertible {
    /// The same for a second cut, during the recovery of the first image.
    struct Inner: Equatable {
        var change: Int
        var draw: Int
    }

    var change: Int
    var draw: Int
    var inner: Inner?

    /// The place of the first cut.
    var outer: CrashPlace { CrashPlace(change: change, draw: draw) }

    /// The numbers that say where it is.
    var parts: [Int] { [change, draw] + (inner.map { [$0.change, $0.draw] } ?? []) }

    /// Numbers of its own for each place.
    func generator(seed: UInt64) -> SeededGenerator { SeededGenerator(seed: seed, parts) }

    var description: String {
        "\(change).\(draw)" + (inner.map { "-\($0.change).\($0.draw)" } ?? "")
    }
}

extension CrashPlace {
    /// Reads what `description` writes; nil where it is something else.
    init?(_ text: String) {
        let numbers = text.split { $0 == "." || $0 == "-" }.compactMap { Int($0) }
        guard numbers.count == 2 || numbers.count == 4 else { return nil }
        change = numbers[0]
        draw = numbers[1]
        if numbers.count == 4 { inner = Inner(change: numbers[2], draw: numbers[3]) }
    }
}
