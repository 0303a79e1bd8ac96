import ByteCoding
import JobCoding
import JobModel

/// An event has one encoding: bytes that are taken are the bytes that encoding gives back.
enum EventSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let event: Event
        do throws(EventFault) {
            event = try Event(decoding: input.rawBytes)
        } catch {
            return .refused("\(error)")
        }
        var writer = ByteWriter(capacity: input.count)
        event.encode(into: &writer)
        let again = writer.bytes.array
        try require(again == input, "\(event) is encoded as \(again)")
        return .accepted(records: 1)
    }
}
