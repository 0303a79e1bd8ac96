/// What is wrong with a query string.
package struct QueryFault: Error, Equatable, Sendable {
    /// The parameter as the caller wrote it.
    package let field: String
    /// What is wrong with it, as a sentence without its subject.
    package let problem: String
}

/// The name=value pairs of a query string.
package enum QueryText {
    /// The decoded pairs in their order; only `names` may be there, and only `repeatable` ones twice.
    package static func pairs(
        _ query: String, names: [String], repeatable: String? = nil
    ) throws(QueryFault) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in query.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let written = String(halves[0].prefix(64))
            guard let name = PercentCoding.decode(halves[0], plusIsSpace: true),
                names.contains(name)
            else {
                let known = names.joined(separator: ", ")
                throw QueryFault(
                    field: written, problem: "is not known here: the parameters are \(known)")
            }
            guard name == repeatable || !pairs.contains(where: { $0.name == name }) else {
                throw QueryFault(field: name, problem: "is there twice")
            }
            guard
                let value = PercentCoding.decode(
                    halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            else {
                throw QueryFault(
                    field: name, problem: "is not percent-encoded UTF-8: write '%' as %25")
            }
            pairs.append((name, value))
        }
        return pairs
    }

    /// `limit` as a number.
    package static func number(_ value: String, name: String) throws(QueryFault) -> Int {
        guard let number = Int(value) else {
            throw QueryFault(field: name, problem: "must be a whole number")
        }
        return number
    }
}

extension ListQuery {
    /// Reads what follows the '?' of a list's address.
    package init(query: String) throws(QueryFault) {
        self.init()
        let names = ["status", "type", "limit", "cursor", "asOf"]
        for (name, value) in try QueryText.pairs(query, names: names, repeatable: "status") {
            switch name {
            case "status": statuses += value.split(separator: ",").map(String.init)
            case "type": type = value
            case "limit": limit = try QueryText.number(value, name: name)
            case "asOf": asOf = value
            default: cursor = value
            }
        }
    }

    /// What follows the '?' of a list's address; empty where nothing is asked for.
    package var query: String {
        var parts = statuses.map { "status=" + PercentCoding.encode($0) }
        if let type { parts.append("type=" + PercentCoding.encode(type)) }
        if let limit { parts.append("limit=\(limit)") }
        if let cursor { parts.append("cursor=" + PercentCoding.encode(cursor)) }
        if asOf != nil { parts.append(PastQuery.query(asOf: asOf)) }
        return parts.joined(separator: "&")
    }
}
