import ByteCoding

/// Byte strings one behind the other, found by their number.
struct Texts: Equatable, Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where each ends; it begins where the one before ends.
    private(set) var ends: [Int] = []

    var count: Int { ends.count }

    func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : ends[number - 1])..<ends[number]
    }

    subscript(number: Int) -> RawSpan {
        @_lifetime(borrow self)
        get {
            let part = bytes.rawBytes.extracting(range(number))
            // A part of this value's own array, for as long as this value is borrowed.
            return unsafe _overrideLifetime(part, borrowing: self)
        }
    }

    mutating func append(_ text: RawSpan) {
        if text.byteCount > 0 { bytes.append(text) }
        ends.append(bytes.count)
    }

    mutating func append(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    /// Appends what the text before begins with, and then `rest`.
    mutating func append(shared: Int, of previous: Int, rest: RawSpan) {
        let start = range(previous).lowerBound
        for offset in start..<start + shared { bytes.append(bytes[offset]) }
        append(rest)
    }

    /// Appends one text that is made of two.
    mutating func append(_ prefix: RawSpan, _ rest: RawSpan) {
        bytes.append(prefix)
        append(rest)
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// The number of a text that equals `text`; appended if there was none.
    ///
    /// For the few texts of a block: looks at one after another.
    mutating func number(of text: RawSpan, after hint: Int) -> Int {
        if hint < count, self[hint].isEqual(to: text) { return hint }
        for number in ends.indices where self[number].isEqual(to: text) { return number }
        append(text)
        return count - 1
    }
}

extension [UInt8] {
    mutating func append(_ bytes: RawSpan) {
        // The pointer does not leave the closure.
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}

extension RawSpan {
    /// How many bytes both begin with.
    func sharedPrefix(with other: RawSpan) -> Int {
        let end = Swift.min(byteCount, other.byteCount)
        var count = 0
        while count + 8 <= end {
            let difference =
                fixed(at: count, as: UInt64.self) ^ other.fixed(at: count, as: UInt64.self)
            if difference != 0 { return count + difference.trailingZeroBitCount / 8 }
            count += 8
        }
        while count < end,
            fixed(at: count, as: UInt8.self) == other.fixed(at: count, as: UInt8.self)
        { count += 1 }
        return count
    }

    /// Negative where this one comes first in the order of bytes, zero where both are equal.
    func order(to other: RawSpan) -> Int {
        let shared = sharedPrefix(with: other)
        guard shared < byteCount, shared < other.byteCount else {
            return byteCount - other.byteCount
        }
        return Int(fixed(at: shared, as: UInt8.self)) - Int(other.fixed(at: shared, as: UInt8.self))
    }
}
