/// What follows the '?' of an address that answers about the past, too, and takes nothing else.
package enum PastQuery {
    /// The moment as it was written; nil: now.
    package static func asOf(query: String) throws(QueryFault) -> String? {
        try QueryText.pairs(query, names: ["asOf"]).first?.value
    }

    /// The query that asks about a moment; empty for now.
    package static func query(asOf moment: String?) -> String {
        moment.map { "asOf=" + PercentCoding.encode($0) } ?? ""
    }
}
