import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// Folds the log's records into a state: the same `apply` as live, with payloads packed on the way.
struct Replay: ~Copyable {
    private let dictionaries: PayloadDictionaries
    private let packer = PayloadPacker()
    private var packed = ByteWriter(capacity: 4_096)

    init(dictionaries: PayloadDictionaries) {
        self.dictionaries = dictionaries
    }

    mutating func apply(
        _ record: RawSpan, at lsn: LSN, to state: inout JobState
    ) throws(RecordRefusal) {
        do throws(EventFault) {
            guard record.byteCount > 0, record.fixed(at: 0) == EventKind.submitted.rawValue else {
                return state.apply(try Event(decoding: record), at: lsn)
            }
            let submitted = try SubmittedRecord(record)
            try state.check(submitted)
            packed.removeAll()
            if let dictionary = dictionaries.dictionary(for: submitted.type) {
                _ = packer.pack(submitted.payload, with: dictionary, into: &packed)
            } else {
                dictionaries.note(submitted.payload, ofType: submitted.type)
            }
            state.apply(
                submitted: submitted, SubmitHint(submitted, state.hash), packed: packed.bytes,
                at: lsn)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
    }
}
