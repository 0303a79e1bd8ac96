import JobModel
import Wire

/// A field that holds a whole number, with its bounds.
struct CountField {
    let name: String
    let range: ClosedRange<Int>

    init(_ name: String, _ range: ClosedRange<Int>) {
        self.name = name
        self.range = range
    }

    /// The number; nil where the field was left out.
    func check(_ number: Int?) throws(Refusal) -> Int? {
        guard let number else { return nil }
        guard range.contains(number) else {
            throw Refusal.field(
                name,
                "is \(number): it must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// The field `priority`.
enum Priority {
    static func check(_ priority: Int?) throws(Refusal) -> UInt8? {
        guard let priority else { return nil }
        guard let byte = UInt8(exactly: priority) else {
            throw Refusal.field(
                "priority", "is \(priority): it must be from 0 to 255, 0 runs first")
        }
        return byte
    }
}
