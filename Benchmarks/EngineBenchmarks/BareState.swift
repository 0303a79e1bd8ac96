import ByteCoding
import Engine
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// The state as an engine keeps it, without a log: what is decided is encoded into a buffer, and applied.
struct BareState: ~Copyable {
    private static let hash = KeyedHash(low: 1, high: 2)

    var state = JobState(hash: BareState.hash)
    var now: WallTime
    /// Events, one after the other.
    var encoded = ByteWriter(capacity: 1 << 20)
    private let dictionaries = PayloadDictionaries()
    private let worker = WorkerName(unchecked: "worker-1")

    init(now: WallTime) { self.now = now }

    /// A batch to be submitted here.
    func batch(jobsExpected: Int) -> SubmissionBatch {
        SubmissionBatch(hash: Self.hash, dictionaries: dictionaries, jobsExpected: jobsExpected)
    }

    /// Decides, encodes and applies the jobs of a batch.
    mutating func submit(_ batch: inout SubmissionBatch) {
        advance()
        var kinds = batch.kinds
        for index in 0..<batch.count {
            if index % JobState.prefetchMax == 0 {
                state.prefetch(batch.hints[index...].prefix(JobState.prefetchMax))
            }
            let hint = batch.hints[index]
            batch.withJob(index) { bytes, packed in submit(bytes, hint, packed, &kinds) }
        }
    }

    /// As an engine does at the start of each turn.
    private mutating func advance() {
        while state.advance(to: now, jobsMax: 4_096) {}
    }

    private mutating func submit(
        _ bytes: RawSpan, _ hint: SubmitHint, _ packed: RawSpan, _ kinds: inout BatchKinds
    ) {
        do {
            let record = try SubmittedRecord(bytes, at: now)
            guard case .new(let place) = try state.decideSubmit(record, hint) else {
                preconditionFailure("an id came twice")
            }
            if packed.byteCount == 0 { dictionaries.note(record.payload, ofType: record.type) }
            let start = encoded.count
            encoded.write(bytes)
            encoded.patchFixed(now.microseconds, at: start + SubmittedRecord.timeOffset)
            state.apply(
                submitted: record, hint, packed: packed, place, &kinds, at: state.appliedLSN.next)
        } catch {
            preconditionFailure("a submit was refused: \(error)")
        }
    }

    /// Claims, starts and ends all jobs of these types that are due.
    ///
    /// - Returns: How many there were.
    mutating func finish(_ types: [JobType]) -> Int {
        advance()
        var tokens: [LSN] = []
        tokens.reserveCapacity(1_024)
        var line = state.line(of: types)
        while let job = state.next(in: &line) {
            tokens.append(append(state.decideClaim(job, worker: worker, leaseDuration: nil), job))
        }
        each(tokens) { bare, token in bare.start(token) }
        each(tokens) { bare, token in bare.succeed(token) }
        return tokens.count
    }

    private mutating func each(_ tokens: [LSN], _ body: (inout BareState, LSN) -> Void) {
        for (index, token) in tokens.enumerated() {
            if index % JobState.prefetchMax == 0 {
                state.prefetch(leases: tokens[index...].prefix(JobState.prefetchMax))
            }
            body(&self, token)
        }
    }

    private mutating func start(_ token: LSN) {
        guard let job = state.slot(leasedBy: token) else {
            preconditionFailure("a lease is gone")
        }
        if let fact = state.decideStart(job) { append(fact, job) }
    }

    private mutating func succeed(_ token: LSN) {
        guard let job = state.slot(leasedBy: token) else {
            preconditionFailure("a lease is gone")
        }
        do {
            append(try state.decideSucceed(job, message: nil), job)
        } catch {
            preconditionFailure("a job cannot succeed: \(error)")
        }
    }

    @discardableResult
    private mutating func append(_ fact: consuming Fact, _ job: JobSlot) -> LSN {
        let event = Event(time: now, fact: fact)
        event.encode(into: &encoded)
        let lsn = state.appliedLSN.next
        state.apply(event, at: lsn, hint: job)
        return lsn
    }
}
