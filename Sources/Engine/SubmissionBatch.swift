package import ByteCoding
import History
import JobCoding
package import JobModel
package import JobState
package import PayloadPacking
import Units

/// Jobs to be submitted, put together by whoever submits them: encoded, hashed and packed away from
/// the writer's thread, which only copies the bytes.
package struct SubmissionBatch: Sendable {
    /// One job of the batch.
    package struct Item: Sendable {
        /// Where its `submitted` event, whose time is not filled in yet, lies in `events`.
        package let start: Int
        package let byteCount: Int
        /// Where its packed payload lies in `packed`; empty: it is kept as it is.
        package var packed: Range<Int> = 0..<0
    }

    package private(set) var items: [Item] = []
    /// One for each item.
    package private(set) var hints: [SubmitHint] = []
    package private(set) var events: ByteWriter
    package private(set) var packed: ByteWriter
    /// Of jobs that recur, by index: the first tick depends on the time of the submit.
    private(set) var recurrences: [Int: Recurrence] = [:]
    /// Jobs of the batch, by index, that have ended and left memory.
    var finished: [Int: FinishedJob] = [:]
    /// They were looked for among those who ended up to here.
    var historySeen = LSN.zero
    private let hash: KeyedHash
    private let dictionaries: PayloadDictionaries
    private let packer = PayloadPacker()
    private var classes = BatchClasses()

    package init(hash: KeyedHash, dictionaries: PayloadDictionaries, jobsExpected: Int) {
        self.hash = hash
        self.dictionaries = dictionaries
        events = ByteWriter(capacity: jobsExpected * 384)
        packed = ByteWriter(capacity: jobsExpected * 128)
        items.reserveCapacity(jobsExpected)
        hints.reserveCapacity(jobsExpected)
    }

    /// Jobs in the batch.
    package var count: Int { items.count }

    /// What the numbers of classes in its hints come to, to be found out by whoever takes the batch.
    package var kinds: BatchKinds { BatchKinds(classCount: classes.count) }

    /// Forgets the jobs and keeps the memory.
    package mutating func removeAll() {
        if classes.isFull { classes = BatchClasses() }
        items.removeAll(keepingCapacity: true)
        hints.removeAll(keepingCapacity: true)
        events.removeAll()
        packed.removeAll()
        recurrences = [:]
        finished = [:]
        historySeen = .zero
    }

    /// Puts a job at the end.
    ///
    /// - Precondition: the bounds of `JobLimits` hold.
    package mutating func add(_ key: JobKey, _ content: JobContent) {
        let start = events.count
        let userBytes = key.user.text.utf8.count
        events.writeSubmitted(key, content, keyHash: 0, firstTick: .earliest, time: .earliest)
        let end = events.count
        let keyBytes = userBytes + key.job.text.utf8.count
        let keyStart = start + SubmittedRecord.keyOffset
        // Lent by closures: a copy of the writer that is still alive would make the patch copy all.
        let keyHash = events.withBytes { [hash] bytes in
            JobState.keyHash(
                bytes.extracting(keyStart..<keyStart + keyBytes), userBytes: userBytes, hash)
        }
        events.patchFixed(keyHash, at: start + SubmittedRecord.keyHashOffset)
        let hint = Self.hint(events, start..<end, hash, &classes)
        if let recurrence = content.recurrence { recurrences[items.count] = recurrence }
        items.append(
            Item(
                start: start, byteCount: end - start,
                packed: pack(content.payload, content.type, hint.classNumber)))
        hints.append(hint)
    }

    private static func hint(
        _ events: borrowing ByteWriter, _ range: Range<Int>, _ hash: KeyedHash,
        _ classes: inout BatchClasses
    ) -> SubmitHint {
        let record = record(events.bytes.extracting(range))
        return SubmitHint(
            record, hash,
            classNumber: classes.number(of: record.typeAndPolicy, typeBytes: record.typeBytes))
    }

    /// Packs a payload; an empty range: it is kept as it is.
    private mutating func pack(
        _ payload: [UInt8], _ type: JobType, _ classNumber: UInt16?
    ) -> Range<Int> {
        guard let dictionary = dictionary(for: type, classNumber) else { return 0..<0 }
        let before = packed.count
        let isSmaller = packer.pack(payload.rawBytes, with: dictionary, into: &packed)
        return isSmaller ? before..<packed.count : 0..<0
    }

    private mutating func dictionary(
        for type: JobType, _ classNumber: UInt16?
    ) -> PayloadDictionary? {
        if let classNumber { return classes.dictionary(of: classNumber, in: dictionaries) }
        let name = Array(type.text.utf8)
        return dictionaries.dictionary(for: name.rawBytes)
    }

    /// Fills in the first tick of a recurring job.
    mutating func stamp(_ index: Int, firstTick: WallTime) {
        events.patchFixed(
            firstTick.microseconds, at: items[index].start + items[index].byteCount - 8)
    }

    /// Reads an event that a batch has lent; its time is that of the submit, once there is one.
    @_lifetime(copy bytes)
    static func record(_ bytes: RawSpan, at now: WallTime? = nil) -> SubmittedRecord {
        do throws(EventFault) {
            return try SubmittedRecord(bytes, at: now)
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
    }

    /// Lends the event of a job, with its payload packed, if it is.
    @inline(__always)
    package func withJob<Result, Failure: Error>(
        _ index: Int, _ body: (RawSpan, _ packed: RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let item = items[index]
        let bytes = events.bytes.extracting(item.start..<item.start + item.byteCount)
        return try body(bytes, packed.bytes.extracting(item.packed))
    }
}
