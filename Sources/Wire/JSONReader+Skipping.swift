/// Checking a whole value and stepping over it.
extension JSONReader {
    /// Open objects and arrays: bit 0 is the innermost, set for an object.
    private struct Openings {
        private var bits: UInt128 = 0
        private(set) var count = 0

        var innermostIsObject: Bool { bits & 1 == 1 }

        mutating func push(isObject: Bool) {
            bits = bits << 1 | (isObject ? 1 : 0)
            count += 1
        }

        mutating func pop() {
            bits >>= 1
            count -= 1
        }
    }

    /// Steps over one value of any kind and depth, checking every byte of it.
    ///
    /// Without recursion: what stands in the input must not decide how deep our stack grows.
    mutating func skipValue() throws(JSONFault) {
        var openings = Openings()
        repeat {
            skipSpace()
            if skip("{") {
                try open(&openings, isObject: true)
                skipSpace()
                if !skip("}") {
                    try skipMemberName()
                    continue
                }
                openings.pop()
            } else if skip("[") {
                try open(&openings, isObject: false)
                skipSpace()
                if !skip("]") { continue }
                openings.pop()
            } else {
                try skipScalar()
            }
            try closeAfterValue(&openings)
        } while openings.count > 0
    }

    private func open(_ openings: inout Openings, isObject: Bool) throws(JSONFault) {
        openings.push(isObject: isObject)
        guard nesting + openings.count <= manner.nestingMax else {
            throw syntaxFault(
                "is nested too deep: at most \(manner.nestingMax) objects and arrays"
                    + " inside each other are allowed", at: position - 1)
        }
    }

    /// After a value: steps over the ends of what is open, up to where the next value begins.
    private mutating func closeAfterValue(_ openings: inout Openings) throws(JSONFault) {
        while openings.count > 0 {
            skipSpace()
            if skip(",") {
                if openings.innermostIsObject {
                    skipSpace()
                    try skipMemberName()
                }
                return
            }
            if openings.innermostIsObject {
                try expect("}", "or ',' after a member")
            } else {
                try expect("]", "or ',' after an item")
            }
            openings.pop()
        }
    }

    private mutating func skipMemberName() throws(JSONFault) {
        try skipString()
        skipSpace()
        try expect(":", "after a name")
    }

    private mutating func skipScalar() throws(JSONFault) {
        switch next {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try skipWord("true")
        case UInt8(ascii: "f"): try skipWord("false")
        case UInt8(ascii: "n"): try skipWord("null")
        case _ where isAtNumber: _ = try skipNumber()
        default: throw unexpected("a value")
        }
    }

    mutating func skipWord(_ word: String) throws(JSONFault) {
        for byte in word.utf8 {
            guard next == byte else { throw unexpected("'\(word)'") }
            position += 1
        }
    }

    /// Steps over a number; true if it has neither a fraction nor an exponent.
    mutating func skipNumber() throws(JSONFault) -> Bool {
        _ = skip("-")
        if !skip("0") { try skipDigits() }
        var isWhole = true
        if skip(".") {
            isWhole = false
            try skipDigits()
        }
        if skip("e") || skip("E") {
            isWhole = false
            if !skip("+") { _ = skip("-") }
            try skipDigits()
        }
        return isWhole
    }

    private mutating func skipDigits() throws(JSONFault) {
        let start = position
        while let next, next >= UInt8(ascii: "0"), next <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw unexpected("a digit") }
    }
}
