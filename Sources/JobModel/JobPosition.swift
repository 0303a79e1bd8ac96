package import Units

/// What a page of a listing goes on from: a job, whether it is still there or not.
package struct JobPosition: Hashable, Sendable {
    package let submitted: LSN
    package let keyHash: UInt32

    package init(submitted: LSN, keyHash: UInt32) {
        self.submitted = submitted
        self.keyHash = keyHash
    }
}

/// As a cursor: `1234-89abcdef`.
extension JobPosition: CustomStringConvertible {
    package var description: String {
        let digits = String(keyHash, radix: 16)
        return "\(submitted)-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The position that a cursor names; nil where it is none.
    package init?(cursor: String) {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 8, let submitted = UInt64(parts[0]),
            submitted > 0, let keyHash = UInt32(parts[1], radix: 16)
        else { return nil }
        self.init(submitted: LSN(rawValue: submitted), keyHash: keyHash)
    }
}
