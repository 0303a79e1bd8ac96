import ByteCoding
import JobCoding
package import JobModel
import JobState
import PayloadPacking
import Units

/// Jobs to be submitted, put together by whoever submits them: encoded, hashed and packed away from
/// the writer's thread, which only copies the bytes.
package struct SubmissionBatch: Sendable {
    /// One job of the batch.
    struct Item: Sendable {
        /// Where its `submitted` event, whose time is not filled in yet, lies in `events`.
        let start: Int
        let byteCount: Int
        let contentHash: UInt64
        /// Where its packed payload lies in `packed`; empty: it is kept as it is.
        var packed: Range<Int> = 0..<0
        /// The recurrence, if it has one: its first tick depends on the time of the submit.
        let recurrence: Recurrence?
        let executionTime: WallTime?
    }

    private(set) var items: [Item] = []
    private(set) var events: ByteWriter
    private(set) var packed: ByteWriter
    private let hash: KeyedHash
    private let dictionaries: PayloadDictionaries
    private let packer = PayloadPacker()
    /// The dictionary of the type that came last: batches are often of few types.
    private var dictionary: (type: JobType, dictionary: PayloadDictionary?)?

    init(hash: KeyedHash, dictionaries: PayloadDictionaries, jobsExpected: Int) {
        self.hash = hash
        self.dictionaries = dictionaries
        events = ByteWriter(capacity: jobsExpected * 512)
        packed = ByteWriter(capacity: jobsExpected * 128)
        items.reserveCapacity(jobsExpected)
    }

    /// Jobs in the batch.
    package var count: Int { items.count }

    /// Forgets the jobs and keeps the memory.
    package mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        events.removeAll()
        packed.removeAll()
    }

    /// Puts a job at the end.
    ///
    /// - Precondition: the bounds of `JobLimits` hold.
    package mutating func add(_ key: JobKey, _ content: JobContent) {
        let start = events.count
        let userBytes = key.user.text.utf8.count
        let fact = Fact.submitted(key, content, keyHash: 0, firstTick: .earliest)
        Event(time: .earliest, fact: fact).encode(into: &events)
        let end = events.count
        let keyBytes = userBytes + key.job.text.utf8.count
        let head = start + SubmittedRecord.keyOffset
        let keyHash = JobState.keyHash(
            events.bytes.extracting(head..<head + keyBytes), userBytes: userBytes, hash)
        events.patchFixed(keyHash, at: start + SubmittedRecord.keyHashOffset)
        let contentHash: UInt64
        do throws(EventFault) {
            let record = try SubmittedRecord(events.bytes.extracting(start..<end))
            contentHash = JobState.contentHash(record, hash)
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
        var item = Item(
            start: start, byteCount: end - start, contentHash: contentHash,
            recurrence: content.recurrence, executionTime: content.executionTime)
        if let dictionary = dictionary(for: content.type) {
            let before = packed.count
            if packer.pack(content.payload.rawBytes, with: dictionary, into: &packed) {
                item.packed = before..<packed.count
            }
        }
        items.append(item)
    }

    private mutating func dictionary(for type: JobType) -> PayloadDictionary? {
        if let dictionary, dictionary.type == type, let known = dictionary.dictionary {
            return known
        }
        let name = Array(type.text.utf8)
        let found = dictionaries.dictionary(for: name.rawBytes)
        dictionary = (type, found)
        return found
    }

    /// Fills in the moment of the submit, and of a recurring job the first tick.
    mutating func stamp(_ index: Int, time: WallTime, firstTick: WallTime?) {
        let item = items[index]
        events.patchFixed(time.microseconds, at: item.start + SubmittedRecord.timeOffset)
        guard let firstTick else { return }
        events.patchFixed(firstTick.microseconds, at: item.start + item.byteCount - 8)
    }
}
