import ByteCoding
import DequeModule
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Threads
import Units

/// Folds the records of a log into a state on two threads: who reads the log decodes them, packs payloads and hashes
/// names; another applies what is ready.
///
/// Without threads, or with less than one batch to apply, all is done by the caller.
struct ReplayPipeline: ~Copyable {
    private var packer: ReplayPacker
    private let hash: KeyedHash
    private let applier: ReplayApplier
    private var batch = ReplayBatch()

    /// - Parameters:
    ///   - state: What the records are applied to, until `finish`.
    ///   - dictionaries: What payloads are packed with.
    ///   - covered: Jobs that ended up to here need not stay in memory.
    ///   - isThreaded: Whether there may be another thread.
    init(
        state: consuming JobState, dictionaries: PayloadDictionaries, covered: LSN,
        isThreaded: Bool
    ) {
        packer = ReplayPacker(dictionaries: dictionaries)
        hash = state.hash
        applier = ReplayApplier(state: state, covered: covered, isThreaded: isThreaded)
    }

    // The other thread holds the applier as long as it runs.
    deinit { applier.stop() }

    /// Takes the next record, which is looked at now and applied later.
    mutating func take(_ record: RawSpan, at lsn: LSN) throws(RecordRefusal) {
        do throws(EventFault) {
            try batch.add(record, at: lsn, &packer, hash)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
        guard batch.isFull else { return }
        batch = applier.exchange(batch)
        guard packer.hasAllNumbers else { return }
        packer.forgetClasses()
        batch.beginClasses()
    }

    /// Gives the state back, with all in it that was taken.
    consuming func finish() -> JobState { applier.finish(with: batch) }
}

/// Records that are ready to be applied, one after the other.
private struct ReplayBatch: Sendable {
    enum Entry: Sendable {
        /// In `bytes`, the packed payload behind the record.
        case submitted(start: Int, packedStart: Int, end: Int)
        /// The next of `events`.
        case event
    }

    private(set) var first = LSN.zero
    private(set) var entries: [Entry] = []
    /// One for each submit, in their order.
    private(set) var hints: [SubmitHint] = []
    private(set) var events: [Event] = []
    /// Of the jobs of `events`; zero: it is not said.
    private(set) var keyHashes: [UInt32] = []
    private(set) var bytes = ByteWriter(capacity: 0)
    /// The numbers of classes mean others than before.
    private(set) var beginsClasses = false

    private static let entriesMax = 2_048
    private static let bytesMax = 512 << 10

    var isFull: Bool { entries.count >= Self.entriesMax || bytes.count >= Self.bytesMax }

    mutating func beginClasses() { beginsClasses = true }

    mutating func add(
        _ record: RawSpan, at lsn: LSN, _ packer: inout ReplayPacker, _ hash: KeyedHash
    ) throws(EventFault) {
        if entries.isEmpty { first = lsn }
        precondition(
            lsn.rawValue == first.rawValue + UInt64(entries.count), "record \(lsn) is out of order")
        guard Replay.isSubmitted(record) else {
            let event = try Event(decoding: record)
            keyHashes.append(event.fact.reference?.keyHash ?? 0)
            events.append(event)
            return entries.append(.event)
        }
        let submitted = try SubmittedRecord(record)
        let start = bytes.count
        bytes.write(record)
        let packedStart = bytes.count
        let classNumber = try packer.pack(submitted, into: &bytes)
        hints.append(SubmitHint(submitted, hash, classNumber: classNumber))
        entries.append(.submitted(start: start, packedStart: packedStart, end: bytes.count))
    }

