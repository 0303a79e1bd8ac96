import JobModel

/// Where a condition cannot be understood, and what would be right there.
package struct CountConditionFault: Error, Equatable, Sendable {
    package let text: String
    /// Characters before the place.
    package let offset: Int
    package let expected: String
}

extension CountConditionFault: CustomStringConvertible {
    /// Three lines: what is expected, the condition, a mark below the place.
    package var description: String {
        let found = text.dropFirst(offset).first.map { "'\($0)'" } ?? "the end"
        let space = String(repeating: " ", count: offset)
        return "expected \(expected) at character \(offset + 1), found \(found):\n"
            + "  \(text)\n  \(space)^"
    }
}

extension CountCondition {
    /// Reads `COUNT(FILTERS) OP N`; the parentheses may be left out where there is no filter.
    package init(_ text: String) throws(CountConditionFault) {
        var reader = ConditionReader(text)
        let count = try reader.readCount()
        let filters = try reader.readFilters()
        let comparison = try reader.readComparison()
        let number = try reader.readNumber()
        try reader.readEnd()
        self.init(
            count: count, type: filters.type, user: filters.user, comparison: comparison,
            number: number)
    }
}

private struct ConditionReader {
    private let text: String
    private let characters: [Character]
    private var offset = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text)
    }

    private var next: Character? { offset < characters.count ? characters[offset] : nil }

    mutating func readCount() throws(CountConditionFault) -> CountCondition.Count {
        skipSpaces()
        let start = offset
        let word = readWord()
        guard let count = CountCondition.Count(rawValue: word) else {
            let names = CountCondition.Count.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault("one of \(names)", at: start)
        }
        return count
    }

    mutating func readFilters() throws(CountConditionFault) -> (type: JobType?, user: UserID?) {
        var filters: (type: JobType?, user: UserID?) = (nil, nil)
        guard skip("(") else { return filters }
        if skip(")") { return filters }
        repeat {
            skipSpaces()
            let start = offset
            switch readWord() {
            case "type" where filters.type == nil:
                let (name, place) = try readValue()
                filters.type = try check(at: place) { () throws(InvalidField) in try JobType(name) }
            case "user" where filters.user == nil:
                let (name, place) = try readValue()
                filters.user = try check(at: place) { () throws(InvalidField) in try UserID(name) }
            case "type", "user": throw fault("each filter once", at: start)
            default: throw fault("type=NAME or user=NAME", at: start)
            }
        } while skip(",")
        guard skip(")") else { throw fault("',' or ')'", at: offset) }
        return filters
    }

    mutating func readComparison() throws(CountConditionFault) -> CountCondition.Comparison {
        for comparison in CountCondition.Comparison.allCases where skip(comparison.rawValue) {
            return comparison
        }
        throw fault("one of > >= < <= == !=", at: offset)
    }

    mutating func readNumber() throws(CountConditionFault) -> UInt64 {
        skipSpaces()
        let start = offset
        while let digit = next, digit.isASCII, digit.isNumber { offset += 1 }
        guard let number = UInt64(String(characters[start..<offset])) else {
            throw fault("a whole number from 0 to \(UInt64.max)", at: start)
        }
        return number
    }

    mutating func readEnd() throws(CountConditionFault) {
        skipSpaces()
        if next != nil { throw fault("nothing more", at: offset) }
    }

    /// What follows a filter's name: `=`, and a name, in quotes where it holds `,`, `)` or spaces.
    private mutating func readValue() throws(CountConditionFault) -> (name: String, place: Int) {
        guard skip("=") else { throw fault("'='", at: offset) }
        skipSpaces()
        if let quote = next, quote == "'" || quote == "\"" {
            offset += 1
            let start = offset
            while let character = next, character != quote { offset += 1 }
            guard next != nil else { throw fault("a closing \(quote)", at: offset) }
            offset += 1
            return (String(characters[start..<offset - 1]), start)
        }
        let start = offset
        while let character = next, !",) ".contains(character) { offset += 1 }
        return (String(characters[start..<offset]), start)
    }

    private func check<Name>(
        at place: Int, _ make: () throws(InvalidField) -> Name
    ) throws(CountConditionFault) -> Name {
        do throws(InvalidField) {
            return try make()
        } catch {
            throw fault(
                "a name of 1 to \(nameBytesMax) bytes without control characters", at: place)
        }
    }

    private mutating func readWord() -> String {
        let start = offset
        while let letter = next, letter.isASCII, letter.isLetter { offset += 1 }
        return String(characters[start..<offset])
    }

    /// Passes over spaces and `mark`, if it comes next.
    private mutating func skip(_ mark: String) -> Bool {
        skipSpaces()
        guard characters[offset...].starts(with: mark) else { return false }
        offset += mark.count
        return true
    }

    private mutating func skipSpaces() {
        while next == " " { offset += 1 }
    }

    private func fault(_ expected: String, at offset: Int) -> CountConditionFault {
        CountConditionFault(text: text, offset: offset, expected: expected)
    }
}
