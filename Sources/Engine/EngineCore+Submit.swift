import ByteCoding
import EventLog
import History
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

extension EngineCore {
    mutating func submit(
        _ batch: consuming SubmissionBatch, _ reply: @escaping Reply<SubmitReceipt>
    ) {
        answer(
            reply,
            Result { () throws(EngineError) in
                switch try submit(&batch)[0] {
                case .new(let job): SubmitReceipt(isNew: true, job: view(job))
                case .existing(let job): SubmitReceipt(isNew: false, job: view(job))
                case .finished(let job): SubmitReceipt(isNew: false, job: try JobView(job))
                case .rejected(let rejection): throw .rejected(rejection)
                }
            })
    }

    mutating func submitMany(
        _ batch: consuming SubmissionBatch, _ reply: @escaping Reply<[SubmitOutcome]>
    ) {
        answer(
            reply,
            Result { () throws(EngineError) in
                try submit(&batch).map { outcome in
                    switch outcome {
                    case .new(let job): .new(state.submitted(job))
                    case .existing(let job): .existing(state.submitted(job), state.status(job))
                    case .finished(let job): .existing(job.row.submitted, job.row.end.status)
                    case .rejected(let rejection): .rejected(rejection)
                    }
                }
            })
    }

    /// What a submit came to.
    private enum Submitted {
        case new(JobSlot)
        case existing(JobSlot)
        /// It was there already, and has left memory since. Indirect, so that what is seldom makes none of a thousand
        /// large.
        indirect case finished(FinishedJob)
        case rejected(Rejection)
    }

    /// - Throws: `EngineError.unreadable` or `.historyMissing` where history cannot be read; nothing was
    ///   submitted then.
    private mutating func submit(
        _ batch: inout SubmissionBatch
    ) throws(EngineError) -> [Submitted] {
        // Jobs that left memory since the batch was looked through: those of few files, and seldom.
        if batch.historySeen < state.releasedThrough { try finishedJobs.note(in: &batch) }
        var outcomes: [Submitted] = []
        outcomes.reserveCapacity(batch.count)
        var kinds = batch.kinds
        for index in 0..<batch.count {
            if index % JobState.prefetchMax == 0 {
                state.prefetch(batch.hints[index...].prefix(JobState.prefetchMax))
            }
            if !batch.recurrences.isEmpty, let recurrence = batch.recurrences[index] {
                let executionTime = batch.withJob(index) { bytes, _ in
                    SubmissionBatch.record(bytes).executionTime
                }
                do throws(Rejection) {
                    let firstTick = try JobState.firstTick(
                        of: recurrence, executionTime: executionTime, now: wall)
                    batch.stamp(index, firstTick: firstTick)
                } catch {
                    outcomes.append(.rejected(error))
                    continue
                }
            }
            let hint = batch.hints[index]
            let finished = batch.finished.isEmpty ? nil : batch.finished[index]
            outcomes.append(
                batch.withJob(index) { bytes, packed in
                    submit(
                        SubmissionBatch.record(bytes, at: wall), bytes, hint, packed, finished,
                        &kinds)
                })
        }
        return outcomes
    }

    private mutating func submit(
        _ record: borrowing SubmittedRecord, _ bytes: RawSpan, _ hint: SubmitHint,
        _ packed: RawSpan, _ finished: FinishedJob?, _ kinds: inout BatchKinds
    ) -> Submitted {
        let place: SubmitPlace
        do throws(Rejection) {
            if let finished, !state.holds(record, hint) {
                return try decide(record, hint, finished)
            }
            switch try state.decideSubmit(record, hint) {
            case .existing(let job): return .existing(job)
            case .new(let found): place = found
            }
        } catch {
            return .rejected(error)
        }
        if packed.byteCount == 0 { dictionaries.note(record.payload, ofType: record.type) }
        let lsn = log.append(
            bytes, patch: (wall.microseconds, offset: SubmittedRecord.timeOffset))
        space.spend(bytes.byteCount)
        return .new(state.apply(submitted: record, hint, packed: packed, place, &kinds, at: lsn))
    }

    /// A submit of a job that has left memory: the same one again, or one in conflict with it.
    private func decide(
        _ record: borrowing SubmittedRecord, _ hint: SubmitHint, _ finished: FinishedJob
    ) throws(Rejection) -> Submitted {
        guard finished.row.contentHash == hint.contentHash,
            finished.row.isRecurring || record.recurrenceBytes == 0
        else { throw .contentConflict(finished.key) }
        return .finished(finished)
    }

    /// True for a submit that writes nothing: the job is there already, or is in conflict.
    mutating func isKnown(_ request: Request) -> Bool {
        guard case .submit(let batch, _) = request else { return false }
        if batch.finished[0] != nil { return true }
        let hint = batch.hints[0]
        return batch.withJob(0) { bytes, _ in
            do throws(Rejection) {
                if case .new = try state.decideSubmit(SubmissionBatch.record(bytes), hint) {
                    return false
                }
                return true
            } catch {
                return true
            }
        }
    }
}
