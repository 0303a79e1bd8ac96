/// The payload of a replayed job: `{"runSeconds":83,"requestedSeconds":1200,"site":7}`.
///
/// What the trace does not know is left out. The simulated worker learns its run time from here, as
/// a real one would.
enum TracePayload {
    static func encoded(_ job: SWFJob) -> [UInt8] {
        var fields: [String] = []
        if let seconds = job.runSeconds { fields.append("\"\(runField)\":\(seconds)") }
        if let seconds = job.requestedSeconds { fields.append("\"requestedSeconds\":\(seconds)") }
        if let site = job.site { fields.append("\"site\":\(site)") }
        return Array("{\(fields.joined(separator: ","))}".utf8)
    }

    /// The run time in a payload that `encoded` made; nil where it has none.
    static func runSeconds(in payload: [UInt8]) -> Int64? {
        let text = String(decoding: payload, as: UTF8.self)
        guard let field = text.firstRange(of: "\"\(runField)\":") else { return nil }
        return Int64(text[field.upperBound...].prefix { $0.isNumber })
    }

    private static let runField = "runSeconds"
}
