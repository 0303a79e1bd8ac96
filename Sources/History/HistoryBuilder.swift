import ByteCoding
import CMemory
import JobModel
package import Units

/// Collects the jobs that ended within a range of the log, in the order they ended, for one file.
package struct HistoryBuilder: Sendable {
    /// What the file will say it covers.
    package let range: ClosedRange<LSN>
    private var rows: [HistoryRow] = []
    private var jobs = Texts()
    private var locations = Texts()
    /// One for each row, numbered later: who collects is in a hurry, and has most users in no cache.
    private var users = Texts()
    private var types = NameTable()
    private var policies = NameTable()
    private var numbers: [Numbers] = []

    private struct Numbers: BitwiseCopyable {
        /// Nil: the user came without one.
        let userMark: UInt32?
        let type: UInt32
        let policy: UInt32
    }

    /// - Parameters:
    ///   - range: What the file will say it covers.
    ///   - rows: So many will be appended, about: for them nothing is moved on the way.
    package init(covering range: ClosedRange<LSN>, rows: Int = 0) {
        self.range = range
        self.rows.reserveCapacity(rows)
        numbers.reserveCapacity(rows)
        jobs.reserve(rows, bytesEach: Self.idBytesUsual)
        users.reserve(rows, bytesEach: Self.userBytesUsual)
        // Few jobs have one.
        locations.reserve(rows, bytesEach: 0)
    }

    private static let idBytesUsual = 24
    private static let userBytesUsual = 12

    /// Rows so far.
    package var count: Int { rows.count }

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
        precondition(rows.count < HistoryLimits.rowsMax, "too many rows for a file")
        rows.append(row)
        jobs.append(job)
        users.append(user)
        locations.append(location)
        numbers.append(
            Numbers(
                userMark: marks?.user,
                type: types.number(of: type, mark: marks?.type),
                policy: policies.number(of: policy, mark: marks?.policy)))
    }

    /// Numbers the users of all rows, once they are there.
    func numberUsers() -> RowUsers {
        var rowUsers = RowUsers()
        rowUsers.numbers.reserveCapacity(rows.count)
        for row in rows.indices {
            rowUsers.numbers.append(
                rowUsers.names.number(of: users[row], mark: numbers[row].userMark))
        }
        return rowUsers
    }

    /// Hands the rows over in the order of a file.
    func write(_ users: RowUsers, to writer: inout HistoryWriter) throws(HistoryError) {
        let sorted = users.names.sorted
        let (places, starts) = order(of: users.numbers, sorted)
        for (rank, user) in sorted.enumerated() {
            try writer.begin(user: users.names.texts[user])
            for place in starts[rank]..<starts[rank + 1] {
                prefetch(places, behind: place)
                let row = Int(places[place].row)
                let number = numbers[row]
                try writer.append(
                    rows[row],
                    RowNames(
                        job: jobs[row], type: types.texts[Int(number.type)],
                        policy: policies.texts[Int(number.policy)], location: locations[row]))
            }
        }
    }

    private struct Place: BitwiseCopyable {
        var submitted: UInt64 = 0
        var row: UInt32 = 0
    }

    /// Rows by user, in the order in which `sorted` names the users, newest submit first; and where each
    /// user's begin.
    private func order(of users: [UInt32], _ sorted: [Int]) -> (rows: [Place], starts: [Int]) {
        var ranks = [Int](repeating: 0, count: sorted.count)
        for (rank, user) in sorted.enumerated() { ranks[user] = rank }
        var starts = [Int](repeating: 0, count: sorted.count + 1)
        for user in users { starts[ranks[Int(user)] + 1] += 1 }
        for rank in sorted.indices { starts[rank + 1] += starts[rank] }
        var next = starts
        var places = [Place](repeating: Place(), count: rows.count)
        // From the last to finish: nearly the order that is wanted, which is what the sort likes.
        for row in rows.indices.reversed() {
            let rank = ranks[Int(users[row])]
            places[next[rank]] = Place(submitted: rows[row].submitted.rawValue, row: UInt32(row))
            next[rank] += 1
        }
        for rank in sorted.indices {
            places[starts[rank]..<starts[rank + 1]].sort { $0.submitted > $1.submitted }
        }
        return (places, starts)
    }

    /// Asks for the memory of rows that come soon: they lie anywhere, in the order in which they ended.
    private func prefetch(_ places: [Place], behind place: Int) {
        if place + Self.rowsAhead < places.count {
            let row = Int(places[place + Self.rowsAhead].row)
            rows.prefetch(row)
            numbers.prefetch(row)
            jobs.prefetchEnd(row)
            locations.prefetchEnd(row)
        }
        if place + Self.namesAhead < places.count {
            jobs.prefetch(Int(places[place + Self.namesAhead].row))
        }
    }

    private static let rowsAhead = 24
    private static let namesAhead = 12
}

/// The users of a builder's rows.
struct RowUsers {
    fileprivate var names = NameTable()
    /// By row, as the table numbers them.
    fileprivate var numbers: [UInt32] = []

    var count: Int { names.texts.count }
}

extension Array {
    /// Asks for the cache lines of an element.
    func prefetch(_ index: Int) {
        // Reads nothing and never faults; elements lie side by side.
        unsafe withUnsafeBytes { bytes in
            let stride = MemoryLayout<Element>.stride
            guard let base = bytes.baseAddress else { return }
            unsafe daybook_prefetch(base + index * stride)
            unsafe daybook_prefetch(base + index * stride + stride - 1)
        }
    }
}
