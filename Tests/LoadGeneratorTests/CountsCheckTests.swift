import LoadGenerator
import Testing
import Wire

@Suite struct `Check of the daemon's counts` {
    private func counts(success: UInt64 = 0, notStarted: UInt64 = 0, fatal: UInt64 = 0)
        -> CountsBody
    {
        var counts = CountsBody()
        counts.success = success
        counts.notStarted = notStarted
        counts.fatalFailure = fatal
        return counts
    }

    @Test func `finds nothing where every job succeeded`() {
        #expect(
            CountsCheck.differences(
                expected: ["user-1": 2, "user-2": 1], before: [:],
                after: [
                    "user-1": counts(success: 2), "user-2": counts(success: 1),
                    "stranger": counts(notStarted: 7),
                ]) == [])
    }

    @Test func `leaves out what was there before`() {
        #expect(
            CountsCheck.differences(
                expected: ["user-1": 2], before: ["user-1": counts(success: 3, fatal: 1)],
                after: ["user-1": counts(success: 5, fatal: 1)]) == [])
    }

    @Test func `names user and status of each difference`() {
        #expect(
            CountsCheck.differences(
                expected: ["user-2": 3, "user-1": 1], before: [:],
                after: ["user-2": counts(success: 1, notStarted: 1, fatal: 1)]) == [
                    "user-1: 0 more jobs SUCCESS instead of 1",
                    "user-2: 1 more jobs NOT_STARTED instead of 0",
                    "user-2: 1 more jobs SUCCESS instead of 3",
                    "user-2: 1 more jobs FATAL_FAILURE instead of 0",
                ])
    }

    @Test func `sums the statuses of the trace's users`() {
        let totals = CountsCheck.totals(
            of: ["user-1", "user-2"], before: ["user-1": counts(success: 4)],
            after: ["user-1": counts(success: 5), "user-2": counts(success: 2, fatal: 1)])
        #expect(
            totals.filter { $0.count != 0 }.map { "\($0.status) \($0.count)" } == [
                "SUCCESS 3", "FATAL_FAILURE 1",
            ])
    }
}
