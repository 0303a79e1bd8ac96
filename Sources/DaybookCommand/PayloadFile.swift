import SystemPackage
import Wire

/// A payload that is read from a file or from the standard input.
struct PayloadFile {
    /// `-`: the standard input.
    let path: String

    /// The largest payload that a daemon takes.
    static let bytesMax = 65_536

    /// Puts the payload into `request`: as JSON where it is JSON, else in base64.
    func fill(_ request: inout SubmitRequest) throws(CommandFailure) {
        let bytes = try read()
        if request.contentType == nil || request.contentType == "application/json" {
            do throws(JSONFault) {
                try JSONText.check(bytes)
                request.payload = bytes
                return
            } catch {
                guard request.contentType == nil else {
                    throw CommandFailure(.refusedData, "\(path) is no JSON: \(error)")
                }
                request.contentType = "application/octet-stream"
            }
        }
        request.payloadBase64 = Base64.encode(bytes)
    }

    private func read() throws(CommandFailure) -> [UInt8] {
        do {
            guard path != "-" else { return try Self.readAll(.standardInput) }
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter { try Self.readAll(file) }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            let status: ExitStatus =
                error as? Errno == .noSuchFileOrDirectory ? .notFound : .inputOutput
            throw CommandFailure(status, "cannot read the payload from \(path): \(error)")
        }
    }

    private static func readAll(_ file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = try unsafe part.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
            guard bytes.count <= bytesMax else {
                throw CommandFailure(
                    .refusedData,
                    "the payload is longer than \(bytesMax) bytes, the most a job can carry")
            }
        }
    }
}
