package import Units

extension TimeSpan {
    /// Reads `500ms`, `60s`, `1.5m` or `2h`; nil for anything else, and above a year.
    package init?(durationText text: String) {
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let unit = Self.unitSeconds[String(text[number.endIndex...])],
            let count = Double(number), count * unit <= Self.yearSeconds
        else { return nil }
        self.init(seconds: count * unit)
    }

    private static let unitSeconds = ["ms": 0.001, "s": 1, "m": 60, "h": 3_600]
    private static let yearSeconds = 365.0 * 86_400
}
