import Engine
import HTTPTypes
import Units
import Wire

/// How much of the past is kept.
extension API {
    func retention() async throws(Refusal) -> Answer {
        Answer(
            RetentionBody(
                try await asking { () async throws(EngineError) in try await engine.retention() }))
    }

    func retain(body: [UInt8]) async throws(Refusal) -> Answer {
        let request = try reading { () throws(JSONFault) in try RetentionRequest(json: body) }
        let rules = try request.rules()
        return Answer(
            RetentionBody(
                try await asking { () async throws(EngineError) in
                    try await engine.retain(rules)
                }))
    }
}

extension RetentionRequest {
    fileprivate func rules() throws(Refusal) -> RetentionRules {
        var rules = RetentionRules(bytesMax: bytesMax)
        guard let ageSeconds else { return rules }
        guard ageSeconds > 0, let age = TimeSpan(seconds: ageSeconds), age <= Self.ageMax else {
            throw Refusal.field(
                "ageSeconds", "is \(ageSeconds): it must be more than 0 and at most a hundred years"
            )
        }
        rules.age = age
        return rules
    }

    private static let ageMax = TimeSpan.seconds(100 * 366 * 86_400)
}

extension RetentionBody {
    init(_ report: RetentionReport) {
        self.init(
            ageSeconds: report.rules.age?.seconds, bytesMax: report.rules.bytesMax,
            archive: report.archive, droppedLSN: report.droppedThrough.rawValue,
            bytes: report.bytes, trouble: report.trouble)
    }
}
