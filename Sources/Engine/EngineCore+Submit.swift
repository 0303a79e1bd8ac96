import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

extension EngineCore {
    mutating func submit(
        _ batch: consuming SubmissionBatch, _ reply: @escaping Reply<SubmitReceipt>
    ) {
        var batch = batch
        do throws(Rejection) {
            let (job, isNew) = try submit(&batch, 0)
            answer(reply, .success(SubmitReceipt(isNew: isNew, job: view(job))))
        } catch {
            answer(reply, .failure(.rejected(error)))
        }
    }

    mutating func submitMany(
        _ batch: consuming SubmissionBatch, _ reply: @escaping Reply<[SubmitOutcome]>
    ) {
        var batch = batch
        var outcomes: [SubmitOutcome] = []
        outcomes.reserveCapacity(batch.count)
        for index in 0..<batch.count {
            do throws(Rejection) {
                let (job, isNew) = try submit(&batch, index)
                outcomes.append(
                    isNew
                        ? .new(state.appliedLSN)
                        : .existing(state.submitted(job), state.status(job)))
            } catch {
                outcomes.append(.rejected(error))
            }
        }
        answer(reply, .success(outcomes))
    }

    private mutating func submit(
        _ batch: inout SubmissionBatch, _ index: Int
    ) throws(Rejection) -> (JobSlot, isNew: Bool) {
        let item = batch.items[index]
        var firstTick: WallTime?
        if let recurrence = item.recurrence {
            firstTick = try JobState.firstTick(
                of: recurrence, executionTime: item.executionTime, now: wall)
        }
        batch.stamp(index, time: wall, firstTick: firstTick)
        let bytes = batch.events.bytes.extracting(item.start..<item.start + item.byteCount)
        let record: SubmittedRecord
        do throws(EventFault) {
            record = try SubmittedRecord(bytes)
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
        if case .existing(let job) = try state.decideSubmit(record, contentHash: item.contentHash) {
            return (job, false)
        }
        if item.packed.isEmpty { dictionaries.note(record.payload, ofType: record.type) }
        let lsn = log.append(bytes)
        space.spend(item.byteCount)
        let job = state.apply(
            submitted: record, contentHash: item.contentHash,
            packed: batch.packed.bytes.extracting(item.packed), at: lsn)
        return (job, true)
    }

    /// True for a submit that writes nothing: the job is there already, or is in conflict.
    mutating func isKnown(_ request: Request) -> Bool {
        guard case .submit(let batch, _) = request else { return false }
        let item = batch.items[0]
        do {
            let record = try SubmittedRecord(batch.events.bytes.extracting(0..<item.byteCount))
            return try state.decideSubmit(record, contentHash: item.contentHash) != .new
        } catch {
            return true
        }
    }
}
