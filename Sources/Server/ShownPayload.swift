import Wire

/// A payload as it is put into JSON: as JSON itself, as a string, or in base64.
struct ShownPayload {
    /// JSON text of the payload; nil: none, or `base64` has it.
    private(set) var json: [UInt8]?
    private(set) var base64: String?

    init(_ bytes: [UInt8], contentType: String) {
        guard !bytes.isEmpty else { return }
        switch PayloadKind(contentType: contentType) {
        case .json where Self.isJSON(bytes):
            json = bytes
        case .text:
            json = String(validating: bytes, as: UTF8.self).map { JSONText.string(of: $0) }
        default: break
        }
        if json == nil { base64 = Base64.encode(bytes) }
    }

    /// Embedded callers may submit bytes that are not what their content type says.
    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        do {
            try JSONText.check(bytes)
            return true
        } catch {
            return false
        }
    }
}
