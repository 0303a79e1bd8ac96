import HTTPTypes
import Hummingbird
import NIOCore
import Units
import Wire

/// Many jobs in one request.
extension API {
    /// Reads lines and answers lines, both as they come: neither is ever held as a whole.
    func bulk(_ request: Request, on channel: any Channel) -> Response {
        let body = ResponseBody { [self] writer in
            var submission = BulkSubmission(self)
            var splitter = LineSplitter(bytesMax: limits.bodyBytesMax)
            do {
                for try await part in request.body {
                    splitter.feed(part.readableBytesView)
                    while let line = splitter.next() {
                        submission.take(line)
                        guard submission.isFull else { continue }
                        try await writer.write(ByteBuffer(bytes: await submission.flush()))
                    }
                }
            } catch is ConnectionWatch.RequestTimeout {
                let lines = await submission.flush()
                let end = submission.end(with: .bodyTimeout(limits.bodyTimeout))
                try await writer.write(ByteBuffer(bytes: lines + end))
                try await writer.finish(nil)
                channel.close(promise: nil)
                return
            }
            if let line = splitter.last() { submission.take(line) }
            try await writer.write(ByteBuffer(bytes: await submission.flush()))
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }
}
