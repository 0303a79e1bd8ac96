import ArgumentParser
import FoundationEssentials
import Units

extension WallTime {
    /// The clock of this machine; only for times that a person gives as "in 5 s".
    static var now: WallTime {
        WallTime(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }

    /// UTC to the millisecond, always as long: `2027-01-01T00:00:00.000Z`.
    var columnText: String {
        let text = WallTime(microseconds: microseconds - microseconds % 1_000).description
        return text.utf8.count == 20 ? String(text.dropLast()) + ".000Z" : text
    }

    /// Reads RFC 3339, or `+5`, `+5s`, `+5m`, `+2h`, `+1d` from now on.
    init?(argument text: String) {
        guard text.hasPrefix("+") else {
            self.init(rfc3339: text)
            return
        }
        guard let span = TimeSpan(argument: String(text.dropFirst())) else { return nil }
        self = WallTime.now.advanced(by: span)
    }
}

extension TimeSpan {
    /// Reads `5`, `5s`, `0.5s`, `250ms`, `5m`, `2h` or `1d`; not negative.
    init?(argument text: String) {
        let units: [(String, Double)] = [
            ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400),
        ]
        let unit = units.first { text.hasSuffix($0.0) }
        let digits = text.dropLast(unit?.0.count ?? 0)
        guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
            let number = Double(digits)
        else { return nil }
        self.init(seconds: number * (unit?.1 ?? 1))
    }

    /// For people: `12 ms`, `3.0 s`, `2 min 5 s`, `1 h 3 min`, `2 d 4 h`.
    var text: String {
        let milliseconds = Int64((Double(microseconds) / 1_000).rounded())
        if milliseconds < 0 { return "-" + TimeSpan(microseconds: -microseconds).text }
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (milliseconds + 500) / 1_000
        if seconds < 3_600 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 86_400 { return "\(seconds / 3_600) h \(seconds % 3_600 / 60) min" }
        return "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
    }
}

/// A time that a person gave as an option.
func timeArgument(_ text: String) throws -> WallTime {
    guard let time = WallTime(argument: text) else {
        throw ValidationError(
            "'\(text)' is no time: give RFC 3339, as in 2027-01-01T06:00:00Z, or +5s, +5m, +2h.")
    }
    return time
}
