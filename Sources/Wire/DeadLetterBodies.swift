package import Units

/// Body of `POST …/jobs/{job}/redrive`; may be empty.
package struct RedriveRequest: Equatable, Sendable {
    /// Left out: at once.
    package var dueAt: WallTime?

    package init(dueAt: WallTime? = nil) {
        self.dueAt = dueAt
    }
}

extension RedriveRequest: RequestBody {
    package static let fieldNames = ["dueAt"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(dueAt: try object.optional("dueAt"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { $0.member("dueAt", dueAt) }
    }
}

/// Body of `POST /v1/dead-letters/redrive`; may be empty, which means all.
package struct RedriveManyRequest: Equatable, Sendable {
    /// Left out: of every user.
    package var user: String?
    /// Left out: of every type.
    package var type: String?
    /// Left out: as many as one call may.
    package var max: Int?
    /// How many become due in a second; left out: all at once.
    package var ratePerSecond: Double?
    /// When the first becomes due; left out: at once.
    package var dueAt: WallTime?
    /// `next` of the call before; left out: from the latest death on.
    package var cursor: String?

    package init(
        user: String? = nil, type: String? = nil, max: Int? = nil, ratePerSecond: Double? = nil,
        dueAt: WallTime? = nil, cursor: String? = nil
    ) {
        self.user = user
        self.type = type
        self.max = max
        self.ratePerSecond = ratePerSecond
        self.dueAt = dueAt
        self.cursor = cursor
    }
}

extension RedriveManyRequest: RequestBody {
    package static let fieldNames = ["user", "type", "max", "ratePerSecond", "dueAt", "cursor"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.optional("user"), type: try object.optional("type"),
            max: try object.optional("max"), ratePerSecond: try object.optional("ratePerSecond"),
            dueAt: try object.optional("dueAt"), cursor: try object.optional("cursor"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("type", type)
            writer.member("max", max)
            writer.member("ratePerSecond", ratePerSecond)
            writer.member("dueAt", dueAt)
            writer.member("cursor", cursor)
        }
    }
}

/// What a redrive of many came to.
package struct RedriveBody: Equatable, Sendable {
    package var count: Int
    /// What `dueAt` of the next call should be, so that it goes on at the same rate.
    package var nextDue: WallTime?
    /// Older ones may fit: call again with this as `cursor`.
    package var next: String?

    package init(count: Int, nextDue: WallTime?, next: String?) {
        self.count = count
        self.nextDue = nextDue
        self.next = next
    }
}

extension RedriveBody: AnswerBody {
    package static let fieldNames = ["count", "nextDue", "next"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            count: try object.required("count"), nextDue: try object.optional("nextDue"),
            next: try object.optional("next"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("count", count)
            writer.member("nextDue", nextDue)
            writer.member("next", next)
        }
    }
}

/// Query of `GET /v1/dead-letters?user=&type=&limit=&cursor=`.
package struct DeadLetterListQuery: Equatable, Sendable {
    /// Left out: of every user.
    package var user: String?
    package var type: String?
    /// Left out: 100; at most 1 000.
    package var limit: Int?
    /// `next` of the page before.
    package var cursor: String?

    package init(
        user: String? = nil, type: String? = nil, limit: Int? = nil, cursor: String? = nil
    ) {
        self.user = user
        self.type = type
        self.limit = limit
        self.cursor = cursor
    }

    /// Reads what follows the '?' of the address.
    package init(query: String) throws(QueryFault) {
        self.init()
        let names = ["user", "type", "limit", "cursor"]
        for (name, value) in try QueryText.pairs(query, names: names) {
            switch name {
            case "user": user = value
            case "type": type = value
            case "limit": limit = try QueryText.number(value, name: name)
            default: cursor = value
            }
        }
    }

    /// What follows the '?' of the address; empty where nothing is asked for.
    package var query: String {
        var parts: [String] = []
        if let user { parts.append("user=" + PercentCoding.encode(user)) }
        if let type { parts.append("type=" + PercentCoding.encode(type)) }
        if let limit { parts.append("limit=\(limit)") }
        if let cursor { parts.append("cursor=" + PercentCoding.encode(cursor)) }
        return parts.joined(separator: "&")
    }
}
