/// What a snapshot came to: the answer to `POST /v1/snapshot`.
package struct SnapshotBody: Equatable, Sendable {
    /// The newest event in it.
    package var lsn: UInt64
    package var jobs: UInt64
    /// Bytes of its file.
    package var bytes: UInt64
    /// Where it is, on the daemon's machine.
    package var path: String

    package init(lsn: UInt64, jobs: UInt64, bytes: UInt64, path: String) {
        self.lsn = lsn
        self.jobs = jobs
        self.bytes = bytes
        self.path = path
    }
}

extension SnapshotBody: AnswerBody {
    package static let fieldNames = ["lsn", "jobs", "bytes", "path"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            lsn: try object.required("lsn"), jobs: try object.required("jobs"),
            bytes: try object.required("bytes"), path: try object.required("path"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("lsn", lsn)
            writer.member("jobs", jobs)
            writer.member("bytes", bytes)
            writer.member("path", path)
        }
    }
}
