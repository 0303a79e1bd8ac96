/// Body of `PUT /v1/retention`: what is left out is not bounded.
package struct RetentionRequest: Equatable, Sendable {
    /// Events older than this go, and jobs that ended before.
    package var ageSeconds: Double?
    /// Bytes that log, history and snapshots may take together.
    package var bytesMax: UInt64?

    package init(ageSeconds: Double? = nil, bytesMax: UInt64? = nil) {
        self.ageSeconds = ageSeconds
        self.bytesMax = bytesMax
    }
}

extension RetentionRequest: RequestBody {
    package static let fieldNames = ["ageSeconds", "bytesMax"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            ageSeconds: try object.optional("ageSeconds"),
            bytesMax: try object.optional("bytesMax"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("ageSeconds", ageSeconds)
            writer.member("bytesMax", bytesMax)
        }
    }
}

/// Body of `GET /v1/retention`, and what a `PUT` is answered with.
package struct RetentionBody: Equatable, Sendable {
    /// Absent: nothing is too old.
    package var ageSeconds: Double?
    /// Absent: any number.
    package var bytesMax: UInt64?
    /// Where dropped segments are kept, on the daemon's machine; absent: nowhere.
    package var archive: String?
    /// All events up to here were dropped; zero: none was.
    package var droppedLSN: UInt64
    /// Bytes that log, history and snapshots take now.
    package var bytes: UInt64
    /// Why nothing more goes at the moment, in words for people.
    package var trouble: String?

    package init(
        ageSeconds: Double?, bytesMax: UInt64?, archive: String?, droppedLSN: UInt64,
        bytes: UInt64, trouble: String?
    ) {
        self.ageSeconds = ageSeconds
        self.bytesMax = bytesMax
        self.archive = archive
        self.droppedLSN = droppedLSN
        self.bytes = bytes
        self.trouble = trouble
    }
}

extension RetentionBody: AnswerBody {
    package static let fieldNames = [
        "ageSeconds", "bytesMax", "archive", "droppedLSN", "bytes", "trouble",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            ageSeconds: try object.optional("ageSeconds"),
            bytesMax: try object.optional("bytesMax"), archive: try object.optional("archive"),
            droppedLSN: try object.required("droppedLSN"), bytes: try object.required("bytes"),
            trouble: try object.optional("trouble"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("ageSeconds", ageSeconds)
            writer.member("bytesMax", bytesMax)
            writer.member("archive", archive)
            writer.member("droppedLSN", droppedLSN)
            writer.member("bytes", bytes)
            writer.member("trouble", trouble)
        }
    }
}
