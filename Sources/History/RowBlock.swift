import ByteCoding
import JobModel
import Units

/// Up to 128 rows with the names that go with them: what one read of a file gives.
///
/// Invariants: `rows`, `jobs`, `typeNumbers`, `policyNumbers` and `locations` have one element for
/// each row; `userEnds` ascends strictly, one element for each user, the last is the number of rows.
struct RowBlock: Sendable {
    var rows: [HistoryRow] = []
    var jobs = Texts()
    var types = Texts()
    var policies = Texts()
    var typeNumbers: [Int] = []
    var policyNumbers: [Int] = []
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
        typeNumbers.removeAll(keepingCapacity: true)
        policyNumbers.removeAll(keepingCapacity: true)
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
            type: JobType(unchecked: types[typeNumbers[row]].text), row: rows[row],
            policy: policies[policyNumbers[row]].array,
            resultLocation: location.isEmpty ? nil : location)
    }

    mutating func append(_ row: HistoryRow, _ names: borrowing RowNames) {
        rows.append(row)
        jobs.append(names.job)
        typeNumbers.append(types.number(of: names.type, after: typeNumbers.last ?? 0))
        policyNumbers.append(policies.number(of: names.policy, after: policyNumbers.last ?? 0))
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
