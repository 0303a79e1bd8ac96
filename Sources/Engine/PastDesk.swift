import ByteCoding
import Dispatch
import JobModel
import JobState
import PayloadPacking
import Synchronization
import Units

/// Answers from a state as it was, those who had left its memory by then, and what payloads are packed with.
typealias PastBody<Answer> =
    @Sendable (inout JobState, FinishedJobs, PayloadDictionaries) throws(EngineError) -> Answer

/// Answers questions about the past, one after another on a thread that may block.
///
/// Keeps the state that it made last for a while, because a listing comes page by page.
final class PastDesk: Sendable {
    private struct Kept: ~Copyable {
        var moment: Moment?
        var past = PastState(
            state: JobState(hash: KeyedHash(low: 0, high: 0)), dictionaries: PayloadDictionaries())
        /// Questions so far.
        var uses: UInt64 = 0
    }

    private let fold: PastFold
    private let finishedJobs: FinishedJobs
    private let queue = DispatchQueue(label: "daybook.past")
    private let kept = Mutex(Kept())
    /// After so long without a question its memory is free again.
    private static let patience = DispatchTimeInterval.seconds(30)

    init(fold: PastFold, finishedJobs: FinishedJobs) {
        self.fold = fold
        self.finishedJobs = finishedJobs
    }

    /// Calls `body` with the state as it was, and with those who had left its memory by then.
    func ask<Answer: Sendable>(
        _ moment: Moment,
        _ body: @escaping PastBody<Answer>
    ) async throws(EngineError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            queue.async { [self] in
                continuation.resume(
                    returning: Result { () throws(EngineError) in try answer(moment, body) })
            }
        }
        return try result.get()
    }

    private func answer<Answer: Sendable>(
        _ moment: Moment,
        _ body: PastBody<Answer>
    ) throws(EngineError) -> Answer {
        try kept.withLock { kept throws(EngineError) in
            if kept.moment != moment {
                kept = Kept(moment: nil, uses: kept.uses)
                kept.past = try fold.run(moment)
                kept.moment = moment
            }
            kept.uses += 1
            let uses = kept.uses
            queue.asyncAfter(deadline: .now() + Self.patience) { [weak self] in
                self?.forget(after: uses)
            }
            var ended = finishedJobs
            ended.endedThrough = kept.past.state.appliedLSN
            return try body(&kept.past.state, ended, kept.past.dictionaries)
        }
    }

    private func forget(after uses: UInt64) {
        kept.withLock { kept in
            if kept.uses == uses { kept = Kept(uses: uses) }
        }
    }
}
