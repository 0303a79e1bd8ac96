import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// What a list asks for, checked.
extension JobQuery {
    /// The query of a list's address for `user`.
    init(user: String, query text: String) throws(Refusal) {
        let query: ListQuery
        do {
            query = try ListQuery(query: text)
        } catch {
            throw Refusal(error)
        }
        do {
            self.init(
                user: try UserID(user),
                type: try query.type.map { text throws(InvalidField) in
                    try JobType(text)
                }, limit: 0)
        } catch {
            throw Refusal(error)
        }
        for name in query.statuses { statuses.insert(try Self.status(name)) }
        limit = try PageLimit.check(query.limit)
        before = try query.cursor.map { cursor throws(Refusal) in try Self.position(cursor) }
    }

    private static func status(_ name: String) throws(Refusal) -> ExecutionStatus {
        guard let status = ExecutionStatus(name: name) else {
            let names = ExecutionStatus.allCases.map(\.name).joined(separator: ", ")
            throw Refusal.field("status", "'\(name.prefix(64))' is none of \(names)")
        }
        return status
    }

    private static func position(_ cursor: String) throws(Refusal) -> LSN {
        guard let number = UInt64(cursor), number > 0 else { throw PageLimit.badCursor }
        return LSN(rawValue: number)
    }
}

extension UserPageBody {
    /// Which users the query of `/v1/users` asks for.
    static func range(query: String) throws(Refusal) -> (skip: Int, limit: Int) {
        var skip = 0
        var limit: Int?
        do {
            for (name, value) in try QueryText.pairs(query, names: ["limit", "cursor"]) {
                if name == "limit" {
                    limit = try QueryText.number(value, name: name)
                } else {
                    skip = Int(value) ?? -1
                }
            }
        } catch {
            throw Refusal(error)
        }
        guard skip >= 0 else { throw PageLimit.badCursor }
        return (skip, try PageLimit.check(limit))
    }
}

/// Bounds of one page.
enum PageLimit {
    static let standard = 100

    static func check(_ limit: Int?) throws(Refusal) -> Int {
        let limit = limit ?? standard
        guard (1...JobLimits.pageItemsMax).contains(limit) else {
            throw Refusal.field(
                "limit", "is \(limit): it must be from 1 to \(JobLimits.pageItemsMax)")
        }
        return limit
    }

    static var badCursor: Refusal {
        Refusal.field("cursor", "is no cursor: take the 'next' of the page before")
    }
}
