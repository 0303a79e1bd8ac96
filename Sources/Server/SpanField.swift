import JobModel
import Units
import Wire

/// A field that holds a length of time in seconds, with its bounds.
struct SpanField {
    let name: String
    let range: ClosedRange<TimeSpan>

    init(_ name: String, _ range: ClosedRange<TimeSpan>) {
        self.name = name
        self.range = range
    }

    /// The span; nil where the field was left out.
    func check(_ seconds: Double?) throws(Refusal) -> TimeSpan? {
        guard let seconds else { return nil }
        guard let span = TimeSpan(seconds: seconds), range.contains(span) else {
            throw Refusal.field(
                name,
                "is \(seconds): it must be from \(range.lowerBound.seconds) to "
                    + "\(range.upperBound.seconds) seconds")
        }
        return span
    }
}
