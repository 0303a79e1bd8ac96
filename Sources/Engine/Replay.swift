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
    private var classes = [SeenClass?](repeating: nil, count: 1_024)

    /// A type and a policy, side by side as in an event, whose policy was found right.
    private struct SeenClass {
        let name: [UInt8]
        let typeBytes: Int
        /// Nil while the type has none.
        var dictionary: PayloadDictionary?
    }

    init(dictionaries: PayloadDictionaries) {
        self.dictionaries = dictionaries
    }

    /// Appends the packed payload to `bytes`; nothing where packing does not pay.
    mutating func pack(
        _ submitted: borrowing SubmittedRecord, into bytes: inout ByteWriter
    ) throws(EventFault) {
        let name = submitted.typeAndPolicy
        let place = Int(truncatingIfNeeded: Self.hash(name)) & (classes.count - 1)
        let isKnown = isSeen(at: place, name, typeBytes: submitted.typeBytes)
        try JobState.check(submitted, isPolicyKnown: isKnown)
        if !isKnown { classes[place] = SeenClass(name: name.array, typeBytes: submitted.typeBytes) }
        guard let dictionary = dictionary(at: place, submitted.type) else {
            return dictionaries.note(submitted.payload, ofType: submitted.type)
        }
        _ = packer.pack(submitted.payload, with: dictionary, into: &bytes)
    }

    private func isSeen(at place: Int, _ name: RawSpan, typeBytes: Int) -> Bool {
        guard let seen = classes[place] else { return false }
        return seen.typeBytes == typeBytes && seen.name.rawBytes.isEqual(to: name)
    }

    /// The dictionary of the class that is at `place`, which is of this type.
    private mutating func dictionary(at place: Int, _ type: RawSpan) -> PayloadDictionary? {
        if let known = classes[place]?.dictionary { return known }
        let made = dictionaries.dictionary(for: type)
        classes[place]?.dictionary = made
        return made
    }

    /// Says where a class is looked for; another one may be there.
    private static func hash(_ name: RawSpan) -> UInt64 {
        var hash = UInt64(name.byteCount)
        var offset = 0
        while offset + 8 <= name.byteCount {
            hash = mix(hash ^ name.fixed(at: offset, as: UInt64.self))
            offset += 8
        }
        while offset < name.byteCount {
            hash = mix(hash ^ UInt64(name.fixed(at: offset, as: UInt8.self)))
            offset += 1
        }
        return hash
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        // Multiplicative hashing with the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
        let product = word &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 32
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
