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
        let outcome = submit(&batch)[0]
        answer(
            reply,
            result { core throws(Rejection) in
                let (job, isNew) = try outcome.get()
                return SubmitReceipt(isNew: isNew, job: core.view(job))
            })
    }

    mutating func submitMany(
        _ batch: consuming SubmissionBatch, _ reply: @escaping Reply<[SubmitOutcome]>
    ) {
        let outcomes = submit(&batch).map { result -> SubmitOutcome in
            switch result {
            case .success((let job, isNew: true)): .new(state.submitted(job))
            case .success((let job, isNew: false)):
                .existing(state.submitted(job), state.status(job))
            case .failure(let rejection): .rejected(rejection)
            }
        }
        answer(reply, .success(outcomes))
    }

    private mutating func submit(
        _ batch: inout SubmissionBatch
    ) -> [Result<(job: JobSlot, isNew: Bool), Rejection>] {
        batch.stamp(wall)
        var outcomes: [Result<(job: JobSlot, isNew: Bool), Rejection>] = []
        outcomes.reserveCapacity(batch.count)
        for index in 0..<batch.count {
            if index % JobState.prefetchMax == 0 {
                state.prefetch(batch.hints[index...].prefix(JobState.prefetchMax))
            }
            if let recurrence = batch.items[index].recurrence {
                do throws(Rejection) {
                    let firstTick = try JobState.firstTick(
                        of: recurrence, executionTime: batch.items[index].executionTime, now: wall)
                    batch.stamp(index, firstTick: firstTick)
                } catch {
                    outcomes.append(.failure(error))
                    continue
                }
            }
            let hint = batch.hints[index]
            outcomes.append(
                batch.withJob(index) { bytes, packed in
                    submit(bytes, hint, packed: packed)
                })
        }
        return outcomes
    }

    private mutating func submit(
        _ bytes: RawSpan, _ hint: SubmitHint, packed: RawSpan
    ) -> Result<(job: JobSlot, isNew: Bool), Rejection> {
        do {
            let record = try SubmittedRecord(bytes)
            if case .existing(let job) = try state.decideSubmit(record, hint) {
                return .success((job, false))
            }
            if packed.byteCount == 0 { dictionaries.note(record.payload, ofType: record.type) }
            let lsn = log.append(bytes)
            space.spend(bytes.byteCount)
            return .success(
                (
                    state.apply(
                        submitted: record, hint, packed: packed, at: lsn), true
                ))
        } catch let rejection as Rejection {
            return .failure(rejection)
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
    }

    /// True for a submit that writes nothing: the job is there already, or is in conflict.
    mutating func isKnown(_ request: Request) -> Bool {
        guard case .submit(let batch, _) = request else { return false }
        let hint = batch.hints[0]
        return batch.withJob(0) { bytes, _ in
            do {
                return try state.decideSubmit(try SubmittedRecord(bytes), hint) != .new
            } catch {
                return true
            }
        }
    }
}
