import History
import JobModel
import Units

/// Files of history: nearly all of their jobs are of one user, in more than one block of rows.
enum SampleHistory {
    static func file(rows: Int) throws(HistoryError) -> [UInt8] {
        let storage = MemoryStorage([])
        let set = try HistorySet(
            "\(memoryDirectory)/history", log: HistorySubject.log, storage: storage,
            options: HistoryOptions(makeSalt: { 7 }))
        var builder = HistoryBuilder(
            covering: LSN(rawValue: 1)...LSN(rawValue: UInt64(4 * rows + 4)))
        for number in 0..<rows { builder.append(job(number)) }
        try set.publish(builder)
        return storage.files(withSuffix: ".history").first ?? []
    }

    private static func job(_ number: Int) -> FinishedJob {
        let submitted = WallTime(microseconds: 1_800_000_000_000_000 + Int64(number) * 1_000_000)
        let first = UInt64(4 * number + 1)
        var row = HistoryRow(
            submitted: LSN(rawValue: first), last: LSN(rawValue: first + 3),
            end: HistoryEnd.allCases[number % 3], submittedAt: submitted,
            finishedAt: submitted.advanced(by: .seconds(2)), executionTime: submitted,
            contentHash: UInt64(number) &* 0x9E37_79B9_7F4A_7C15)
        row.attempts = UInt32(number % 3)
        if number % 7 == 0 {
            row.lastFailure = LSN(rawValue: first + 2)
            row.expiresAt = submitted.advanced(by: .seconds(60))
            row.priority = 7
            row.leaseExpiries = 1
        }
        let user = HistorySubject.users[number == 5 ? 1 : 0]
        return FinishedJob(
            key: JobKey(user: UserID(unchecked: user), job: JobID(unchecked: "job-\(number)")),
            type: JobType(unchecked: number % 5 == 0 ? "report" : "mail"), row: row,
            policy: [1, 2], resultLocation: number % 9 == 0 ? "file:///tmp/\(number)" : nil)
    }
}
