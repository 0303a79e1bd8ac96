package import Units

/// What a page of a listing goes on from: a job, whether it is still there or not.
package struct JobPosition: Hashable, Sendable {
    /// The page goes on with what was submitted before this.
    package let submitted: LSN
    /// A job in memory that is not behind that place, from which it is found quickly.
    package let anchor: LSN
    /// Hash of the anchor's key.
    package let keyHash: UInt32

    /// No anchor: it is the job at `submitted` itself.
    package init(submitted: LSN, keyHash: UInt32, anchor: LSN? = nil) {
        self.submitted = submitted
        self.keyHash = keyHash
        self.anchor = anchor ?? submitted
    }
}

/// As a cursor: `1234-89abcdef`, or `1234-89abcdef-1300` where the anchor is another job.
extension JobPosition: CustomStringConvertible {
    package var description: String {
        let digits = String(keyHash, radix: 16)
        let hash = String(repeating: "0", count: 8 - digits.count) + digits
        return anchor == submitted ? "\(submitted)-\(hash)" : "\(submitted)-\(hash)-\(anchor)"
    }

    /// The position that a cursor names; nil where it is none.
    package init?(cursor: String) {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[1].utf8.count == 8,
            let submitted = UInt64(parts[0]), submitted > 0,
            let keyHash = UInt32(parts[1], radix: 16)
        else { return nil }
        var anchor = submitted
        if parts.count == 3 {
            guard let other = UInt64(parts[2]) else { return nil }
            anchor = other
        }
        self.init(
            submitted: LSN(rawValue: submitted), keyHash: keyHash, anchor: LSN(rawValue: anchor))
    }
}
