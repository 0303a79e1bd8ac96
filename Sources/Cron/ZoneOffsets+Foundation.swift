import FoundationEssentials
// Has the rules of the zones; without it FoundationEssentials knows no zone but GMT.
import FoundationInternationalization

/// The only file of this room that sees Foundation, whose rules come with the toolchain's library:
/// no file of the system, no environment and no locale has a say (docs/decisions/0010).
extension ZoneOffsets {
    /// Nil if Foundation knows no zone by exactly this name.
    convenience init?(named name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        var changes: [(seconds: Int64, offset: Int64)] = []
        var seconds = Self.beginning
        // A zone has a handful of changes a year; the dates only grow, and end where the table does.
        while let next = zone.changeSeconds(after: seconds), next > seconds, next < Self.end {
            changes.append((next, zone.offsetSeconds(at: next)))
            seconds = next
        }
        self.init(firstOffset: zone.offsetSeconds(at: Self.beginning), changes: changes)
    }

    /// The name of a zone that differs from `name` in case only.
    static func nameIgnoringCase(_ name: String) -> String? {
        TimeZone.knownTimeZoneIdentifiers.first { $0.lowercased() == name.lowercased() }
    }
}

extension TimeZone {
    fileprivate func changeSeconds(after seconds: Int64) -> Int64? {
        nextDaylightSavingTimeTransition(after: Date(timeIntervalSince1970: Double(seconds)))
            .map { Int64($0.timeIntervalSince1970.rounded()) }
    }

    fileprivate func offsetSeconds(at seconds: Int64) -> Int64 {
        Int64(secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }
}
