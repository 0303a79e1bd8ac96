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
    /// Those whose policy was found right.
    private var classes = BatchClasses()

    init(dictionaries: PayloadDictionaries) {
        self.dictionaries = dictionaries
    }

    /// Appends the packed payload to `bytes`; nothing where packing does not pay.
    ///
    /// - Returns: The number of its class, until `forgetClasses`; nil: it has none.
    mutating func pack(
        _ submitted: borrowing SubmittedRecord, into bytes: inout ByteWriter
    ) throws(EventFault) -> UInt16? {
        let (name, typeBytes) = (submitted.typeAndPolicy, submitted.typeBytes)
        let known = classes.known(name, typeBytes: typeBytes)
        try JobState.check(submitted, isPolicyKnown: known != nil)
        let number = known ?? (hasAllNumbers ? nil : classes.number(of: name, typeBytes: typeBytes))
        if let dictionary = dictionary(for: submitted.type, number) {
            _ = packer.pack(submitted.payload, with: dictionary, into: &bytes)
        } else {
            dictionaries.note(submitted.payload, ofType: submitted.type)
        }
        return number
    }

    /// No class gets a number any more.
    var hasAllNumbers: Bool { classes.isFull }

    /// Numbers the classes to come anew: a log may have more than have numbers, but seldom at a time.
    mutating func forgetClasses() { classes = BatchClasses() }

    private mutating func dictionary(
        for type: RawSpan, _ classNumber: UInt16?
    ) -> PayloadDictionary? {
        guard let classNumber else { return dictionaries.dictionary(for: type) }
        return classes.dictionary(of: classNumber, in: dictionaries)
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
            _ = try packer.pack(submitted, into: &packed)
            // Without a number: classes are the packer's, and the state need not be the same each time.
            var kinds = BatchKinds(classCount: 0)
            state.apply(
                submitted: submitted, SubmitHint(submitted, state.hash), packed: packed.bytes,
                .unknown, &kinds, at: lsn)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
    }

    static func isSubmitted(_ record: RawSpan) -> Bool {
        record.byteCount > 0 && record.fixed(at: 0) == EventKind.submitted.rawValue
    }
}
