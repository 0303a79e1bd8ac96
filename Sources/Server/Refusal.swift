import HTTPTypes
import JobModel
import Units
import Wire

/// An answer that is no success.
struct Refusal: Error {
    var status: HTTPResponse.Status
    var body: ErrorBody
    /// For `Retry-After`, in seconds.
    var retryAfterSeconds: Int?
    /// For `Allow`.
    var methods: [HTTPRequest.Method] = []
    /// The rest of the request is not read: the connection ends with the answer.
    var endsConnection = false

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, field: String? = nil,
        holder: ErrorBody.AttemptHolder? = nil
    ) {
        self.status = status
        body = ErrorBody(code: code, message: message, field: field, holder: holder)
    }

    static func unknownRoute(_ path: String) -> Refusal {
        Refusal(
            .notFound, "unknownRoute",
            "there is nothing at '\(path.prefix(256))': docs/api.md lists the routes")
    }

    static func wrongMethod(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> Refusal
    {
        let names = allowed.map(\.rawValue).joined(separator: " or ")
        var refusal = Refusal(
            .methodNotAllowed, "wrongMethod",
            "\(method.rawValue) is not possible here: use \(names)")
        refusal.methods = allowed
        return refusal
    }

    static var malformedHTTP: Refusal {
        Refusal(
            .badRequest, "malformedHTTP", "the request is no HTTP/1.1: send it with an HTTP client")
    }

    static func bodyTooLarge(bytesMax: Int) -> Refusal {
        var refusal = Refusal(
            .contentTooLarge, "bodyTooLarge",
            "the request's body is longer than \(bytesMax) bytes: send less in one request")
        refusal.endsConnection = true
        return refusal
    }

    static func bodyTimeout(_ limit: TimeSpan) -> Refusal {
        var refusal = Refusal(
            .requestTimeout, "bodyTimeout",
            "the request was not complete within \(limit.seconds) seconds: send all of its body, "
                + "with the right Content-Length or a last chunk")
        refusal.endsConnection = true
        return refusal
    }

    static func internalFault() -> Refusal {
        Refusal(
            .internalServerError, "internalFault",
            "the daemon could not answer because of a fault of its own: its log says more")
    }

    init(snapshotFailure reason: String) {
        self.init(
            .internalServerError, "snapshotFailed",
            "there is no new snapshot: \(reason); the log has everything, and nothing else depends "
                + "on this: mend the cause and ask again")
    }

    static func unknownToken(_ token: String) -> Refusal {
        Refusal(
            .notFound, "unknownToken",
            "'\(token.prefix(64))' was never the token of a claim: use the one that the claim gave")
    }
}

/// A field that cannot be taken.
extension Refusal {
    /// `problem` is a sentence without its subject.
    static func field(_ name: String, _ problem: String) -> Refusal {
        Refusal(.badRequest, "invalidField", "'\(name)' \(problem)", field: name)
    }

    /// The same refusal seen from around `outer`, for instance `[2]`.
    func inside(_ outer: String) -> Refusal {
        guard let field = body.field else { return self }
        var refusal = self
        refusal.body.field = "\(outer).\(field)"
        if body.message.hasPrefix("'\(field)'") {
            refusal.body.message = "'\(outer).\(field)'" + body.message.dropFirst(field.count + 2)
        }
        return refusal
    }

    init(_ fault: InvalidField) {
        self = .field(fault.field, fault.problem)
    }

    init(_ fault: QueryFault) {
        self = .field(fault.field, fault.problem)
    }

    init(_ fault: JSONFault) {
        self.init(
            .badRequest, fault.kind == .syntax ? "malformedJSON" : "invalidField", "\(fault)",
            field: fault.field.isEmpty ? nil : fault.field)
    }

    /// A field whose bytes are more than the job model takes.
    static func tooLarge(
        _ code: String, field: String, bytes: Int, bytesMax: Int
    ) -> Refusal {
        Refusal(
            .contentTooLarge, code,
            "'\(field)' is \(bytes) bytes long: at most \(bytesMax) are allowed; keep larger data "
                + "elsewhere and send where it lies",
            field: field)
    }
}
