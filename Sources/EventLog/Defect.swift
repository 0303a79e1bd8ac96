import Units

/// What is wrong with bytes of a segment.
struct Defect: Error, Equatable {
    var offsetBytes: Int
    var what: String
    var expected: String
    var found: String
    /// True where a write cut short by a crash can look like this.
    var isTearable: Bool

    init(
        at offsetBytes: Int, _ what: String, expected: String, found: String, isTearable: Bool
    ) {
        self.offsetBytes = offsetBytes
        self.what = what
        self.expected = expected
        self.found = found
        self.isTearable = isTearable
    }

    init(at offsetBytes: Int, _ what: String, expected: UInt32, found: UInt32) {
        self.init(
            at: offsetBytes, what, expected: hexadecimal(expected), found: hexadecimal(found),
            isTearable: true)
    }

    /// The same defect, its offset counted from the beginning of the file.
    func moved(to offsetBytes: Int) -> Defect {
        var moved = self
        moved.offsetBytes = offsetBytes
        return moved
    }

    func corruption(in file: String, from first: LSN, to last: LSN? = nil) -> LogError {
        .corrupt(
            Corruption(
                file: file, offsetBytes: offsetBytes, what: what, expected: expected, found: found,
                firstLSN: first, lastLSN: last))
    }
}

/// Eight digits, as checksums are written everywhere in messages and documents.
func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
