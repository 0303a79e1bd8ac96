import Client
package import Wire

/// Jobs by user and status, as the daemon counts them.
struct UserCounts: Sendable {
    private(set) var byUser: [String: CountsBody] = [:]

    /// Reads them page by page.
    static func taken(_ client: DaybookClient) async throws(LoadError) -> UserCounts {
        var counts = UserCounts()
        var cursor: String?
        repeat {
            do throws(ClientError) {
                let page = try await client.users(limit: pageUsers, cursor: cursor)
                for user in page.users { counts.byUser[user.user] = user.counts }
                cursor = page.next
            } catch {
                throw .daemon("the daemon's users cannot be listed: \(error)")
            }
        } while cursor != nil
        return counts
    }

    private static let pageUsers = 1_000
}

/// Compares what a daemon counts with what was submitted.
package enum CountsCheck {
    /// The statuses in the order in which reports name them.
    package static let statuses: [(name: String, count: @Sendable (CountsBody) -> UInt64)] = [
        ("NOT_STARTED", { $0.notStarted }), ("CLAIMED", { $0.claimed }),
        ("PROCESSING", { $0.processing }), ("SUCCESS", { $0.success }),
        ("RETRIABLE_FAILURE", { $0.retriableFailure }), ("FATAL_FAILURE", { $0.fatalFailure }),
        ("CANCELLED", { $0.cancelled }),
    ]

    /// One line for each user and status that is not as expected, in order of user.
    ///
    /// Every job is expected to have succeeded. What was there `before` is left out of account.
    package static func differences(
        expected: [String: Int], before: [String: CountsBody], after: [String: CountsBody]
    ) -> [String] {
        var lines: [String] = []
        for (user, jobs) in expected.sorted(by: { $0.key < $1.key }) {
            for status in statuses {
                let wanted = status.name == "SUCCESS" ? jobs : 0
                let found = increase(of: status.count, before[user], after[user])
                if found != wanted {
                    lines.append("\(user): \(found) more jobs \(status.name) instead of \(wanted)")
                }
            }
        }
        return lines
    }

    /// Jobs of all `users` together by status, less those that were there before.
    package static func totals(
        of users: some Sequence<String>, before: [String: CountsBody], after: [String: CountsBody]
    ) -> [(status: String, count: Int)] {
        let users = Array(users)
        return statuses.map { status in
            (
                status.name,
                users.reduce(0) { $0 + increase(of: status.count, before[$1], after[$1]) }
            )
        }
    }

    private static func increase(
        of count: (CountsBody) -> UInt64, _ before: CountsBody?, _ after: CountsBody?
    ) -> Int {
        Int(after.map(count) ?? 0) - Int(before.map(count) ?? 0)
    }
}
