/// Reads one field of a cron expression.
struct CronFieldParser {
    let field: CronField

    /// The values that `text`, which has none of `L` and `#`, lets through.
    func values(_ text: Substring) throws(CronError) -> ValueSet {
        var set = ValueSet()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            set.formUnion(try values(part: part))
        }
        return set
    }

    /// One part of a list: `*`, `a`, `a-b`, each with or without `/n`.
    func values(part: Substring) throws(CronError) -> ValueSet {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let step = halves.count == 2 ? try step(halves[1], in: part) : nil
        let range = try range(halves[0], in: part, isOpen: step != nil)
        // Sunday may stand as 7; the set knows it as 0.
        let count = field.values.upperBound + 1
        return ValueSet(
            stride(from: range.lowerBound, through: range.upperBound, by: step ?? 1)
                .map { field == .dayOfWeek ? $0 % count : $0 })
    }

    /// `*`, `a-b` or `a`; with `isOpen` a single value stands for all from it on (`a/n`).
    private func range(
        _ text: Substring, in part: Substring, isOpen: Bool
    ) throws(CronError) -> ClosedRange<Int> {
        if text == "*" { return field.values }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let low = try value(ends[0], in: part)
        guard ends.count == 2 else {
            guard isOpen else { return low...low }
            return low...max(low, field.values.upperBound)
        }
        var high = try value(ends[1], in: part)
        // SAT-SUN: Sunday ends the week as well as it begins it.
        if field == .dayOfWeek, high == 0, low > 0, ends[1].first?.isLetter == true { high = 7 }
        guard low <= high else { throw .backwards(field, String(part)) }
        return low...high
    }

    /// One number or name.
    func value(_ text: Substring, in part: Substring) throws(CronError) -> Int {
        if let index = field.valueNames.firstIndex(of: text.lowercased()) {
            return index + field.values.lowerBound
        }
        guard isDigits(text) else { throw .notUnderstood(field, String(part)) }
        // Nil: more digits than an Int has.
        guard let number = Int(text), number >= field.values.lowerBound, number <= field.writtenMax
        else { throw .outOfRange(field, String(text)) }
        return number
    }

    private func step(_ text: Substring, in part: Substring) throws(CronError) -> Int {
        guard isDigits(text) else { throw .notUnderstood(field, String(part)) }
        guard let number = Int(text), number >= 1, number <= field.stepMax else {
            throw .stepOutOfRange(field, String(text))
        }
        return number
    }

    /// `Int` alone would take a sign as well.
    func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
