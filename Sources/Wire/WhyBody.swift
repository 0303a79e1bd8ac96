package import Units

/// Body of `GET …/jobs/{job}/why`: what a job waited for, stretch by stretch.
///
/// The stretches follow each other without gaps from the submit on, so their lengths add up to the
/// job's age.
package struct WhyBody: Equatable, Sendable {
    package struct Span: Equatable, Sendable {
        package var from: WallTime
        /// Where the next stretch begins; of the last: now, or when the job ended.
        package var to: WallTime
        package var seconds: Double
        /// What it waited for; absent while a worker had it.
        package var hold: HoldBody?
        /// Who had it; absent while it waited.
        package var worker: String?

        package init(
            from: WallTime, to: WallTime, seconds: Double, hold: HoldBody?, worker: String?
        ) {
            self.from = from
            self.to = to
            self.seconds = seconds
            self.hold = hold
            self.worker = worker
        }
    }

    package var user: String
    package var job: String
    package var type: String
    package var status: String
    /// Oldest first.
    package var spans: [Span]
    /// Until when the lease of the worker that has it lasts.
    package var leaseUntil: WallTime?
    /// When a worker last asked for jobs of this type; absent: none has since the daemon started.
    package var lastAsked: WallTime?
    /// Older events were not looked at: the first stretch stands for them.
    package var isTruncated: Bool

    package init(
        user: String, job: String, type: String, status: String, spans: [Span],
        leaseUntil: WallTime?, lastAsked: WallTime?, isTruncated: Bool
    ) {
        self.user = user
        self.job = job
        self.type = type
        self.status = status
        self.spans = spans
        self.leaseUntil = leaseUntil
        self.lastAsked = lastAsked
        self.isTruncated = isTruncated
    }
}

extension WhyBody: AnswerBody {
    package static let fieldNames = [
        "user", "job", "type", "status", "spans", "leaseUntil", "lastAsked", "isTruncated",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.required("user"), job: try object.required("job"),
            type: try object.required("type"), status: try object.required("status"),
            spans: try object.required("spans"), leaseUntil: try object.optional("leaseUntil"),
            lastAsked: try object.optional("lastAsked"),
            isTruncated: try object.required("isTruncated"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("job", job)
            writer.member("type", type)
            writer.member("status", status)
            writer.member("spans", spans)
            writer.member("leaseUntil", leaseUntil)
            writer.member("lastAsked", lastAsked)
            writer.member("isTruncated", isTruncated)
        }
    }
}

extension WhyBody.Span: AnswerBody {
    package static let fieldNames = ["from", "to", "seconds", "hold", "worker"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            from: try object.required("from"), to: try object.required("to"),
            seconds: try object.required("seconds"), hold: try object.optional("hold"),
            worker: try object.optional("worker"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("from", from)
            writer.member("to", to)
            writer.member("seconds", seconds)
            writer.member("hold", hold)
            writer.member("worker", worker)
        }
    }
}
