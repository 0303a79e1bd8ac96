import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// What goes back to the client: a status, JSON, and a few headers.
struct Answer {
    var status: HTTPResponse.Status = .ok
    var headers: HTTPFields = [:]
    var json: [UInt8]

    init(_ status: HTTPResponse.Status = .ok, _ json: [UInt8]) {
        self.status = status
        self.json = json
    }

    init(_ body: some AnswerBody) {
        self.init(.ok, body.json())
    }

    init(_ refusal: Refusal) {
        self.init(refusal.status, refusal.body.json())
        if let seconds = refusal.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        if !refusal.methods.isEmpty {
            headers[.allow] = refusal.methods.map(\.rawValue).joined(separator: ", ")
        }
    }

    var response: Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }

    /// An answer after which the connection ends, though the client may still be sending.
    ///
    /// Our side is closed at once, the whole connection a little later: closing it while bytes
    /// are coming in would reset it, and the client might lose the answer.
    func lastResponse(on channel: any Channel, linger: TimeAmount) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.connection] = "close"
        let buffer = ByteBuffer(bytes: json)
        let body = ResponseBody(contentLength: buffer.readableBytes) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            channel.close(mode: .output, promise: nil)
            channel.eventLoop.scheduleTask(in: linger) { channel.close(promise: nil) }
        }
        return Response(status: status, headers: headers, body: body)
    }
}
