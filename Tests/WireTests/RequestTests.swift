import Testing
import Units
import Wire

@Suite struct `Reading a request` {
    private func fault(_ json: String) -> JSONFault? {
        #expect(throws: JSONFault.self) { try SubmitRequest(json: Array(json.utf8)) }
    }

    @Test func `a submit is read in full`() throws {
        let json = #"""
            {"job":"j1","type":"mail","executionTime":"2027-01-01T00:00:00Z","priority":5,
             "payload":{"any": "JSON"},"maxRetries":2,"resultLocation":"file:///r/j1",
             "contentType":"application/json","leaseSeconds":1.5,"runLimitSeconds":3600,
             "backoff":{"initialSeconds":2,"factor":1.5,"maxSeconds":60,"jitter":0.25},
             "expiresAt":"2027-01-02T00:00:00Z","leaseExpiriesMax":0,
             "recurrence":{"cron":"0 9 * * *","zone":"Europe/Berlin","overlap":"queue",
                           "missed":"all","missedMax":7}}
            """#
        let request = try SubmitRequest(json: Array(json.utf8))
        let expected = SubmitRequest(
            job: "j1", type: "mail", executionTime: WallTime(rfc3339: "2027-01-01T00:00:00Z"),
            expiresAt: WallTime(rfc3339: "2027-01-02T00:00:00Z"), priority: 5,
            payload: Array(#"{"any": "JSON"}"#.utf8), contentType: "application/json",
            resultLocation: "file:///r/j1", maxRetries: 2,
            backoff: BackoffBody(initialSeconds: 2, factor: 1.5, maxSeconds: 60, jitter: 0.25),
            leaseSeconds: 1.5, runLimitSeconds: 3600, leaseExpiriesMax: 0,
            recurrence: RecurrenceBody(
                cron: "0 9 * * *", zone: "Europe/Berlin", overlap: "queue", missed: "all",
                missedMax: 7))
        #expect(request == expected)
        #expect(try SubmitRequest(json: request.json()) == request)
    }

    @Test(arguments: ["null", "0", "\"t\"", "[ 1,2 ]", "{\"x\":1,\"x\":2}", "{ }"])
    func `the payload is kept as it was sent`(payload: String) throws {
        let json = Array("{\"type\":\"t\",\"payload\": \(payload) }".utf8)
        let request = try SubmitRequest(json: json)
        #expect(request.payload == Array(payload.utf8))
        #expect(try SubmitRequest(json: request.json()) == request)
    }

    @Test func `null counts as left out, except for a payload`() throws {
        let request = try SubmitRequest(
            json: Array(#"{"type":"t","job":null,"priority":null,"payload":null}"#.utf8))
        #expect(request.job == nil)
        #expect(request.priority == nil)
        #expect(request.payload == Array("null".utf8))
    }

    @Test func `an unknown field is named, with the known ones`() {
        let fault = fault(#"{"type":"t","prio":5}"#)
        #expect(fault?.kind == .field)
        #expect(fault?.field == "prio")
        #expect(fault?.offsetBytes == 12)
        #expect(fault?.problem.contains("priority") == true)
    }

    @Test func `an unknown field inside an object is named with its path`() {
        #expect(fault(#"{"type":"t","backoff":{"factr":2}}"#)?.field == "backoff.factr")
    }

    @Test func `a field that is there twice is named`() {
        let fault = fault(#"{"type":"t","type":"u"}"#)
        #expect(fault?.kind == .field)
        #expect(fault?.field == "type")
        #expect(fault?.offsetBytes == 12)
    }

    @Test func `an escaped name is the same name`() {
        #expect(fault(#"{"type":"t","\u0074ype":"u"}"#)?.field == "type")
    }

    @Test func `a missing field is named`() {
        let fault = fault(#"{"job":"j"}"#)
        #expect(fault?.field == "type")
        #expect(fault?.problem == "is missing")
    }

    @Test(arguments: [
        (#"{"type":5}"#, "type"), (#"{"type":"t","priority":"5"}"#, "priority"),
        (#"{"type":"t","priority":5.0}"#, "priority"),
        (#"{"type":"t","priority":99999999999999999999}"#, "priority"),
        (#"{"type":"t","executionTime":"tomorrow"}"#, "executionTime"),
        (#"{"type":"t","executionTime":"10000-01-01T00:00:00Z"}"#, "executionTime"),
        (#"{"type":"t","executionTime":1}"#, "executionTime"),
        (#"{"type":"t","leaseSeconds":1e999}"#, "leaseSeconds"),
        (#"{"type":"t","backoff":[]}"#, "backoff"),
        (#"{"type":"t","backoff":{"factor":true}}"#, "backoff.factor"),
    ])
    func `a value of the wrong kind names its field`(json: String, field: String) {
        let fault = fault(json)
        #expect(fault?.kind == .field)
        #expect(fault?.field == field)
    }

    @Test func `an item of the wrong kind is named with its index`() {
        let json = Array(#"{"worker":"w","types":["a",1]}"#.utf8)
        let fault = #expect(throws: JSONFault.self) { try ClaimRequest(json: json) }
        #expect(fault?.field == "types[1]")
    }

    @Test func `malformed JSON tells the byte`() {
        let fault = fault(#"{"type":"t","payload":{"a":tru}}"#)
        #expect(fault?.kind == .syntax)
        #expect(fault?.field == "payload")
        #expect(fault?.offsetBytes == 30)
    }

    @Test func `bytes behind the body are refused`() {
        #expect(fault(#"{"type":"t"} x"#)?.offsetBytes == 13)
    }

    @Test func `a list is no body`() {
        #expect(fault("[]")?.field == "")
    }

    @Test func `many unknown fields are refused at the first`() {
        let many = (0..<10_000).map { "\"f\($0)\":1" }.joined(separator: ",")
        #expect(fault("{\(many)}")?.field == "f0")
    }

    @Test func `the requests of workers come back as they were written`() throws {
        let claim = ClaimRequest(
            worker: "w1", types: ["mail", "ü"], max: 10, leaseSeconds: 60, waitSeconds: 0.25)
        #expect(try ClaimRequest(json: claim.json()) == claim)
        let heartbeat = HeartbeatRequest(
            leaseSeconds: 5, progress: Array("[1, 2]".utf8), checkpoint: Array("null".utf8))
        #expect(try HeartbeatRequest(json: heartbeat.json()) == heartbeat)
        let fail = FailRequest(retriable: false, message: "no \"disk\"")
        #expect(try FailRequest(json: fail.json()) == fail)
        #expect(try HeartbeatRequest(json: Array("{}".utf8)) == HeartbeatRequest())
        let reports = [
            ReportRequest(
                token: 1 << 60, report: "heartbeat", leaseSeconds: 0.5, progress: Array("1".utf8),
                checkpoint: Array("null".utf8)),
            ReportRequest(token: 3, report: "fail", retriable: false, message: "m"),
        ]
        #expect(try [ReportRequest](json: reports.json()) == reports)
    }

    @Test func `the requests of operators come back as they were written`() throws {
        let line = BulkLine(user: "u", request: SubmitRequest(job: "j", type: "t"))
        #expect(try BulkLine(json: line.json()) == line)
        let many = RedriveManyRequest(
            user: "u", type: "t", max: 5, ratePerSecond: 0.5,
            dueAt: WallTime(rfc3339: "2027-01-02T00:00:00Z"))
        #expect(try RedriveManyRequest(json: many.json()) == many)
        let change = RescheduleRequest(
            priority: 1, executionTime: WallTime(rfc3339: "2027-01-02T00:00:00Z"))
        #expect(try RescheduleRequest(json: change.json()) == change)
        let query = DeadLetterListQuery(user: "a&b", type: "t t", limit: 5, cursor: "1-0000000a")
        #expect(try DeadLetterListQuery(query: query.query) == query)
    }

    @Test(
        arguments: [
            ("{}", nil), (#"{"runningMax":null}"#, .unbounded), (#"{"runningMax":0}"#, .max(0)),
        ] as [(String, BoundBody?)])
    func `a bound that is null is not one that is left out`(
        json: String, bound: BoundBody?
    ) throws {
        let request = try ControlRequest(json: Array(json.utf8))
        #expect(request.runningMax == bound)
        #expect(String(decoding: request.json(), as: UTF8.self) == json)
    }
}
