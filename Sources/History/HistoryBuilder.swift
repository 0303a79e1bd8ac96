import ByteCoding
import CMemory
import JobModel
package import Units

/// Collects the jobs that ended within a range of the log, in the order they ended, for one file.
package struct HistoryBuilder: Sendable {
    /// What the file will say it covers.
    package let range: ClosedRange<LSN>
    private var collected: [Collected] = []
    /// Of each row its user, job and location, one behind the other.
    private var names: [UInt8] = []
    private var types = NameTable()
    private var policies = NameTable()

    /// All of a row but its names: what is read together lies together, because most of it will be in no cache.
    private struct Collected {
        let row: HistoryRow
        let namesStart: Int
        let locationBytes: UInt16
        let userBytes: UInt8
        let jobBytes: UInt8
        let type: UInt32
        let policy: UInt32
        /// Nil: the user came without one.
        let userMark: UInt32?

        var user: Range<Int> { namesStart..<namesStart + Int(userBytes) }
        var job: Range<Int> { user.upperBound..<user.upperBound + Int(jobBytes) }
        var location: Range<Int> { job.upperBound..<job.upperBound + Int(locationBytes) }
    }

    /// - Parameters:
    ///   - range: What the file will say it covers.
    ///   - rows: So many will be appended, about: for them nothing is moved on the way.
    package init(covering range: ClosedRange<LSN>, rows: Int = 0) {
        self.range = range
        collected.reserveCapacity(rows)
        names.reserveCapacity(rows * Self.nameBytesUsual)
    }

    /// Of a user and a job; few jobs have a location.
    private static let nameBytesUsual = 36

    /// Rows so far.
    package var count: Int { collected.count }

    package mutating func append(_ job: FinishedJob) {
        append(
            job.row, user: Array(job.key.user.text.utf8).rawBytes,
            job: Array(job.key.job.text.utf8).rawBytes, type: Array(job.type.text.utf8).rawBytes,
            policy: job.policy.rawBytes,
            location: Array((job.resultLocation ?? "").utf8).rawBytes)
    }

    /// As above, from bytes that lie somewhere already; no location is an empty one.
    ///
    /// With `marks`, names that came before are not looked at.
    ///
    /// - Precondition: names have 1 to 128 bytes, policy and location keep to `HistoryLimits`, the
    ///   job's last event lies in the builder's range and not before its first.
    package mutating func append(
        _ row: HistoryRow, user: RawSpan, job: RawSpan, type: RawSpan, policy: RawSpan,
        location: RawSpan, marks: NameMarks? = nil
    ) {
        precondition(range.contains(row.last), "\(row.last) is not in \(range)")
        precondition(row.submitted <= row.last, "\(row.submitted) is after \(row.last)")
        for name in [user.byteCount, job.byteCount, type.byteCount] {
            precondition(
                name >= 1 && name <= HistoryLimits.nameBytesMax, "a name of \(name) bytes")
        }
        precondition(policy.byteCount <= HistoryLimits.policyBytesMax, "policy too long")
        precondition(location.byteCount <= HistoryLimits.locationBytesMax, "location too long")
        precondition(collected.count < HistoryLimits.rowsMax, "too many rows for a file")
        collected.append(
            Collected(
                row: row, namesStart: names.count, locationBytes: UInt16(location.byteCount),
                userBytes: UInt8(user.byteCount), jobBytes: UInt8(job.byteCount),
                type: types.number(of: type, mark: marks?.type),
                policy: policies.number(of: policy, mark: marks?.policy), userMark: marks?.user))
        names.append(user)
        names.append(job)
        if location.byteCount > 0 { names.append(location) }
    }

    /// Numbers the users of all rows, once they are there.
    ///
    /// Not as they come: who collects is in a hurry, and has most users in no cache.
    func numberUsers() -> RowUsers {
        var users = RowUsers()
        users.numbers.reserveCapacity(collected.count)
        for row in collected {
            users.numbers.append(
                users.names.number(of: names.rawBytes.extracting(row.user), mark: row.userMark))
        }
        return users
    }

    /// Hands the rows over in the order of a file.
    func write(_ users: RowUsers, to writer: inout HistoryWriter) throws(HistoryError) {
        let ranks = users.names.texts.ranks
        let (places, starts) = order(of: users, ranks)
        for rank in 0..<ranks.count {
            // Its name stands beside that of the job that comes first.
            let first = collected[Int(places[starts[rank]].row)]
            try writer.begin(user: names.rawBytes.extracting(first.user))
            for place in starts[rank]..<starts[rank + 1] {
                prefetch(places, behind: place)
                let row = collected[Int(places[place].row)]
                let names = names.rawBytes
                try writer.append(
                    row.row,
                    RowNames(
                        job: names.extracting(row.job), type: types.texts[Int(row.type)],
                        policy: policies.texts[Int(row.policy)],
                        location: names.extracting(row.location)))
            }
        }
    }

    private struct Place: BitwiseCopyable {
        var submitted: UInt64 = 0
        var row: UInt32 = 0
    }

    /// Rows by user, in the order of the users' ranks, newest submit first; and where each user's begin.
    private func order(of users: RowUsers, _ ranks: TextRanks) -> (rows: [Place], starts: [Int]) {
        var starts = [Int](repeating: 0, count: ranks.count + 1)
        for user in users.numbers { starts[Int(ranks.ofNumbers[Int(user)]) + 1] += 1 }
        for rank in 0..<ranks.count { starts[rank + 1] += starts[rank] }
        var next = starts
        var places = [Place](repeating: Place(), count: collected.count)
        // From the last to finish: nearly the order that is wanted, which is what the sort likes.
        for row in collected.indices.reversed() {
            let rank = Int(ranks.ofNumbers[Int(users.numbers[row])])
            places[next[rank]] = Place(
                submitted: collected[row].row.submitted.rawValue, row: UInt32(row))
            next[rank] += 1
        }
        for rank in 0..<ranks.count where starts[rank + 1] - starts[rank] > 1 {
            places[starts[rank]..<starts[rank + 1]].sort { $0.submitted > $1.submitted }
        }
        return (places, starts)
    }

    /// Asks for the memory of rows that come soon: they lie anywhere, in the order in which they ended.
    private func prefetch(_ places: [Place], behind place: Int) {
        if place + Self.rowsAhead < places.count {
            collected.prefetch(Int(places[place + Self.rowsAhead].row))
        }
        if place + Self.namesAhead < places.count {
            names.prefetch(collected[Int(places[place + Self.namesAhead].row)].namesStart)
        }
    }

    private static let rowsAhead = 48
    private static let namesAhead = 20
}

/// The users of a builder's rows.
struct RowUsers {
    fileprivate(set) var names = NameTable()
    /// By row, as the table numbers them.
    fileprivate(set) var numbers: [UInt32] = []

    var count: Int { names.texts.count }
}

extension Array {
    /// Asks for the cache lines of an element.
    fileprivate func prefetch(_ index: Int) {
        // Reads nothing and never faults; elements lie side by side.
        unsafe withUnsafeBytes { bytes in
            let stride = MemoryLayout<Element>.stride
            guard let base = bytes.baseAddress else { return }
            let (start, last) = (index * stride, index * stride + stride - 1)
            for offset in Swift.stride(from: start, to: last, by: 64) {
                unsafe daybook_prefetch(base + offset)
            }
            unsafe daybook_prefetch(base + last)
        }
    }
}
