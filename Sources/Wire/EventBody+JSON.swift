/// `{"lsn":1,"time":"…","event":"Submitted",…}`: the event's own fields stand beside the common ones.
extension EventBody: AnswerBody {
    private static let commonNames = ["lsn", "time", "event"]

    package static let fieldNames = commonNames

    /// Keeps every further field; what kind of value it is, its JSON decides: a time comes back
    /// as text, a whole number of seconds as a number.
    package init(from reader: inout JSONReader) throws(JSONFault) {
        try self.init(object: JSONObject(from: &reader, names: nil))
    }

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            lsn: try object.required("lsn"), time: try object.required("time"),
            event: try object.required("event"),
            fields: try object.values(except: Self.commonNames))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("lsn", lsn)
            writer.member("time", time)
            writer.member("event", event)
            for field in fields { writer.member(field.name, field.value) }
        }
    }
}

extension EventValue: JSONReadable, JSONWritable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        let start = reader.position
        switch reader.next {
        case UInt8(ascii: "\""): self = .text(try String(from: &reader))
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .flag(try Bool(from: &reader))
        case _ where reader.isAtNumber:
            let number = try Double(from: &reader)
            self = Int64(exactly: number).map { .number($0) } ?? .seconds(number)
        default:
            try reader.skipValue()
            self = .json(Array(reader.bytes[start..<reader.position]))
        }
    }

    package func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text): text.write(to: &writer)
        case .number(let number): number.write(to: &writer)
        case .seconds(let seconds): seconds.write(to: &writer)
        case .time(let time): time.write(to: &writer)
        case .flag(let flag): flag.write(to: &writer)
        case .json(let text): writer.value(text)
        }
    }
}

extension TimelineBody: AnswerBody {
    package static let fieldNames = ["events", "isTruncated", "droppedLSN"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            events: try object.required("events"),
            isTruncated: try object.optional("isTruncated") ?? false,
            droppedLSN: try object.optional("droppedLSN"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("events", events)
            writer.member("isTruncated", isTruncated)
            writer.member("droppedLSN", droppedLSN)
        }
    }
}
