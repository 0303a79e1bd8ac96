import Wire

/// Whatever is taken as a body is JSON, and written again it is read as the same.
enum JSONSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let text = fault { () throws(JSONFault) in try JSONText.check(input) }
        var taken: UInt64 = 0
        taken += try request(SubmitRequest.self, input, text)
        taken += try request(ClaimRequest.self, input, text)
        taken += try request(HeartbeatRequest.self, input, text)
        taken += try request(SucceedRequest.self, input, text)
        taken += try request(FailRequest.self, input, text)
        taken += try answer(JobBody.self, input)
        taken += try answer(TimelineBody.self, input)
        taken += try answer(StatsBody.self, input)
        taken += try answer(ErrorBody.self, input)
        if let text { return .refused("\(text)") }
        let compact = JSONText.compact(input)
        try require(
            fault { () throws(JSONFault) in try JSONText.check(compact) } == nil,
            "made compact it is no JSON: \(compact)")
        try require(JSONText.compact(compact) == compact, "compact is not compact: \(compact)")
        return .accepted(records: taken)
    }

    private static func fault(_ body: () throws(JSONFault) -> Void) -> JSONFault? {
        do throws(JSONFault) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    private static func request<Body: RequestBody & Equatable>(
        _ type: Body.Type, _ input: [UInt8], _ text: JSONFault?
    ) throws(Finding) -> UInt64 {
        guard let body = read(input, { bytes throws(JSONFault) in try Body(json: bytes) })
        else { return 0 }
        try require(text == nil, "\(type) is taken from what is no JSON: \(text as Any)")
        let again = read(body.json()) { bytes throws(JSONFault) in try Body(json: bytes) }
        try require(again == body, "\(body) comes back as \(again as Any)")
        return 1
    }

    private static func answer<Body: AnswerBody & Equatable>(
        _ type: Body.Type, _ input: [UInt8]
    ) throws(Finding) -> UInt64 {
        guard let body = read(input, { bytes throws(JSONFault) in try Body(json: bytes) })
        else { return 0 }
        let again = read(body.json()) { bytes throws(JSONFault) in try Body(json: bytes) }
        try require(again == body, "\(body) comes back as \(again as Any)")
        return 1
    }

    private static func read<Body>(
        _ bytes: [UInt8], _ decode: ([UInt8]) throws(JSONFault) -> Body
    ) -> Body? {
        do throws(JSONFault) {
            return try decode(bytes)
        } catch {
            return nil
        }
    }
}
