import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import Wire

/// What a daemon sent back.
struct Answer {
    let status: Int
    let body: [UInt8]

    /// The body read as JSON; the daemon's own error where the status is no success.
    func decoded<Body>(
        _ read: ([UInt8]) throws(JSONFault) -> Body
    ) throws(ClientError) -> Body {
        guard (200..<300).contains(status) else { throw refusal() }
        do throws(JSONFault) {
            return try read(body)
        } catch {
            throw .unexpectedAnswer("the answer cannot be read: \(error)")
        }
    }

    private func refusal() -> ClientError {
        do throws(JSONFault) {
            return .refused(status: status, try ErrorBody(json: body))
        } catch {
            return .unexpectedAnswer(
                "HTTP status \(status) without a Daybook error: is this a daybook daemon?")
        }
    }
}

extension DaybookClient {
    /// One request and its whole answer.
    func send(
        _ method: HTTPMethod, _ path: RoutePath, _ body: [UInt8]? = nil,
        contentType: String = "application/json",
        patience: TimeAmount = DaybookClient.answerPatience
    ) async throws(ClientError) -> Answer {
        var request = HTTPClientRequest(url: address + path.text)
        request.method = method
        if let body {
            request.headers.add(name: "content-type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        do {
            let response = try await http.execute(request, timeout: patience)
            let bytes = try await response.body.collect(upTo: Self.answerBytesMax)
            return Answer(status: Int(response.status.code), body: Array(buffer: bytes))
        } catch let error as HTTPClientError where error == .invalidURL {
            throw .unexpectedAnswer("'\(address)' is no address: give http://HOST:PORT")
        } catch let error as IOError where error.errnoCode == ECONNREFUSED {
            throw .unreachable("no daemon listens at \(address)")
        } catch {
            throw .unreachable("no answer from \(address): \(error)")
        }
    }

    /// A thousand grants with the largest payload and checkpoint stay below it.
    private static let answerBytesMax = 256 << 20
}
