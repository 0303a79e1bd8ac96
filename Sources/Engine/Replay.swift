import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// Looks at `submitted` events that are read back, and packs their payloads as clients have packed them live.
struct ReplayPacker: ~Copyable {
    private let dictionaries: PayloadDictionaries
    private let packer = PayloadPacker()
    private var classes = [SeenClass?](repeating: nil, count: 256)

    /// A type and a policy, side by side as in an event, whose policy was found right.
    private struct SeenClass {
        let name: [UInt8]
        let typeBytes: Int
        let dictionary: PayloadDictionary
    }

    init(dictionaries: PayloadDictionaries) {
        self.dictionaries = dictionaries
    }

    /// Appends the packed payload to `bytes`; nothing where packing does not pay.
    mutating func pack(
        _ submitted: borrowing SubmittedRecord, into bytes: inout ByteWriter
    ) throws(EventFault) {
        let name = submitted.typeAndPolicy
        let place = Self.place(of: name)
        if let seen = classes[place], seen.typeBytes == submitted.typeBytes,
            seen.name.rawBytes.isEqual(to: name)
        {
            try JobState.check(submitted, isPolicyKnown: true)
            _ = packer.pack(submitted.payload, with: seen.dictionary, into: &bytes)
            return
        }
        try JobState.check(submitted, isPolicyKnown: false)
        guard let dictionary = dictionaries.dictionary(for: submitted.type) else {
            return dictionaries.note(submitted.payload, ofType: submitted.type)
        }
        classes[place] = SeenClass(
            name: name.array, typeBytes: submitted.typeBytes, dictionary: dictionary)
        _ = packer.pack(submitted.payload, with: dictionary, into: &bytes)
    }

    /// Where a class is looked for; another one may be there.
    private static func place(of name: RawSpan) -> Int {
        // FNV-1a (Fowler, Noll, Vo) over the first bytes.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in 0..<min(name.byteCount, 16) {
            hash = (hash ^ UInt64(name.fixed(at: offset, as: UInt8.self))) &* 0x100_0000_01b3
        }
        return Int(hash >> 24 & 255)
    }
}

/// Folds the log's records into a state: the same `apply` as live.
struct Replay: ~Copyable {
    private var packer: ReplayPacker
    private var packed = ByteWriter(capacity: 4_096)

    init(dictionaries: PayloadDictionaries) {
        packer = ReplayPacker(dictionaries: dictionaries)
    }

    mutating func apply(
        _ record: RawSpan, at lsn: LSN, to state: inout JobState
    ) throws(RecordRefusal) {
        do throws(EventFault) {
            guard Self.isSubmitted(record) else {
                return state.apply(try Event(decoding: record), at: lsn)
            }
            let submitted = try SubmittedRecord(record)
            packed.removeAll()
            try packer.pack(submitted, into: &packed)
            state.apply(
                submitted: submitted, SubmitHint(submitted, state.hash), packed: packed.bytes,
                at: lsn)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
    }

    static func isSubmitted(_ record: RawSpan) -> Bool {
        record.byteCount > 0 && record.fixed(at: 0) == EventKind.submitted.rawValue
    }
}
