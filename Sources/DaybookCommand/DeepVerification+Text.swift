import Engine
import Units
import Wire

extension DeepVerification {
    /// What the log came to, behind the snapshots' lines.
    func put(json isJSON: Bool) {
        guard isJSON else {
            if snapshots.isEmpty { putLine("no snapshots") }
            return putLine("state      \(jobs) jobs after event \(headLSN), digest \(hex(digest))")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("kind", "state")
            writer.member("lsn", headLSN.rawValue)
            writer.member("jobs", jobs)
            writer.member("digest", hex(digest))
        }
        putLine(json: writer.bytes)
    }
}

extension DeepVerification.Snapshot {
    func put(json isJSON: Bool) {
        guard isJSON else { return putLine("snapshot   \(lsn): \(text)") }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("kind", "snapshot")
            writer.member("lsn", lsn.rawValue)
            writer.member("path", path)
            writer.member("verdict", verdict.name)
            switch verdict {
            case .good(let jobs, let digest):
                writer.member("jobs", jobs)
                writer.member("digest", hex(digest))
            case .differs(let stored, let loaded, let folded):
                writer.member("storedDigest", hex(stored))
                writer.member("loadedDigest", hex(loaded))
                writer.member("logDigest", hex(folded))
            case .unreadable(let reason): writer.member("reason", reason)
            case .beyondLog(let end): writer.member("logEnd", end.rawValue)
            }
        }
        putLine(json: writer.bytes)
    }

    private var text: String {
        switch verdict {
        case .good(let jobs, let digest): "good, \(jobs) jobs, digest \(hex(digest))"
        case .differs(let stored, let loaded, let folded):
            "DIFFERS: digest in the file \(hex(stored)), of the state in it \(hex(loaded)), "
                + "of the log up to there \(hex(folded)); \(path)"
        case .unreadable(let reason): "UNREADABLE: \(reason); \(path)"
        case .beyondLog(let end): "BEYOND THE LOG, which ends with event \(end); \(path)"
        }
    }
}

extension DeepVerification.Verdict {
    fileprivate var name: String {
        switch self {
        case .good: "good"
        case .differs: "differs"
        case .unreadable: "unreadable"
        case .beyondLog: "beyondLog"
        }
    }
}

/// Sixteen digits, always.
private func hex(_ digest: UInt64) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
