import ByteCoding
import History
import JobModel
import Units

/// A file of history whose checksums are good: where all of it is found whole, all of it can be read.
enum HistorySubject {
    /// Identity of the log that every sample is of.
    static let log: UInt64 = 0x5EED

    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let bytes = repaired(input)
        guard bytes.count >= headerBytes else { return .refused("no header") }
        let first = LSN(rawValue: bytes.rawBytes.fixed(at: 24))
        let last = LSN(rawValue: bytes.rawBytes.fixed(at: 32))
        guard first <= last else { return .refused("a range that ends before it begins") }
        let path = HistoryDirectory(path: directory, storage: MemoryStorage([])).file(first...last)
        let set: HistorySet
        do throws(HistoryError) {
            set = try HistorySet(
                directory, log: log, storage: MemoryStorage([(path, bytes)]),
                options: HistoryOptions())
            if let flaw = set.opening.setAside.first { throw flaw.error }
        } catch {
            return .refused("\(error)")
        }
        return try read(set)
    }

    /// Verification comes first: what finds a file damaged sets it aside, and nothing of it is read after that.
    private static func read(_ set: HistorySet) throws(Finding) -> Verdict {
        do throws(HistoryError) {
            try set.verify()
        } catch {
            return .refused("\(error)")
        }
        do throws(HistoryError) {
            _ = try set.typeCounts()
            var listed = 0
            for user in users { listed += try jobs(of: UserID(unchecked: user), in: set) }
            return .accepted(records: UInt64(listed))
        } catch {
            throw Finding("verified as whole, but reading it says \(error)")
        }
    }

    /// Pages through all of them, and looks for each.
    private static func jobs(of user: UserID, in set: HistorySet) throws(HistoryError) -> Int {
        _ = try set.counts(of: user)
        var listed = 0
        var before = LSN(rawValue: .max)
        while true {
            let page = try set.page(of: user, before: before, limit: 100, looksMax: 1_000)
            for job in page.jobs { _ = try set.find(job.key) }
            listed += page.jobs.count
            guard let next = page.next, next < before else { return listed }
            before = next
        }
    }

    /// The samples' users: one has many jobs, one has one.
    static let users = ["ann", "bob"]
    private static let directory = "\(memoryDirectory)/history"
    private static let headerBytes = 64
    private static let frameBytes = 16
    private static let footerBytes = 128

    /// The file with its checksums made right, and where its parts begin, as far as it has a form.
    static func repaired(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        let end = bytes.count - footerBytes
        guard end >= headerBytes else { return bytes }
        let seed = bytes.checksum(of: 16..<headerBytes, continuing: bytes.checksum(of: 0..<12))
        bytes.patch(seed, at: 12)
        var offset = headerBytes
        while offset + frameBytes <= end {
            let length = frameBytes + Int(bytes.word(at: offset + 4))
            guard length <= end - offset else { break }
            let frame = bytes.checksum(of: offset + 4..<offset + length, continuing: seed)
            bytes.patch(frame, at: offset)
            let kind = Int(bytes[offset + 12])
            // Of types, filter and directory the footer says where they are.
            if (4...6).contains(kind) { bytes.patch(UInt64(offset), at: end + 24 + 8 * (kind - 4)) }
            offset += length
        }
        bytes.patch(UInt64(bytes.count), at: end + 16)
        bytes.patch(bytes.checksum(of: end + 4..<bytes.count, continuing: seed), at: end)
        return bytes
    }
}
