import JobModel
import Units

/// Takes the answer to one request: called once, on the writer's or the disk's thread, not to block.
typealias Reply<Answer: Sendable> = @Sendable (Result<Answer, EngineError>) -> Void

/// Names a claim that waits, so that it can be withdrawn.
struct ClaimID: Hashable, Sendable {
    let number: UInt64
}

/// What a worker says about its attempt.
enum AttemptStep: Sendable {
    case start
    case heartbeat(leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?)
    case succeed(message: String?)
    case fail(isRetriable: Bool, message: String?)
}

extension AttemptStep {
    var payloadBytes: Int {
        switch self {
        case .start: 0
        case .heartbeat(_, let progress, let checkpoint):
            (progress?.count ?? 0) + (checkpoint?.count ?? 0)
        case .succeed(let message): message?.utf8.count ?? 0
        case .fail(_, let message): message?.utf8.count ?? 0
        }
    }
}

/// A job with what memory knows of it beyond its view.
struct Look: Sendable {
    let job: JobView
    let progress: [UInt8]?
    let lastFailure: LSN?
    /// Token of the newest attempt, ended or not; nil before the first.
    let newestToken: LSN?
}

/// One entry of the inbox: a wish and who waits for the answer.
enum Request: Sendable {
    case submit(JobKey, JobContent, Reply<SubmitReceipt>)
    case cancel(JobKey, Reply<JobView>)
    /// `wait`: how long to stay in line if nothing is ready.
    case claim(ClaimID, ClaimOrder, wait: TimeSpan, Reply<[Grant]>)
    case withdraw(ClaimID)
    case attempt(token: LSN, AttemptStep, Reply<JobView>)
    case look(JobKey, Reply<Look>)
    case list(JobQuery, Reply<JobPage>)
    case users(skip: Int, limit: Int, Reply<UserPage>)
    case stats(Reply<EngineStats>)

    /// Always taken: there is one for each waiting claim at most, and it makes room.
    var isWithdrawal: Bool {
        if case .withdraw = self { true } else { false }
    }

    /// What the request may write; nil where it only looks.
    var spaceUse: SpaceBudget.Use? {
        switch self {
        case .submit: .submit
        case .claim: .claim
        case .cancel: .finish(payloadBytes: 0)
        case .attempt(_, let step, _): .finish(payloadBytes: step.payloadBytes)
        case .withdraw, .look, .list, .users, .stats: nil
        }
    }

    /// Answers that the engine cannot take the request; nothing was done.
    func refuse(_ error: EngineError) {
        switch self {
        case .submit(_, _, let reply): reply(.failure(error))
        case .cancel(_, let reply), .attempt(_, _, let reply): reply(.failure(error))
        case .claim(_, _, _, let reply): reply(.failure(error))
        case .withdraw: break
        case .look(_, let reply): reply(.failure(error))
        case .list(_, let reply): reply(.failure(error))
        case .users(_, _, let reply): reply(.failure(error))
        case .stats(let reply): reply(.failure(error))
        }
    }
}
