import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// What a list asks for, checked.
extension JobQuery {
    /// The query of a list's address for `user`.
    init(user: String, _ query: ListQuery) throws(Refusal) {
        self.init(user: try Names.user(user), limit: 0)
        type = try Names.type(query.type)
        for name in query.statuses { statuses.insert(try Self.status(name)) }
        limit = try PageLimit.check(query.limit)
        before = try JobPosition(checking: query.cursor)
    }

    private static func status(_ name: String) throws(Refusal) -> ExecutionStatus {
        guard let status = ExecutionStatus(name: name) else {
            let names = ExecutionStatus.allCases.map(\.name).joined(separator: ", ")
            throw Refusal.field("status", "'\(name.prefix(64))' is none of \(names)")
        }
        return status
    }

}

extension ListQuery {
    /// Reads what follows the '?' of a list's address.
    init(checking text: String) throws(Refusal) {
        do {
            try self.init(query: text)
        } catch {
            throw Refusal(error)
        }
    }
}

extension Moment {
    /// The moment that was written; nil where none was: now.
    init?(checking text: String?) throws(Refusal) {
        guard let text else { return nil }
        if let lsn = UInt64(text) {
            self = .event(LSN(rawValue: lsn))
        } else if let time = WallTime(rfc3339: text) {
            self = .time(time)
        } else {
            throw Refusal.field(
                "asOf",
                "'\(text.prefix(64))' is no moment: give the number of an event, or a time as in "
                    + "2027-01-01T06:00:00Z")
        }
    }

    /// The moment that the query of an address asks about, which takes nothing else; nil: now.
    init?(query text: String) throws(Refusal) {
        let asOf: String?
        do {
            asOf = try PastQuery.asOf(query: text)
        } catch {
            throw Refusal(error)
        }
        try self.init(checking: asOf)
    }
}

extension DeadLetterQuery {
    /// The query of the address of the dead letters.
    init(query text: String) throws(Refusal) {
        let query: DeadLetterListQuery
        do {
            query = try DeadLetterListQuery(query: text)
        } catch {
            throw Refusal(error)
        }
        self.init(
            user: try Names.user(query.user), type: try Names.type(query.type),
            start: try JobPosition(checking: query.cursor),
            limit: try PageLimit.check(query.limit))
    }
}

extension JobPosition {
    /// The position that a page's cursor names; nil where none was given.
    init?(checking cursor: String?) throws(Refusal) {
        guard let cursor else { return nil }
        guard let position = JobPosition(cursor: cursor) else { throw PageLimit.badCursor }
        self = position
    }
}

/// Names, checked.
enum Names {
    static func user(_ text: String) throws(Refusal) -> UserID {
        do {
            return try UserID(text)
        } catch {
            throw Refusal(error)
        }
    }

    static func type(_ text: String) throws(Refusal) -> JobType {
        do {
            return try JobType(text)
        } catch {
            throw Refusal(error)
        }
    }

    /// Nil where it was left out.
    static func user(_ text: String?) throws(Refusal) -> UserID? {
        guard let text else { return nil }
        return try user(text)
    }

    /// Nil where it was left out.
    static func type(_ text: String?) throws(Refusal) -> JobType? {
        guard let text else { return nil }
        return try type(text)
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