    /// The same memory without records.
    consuming func emptied() -> ReplayBatch {
        entries.removeAll(keepingCapacity: true)
        hints.removeAll(keepingCapacity: true)
        events.removeAll(keepingCapacity: true)
        keyHashes.removeAll(keepingCapacity: true)
        bytes.removeAll()
        beginsClasses = false
        return self
    }
}

/// Applies batches in their order.
private final class ReplayApplier: @unchecked Sendable {
    // Sendable: once `thread` is there, only it touches state and kinds, until `stop` or `finish` has joined it; `thread` itself is
    // touched by the caller alone, and the rest is under the monitor or never changes.
    private struct Shared {
        var waiting: Deque<ReplayBatch> = []
        /// To be filled again; those that are not here are waiting, being applied, or with the caller.
        var free = [ReplayBatch](repeating: ReplayBatch(), count: 3)
        var isDone = false
        var isStopped = false
    }

    private var state: JobState
    /// By the packer's numbers.
    private var kinds = BatchKinds(classCount: BatchClasses.countMax)
    private let covered: LSN
    private let isThreaded: Bool
    private let monitor = Monitor(Shared())
    private var thread: DedicatedThread?

    init(state: consuming JobState, covered: LSN, isThreaded: Bool) {
        self.state = state
        self.covered = covered
        self.isThreaded = isThreaded
    }

    /// Takes a batch and gives an empty one for it.
    func exchange(_ batch: ReplayBatch) -> ReplayBatch {
        guard isThreaded else {
            batch.apply(to: &state, &kinds, covered: covered)
            return batch.emptied()
        }
        if thread == nil { thread = DedicatedThread(name: "replay") { [self] in run() } }
        monitor.change { $0.waiting.append(batch) }
        return monitor.wait { $0.free.popLast() }.emptied()
    }

    /// Gives the state back, after the last batch.
    func finish(with batch: ReplayBatch) -> JobState {
        monitor.change { $0.isDone = true }
        thread?.join()
        thread = nil
        batch.apply(to: &state, &kinds, covered: covered)
        var result = JobState(hash: KeyedHash(low: 0, high: 0))
        swap(&result, &state)
        return result
    }

    /// Ends the other thread; what waits for it is not applied.
    func stop() {
        monitor.change { $0.isStopped = true }
        thread?.join()
        thread = nil
    }

    private func run() {
        while let batch = next() {
            batch.apply(to: &state, &kinds, covered: covered)
            monitor.change { $0.free.append(batch) }
        }
    }

    /// The next batch; nil: there are no more.
    private func next() -> ReplayBatch? {
        monitor.wait { shared -> ReplayBatch?? in
            if shared.isStopped { return .some(nil) }
            if let batch = shared.waiting.popFirst() { return batch }
            return shared.isDone ? .some(nil) : nil
        }
    }
}

extension ReplayBatch {
    /// Events between two looks at who may leave memory.
    private static let eventsPerRelease: UInt64 = 4_096

    /// Applies all records; jobs that ended up to `covered` leave memory now and then.
    fileprivate func apply(
        to state: inout JobState, _ kinds: inout BatchKinds, covered: LSN
    ) {
        if beginsClasses { kinds = BatchKinds(classCount: BatchClasses.countMax) }
        var (submits, others) = (0, 0)
        var lsn = first
        for entry in entries {
            switch entry {
            case .submitted(let start, let packedStart, let end):
                if submits % JobState.prefetchMax == 0 {
                    state.prefetch(hints[submits...].prefix(JobState.prefetchMax))
                }
                let record = bytes.bytes.extracting(start..<packedStart)
                let packed = bytes.bytes.extracting(packedStart..<end)
                do throws(EventFault) {
                    let submitted = try SubmittedRecord(record)
                    state.apply(
                        submitted: submitted, hints[submits], packed: packed, .unknown, &kinds,
                        at: lsn)
                } catch {
                    preconditionFailure("record \(lsn) was whole when it was taken: \(error)")
                }
                submits += 1
            case .event:
                if others % JobState.prefetchMax == 0 {
                    state.prefetch(keyHashes: keyHashes[others...].prefix(JobState.prefetchMax))
                }
                state.apply(events[others], at: lsn)
                others += 1
            }
            if lsn.rawValue % Self.eventsPerRelease == 0 {
                state.releaseAll(through: min(covered, lsn))
            }
            lsn = lsn.next
        }
    }
}
