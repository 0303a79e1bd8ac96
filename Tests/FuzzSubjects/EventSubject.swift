import ByteCoding
import JobCoding
import JobModel

/// An event has one encoding: bytes that are taken are the bytes that encoding gives back.
///
/// The first encoding is only read: what it gives is written in today's, and that must hold.
enum EventSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let event: Event
        do throws(EventFault) {
            event = try Event(decoding: input.rawBytes)
        } catch {
            return .refused("\(error)")
        }
        let encoded = bytes(of: event)
        if input[0] < EventKind.submitted.rawValue {
            let again = try? Event(decoding: encoded.rawBytes)
            try require(again.map(bytes(of:)) == encoded, "\(event) does not come back")
        } else {
            try require(encoded == input, "\(event) is encoded as \(encoded)")
        }
        return .accepted(records: 1)
    }

    private static func bytes(of event: Event) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        event.encode(into: &writer)
        return writer.bytes.array
    }
}
