package import Units

/// Counters as they were at a moment: the answer to `GET /v1/stats?asOf=`.
package struct PastStatsBody: Equatable, Sendable {
    /// The newest event of that moment; 0 before the first.
    package var newestLSN: UInt64
    /// When it happened.
    package var time: WallTime
    package var counts: CountsBody
    package var users: UInt64
    package var types: [StatsBody.TypeCounts]

    package init(
        newestLSN: UInt64, time: WallTime, counts: CountsBody, users: UInt64,
        types: [StatsBody.TypeCounts]
    ) {
        self.newestLSN = newestLSN
        self.time = time
        self.counts = counts
        self.users = users
        self.types = types
    }
}

extension PastStatsBody: AnswerBody {
    package static let fieldNames = ["newestLSN", "time", "counts", "users", "types"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            newestLSN: try object.required("newestLSN"), time: try object.required("time"),
            counts: try object.required("counts"), users: try object.required("users"),
            types: try object.required("types"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("newestLSN", newestLSN)
            writer.member("time", time)
            writer.member("counts", counts)
            writer.member("users", users)
            writer.member("types", types)
        }
    }
}
