import ByteCoding
import JobModel
import Units

/// Up to 128 rows with the names that go with them: what one read of a file gives.
///
/// Invariants: `rows`, `jobs` and `locations` have one element for each row; `userEnds` ascends strictly,
/// one element for each user, the last is the number of rows.
struct RowBlock: Sendable {
    var rows: [BlockRow] = []
    var jobs = Texts()
    var types = Texts()
    var policies = Texts()
    /// Empty: none.
    var locations = Texts()
    var users = Texts()
    /// The row behind the last of each user.
    var userEnds: [Int] = []

    static let rowsMax = 128

    var count: Int { rows.count }

    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        jobs.removeAll()
        types.removeAll()
        policies.removeAll()
        locations.removeAll()
        users.removeAll()
        userEnds.removeAll(keepingCapacity: true)
    }

    /// The number of the user that a row belongs to.
    func user(of row: Int) -> Int {
        var user = 0
        while userEnds[user] <= row { user += 1 }
        return user
    }

    func job(_ row: Int) -> FinishedJob {
        let location = locations[row].text
        return FinishedJob(
            key: JobKey(
                user: UserID(unchecked: users[user(of: row)].text),
                job: JobID(unchecked: jobs[row].text)),
            type: JobType(unchecked: types[rows[row].type].text), row: rows[row].row,
            policy: policies[rows[row].policy].array,
            resultLocation: location.isEmpty ? nil : location)
    }

    mutating func append(_ row: HistoryRow, _ names: borrowing RowNames) {
        let last = rows.last
        let type = types.number(of: names.type, after: last?.type ?? 0)
        let policy = policies.number(of: names.policy, after: last?.policy ?? 0)
        rows.append(BlockRow(row: row, type: type, policy: policy))
        jobs.append(names.job)
        locations.append(names.location)
    }

    /// Rows that follow belong to this user.
    mutating func begin(user: RawSpan) {
        closeUser()
        users.append(user)
    }

    mutating func closeUser() {
        guard users.count > userEnds.count else { return }
        userEnds.append(rows.count)
    }
}

/// A row with the numbers of its type and policy in the block.
struct BlockRow: Sendable {
    let row: HistoryRow
    private let typeNumber: UInt8
    private let policyNumber: UInt8

    init(row: HistoryRow, type: Int, policy: Int) {
        self.row = row
        typeNumber = UInt8(type)
        policyNumber = UInt8(policy)
    }

    var type: Int { Int(typeNumber) }
    var policy: Int { Int(policyNumber) }
}

/// What a row's names are, borrowed from where they lie.
struct RowNames: ~Escapable {
    let job: RawSpan
    let type: RawSpan
    let policy: RawSpan
    let location: RawSpan

    @_lifetime(copy job, copy type, copy policy, copy location)
    init(job: RawSpan, type: RawSpan, policy: RawSpan, location: RawSpan) {
        self.job = job
        self.type = type
        self.policy = policy
        self.location = location
    }
}
