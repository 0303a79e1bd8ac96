import JobModel
import JobState
import Units

/// Takes the answer to one request: called once, on the writer's or the disk's thread, not to block.
typealias Reply<Answer: Sendable> = @Sendable (Result<Answer, EngineError>) -> Void

/// Names a claim that waits, so that it can be withdrawn.
struct ClaimID: Hashable, Sendable {
    let number: UInt64
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
    let now: WallTime
    /// As it was submitted, where memory has it; nil: only the log does.
    let payload: [UInt8]?
    let progress: [UInt8]?
    let lastFailure: LSN?
    /// Token of the newest attempt, ended or not; nil before the first.
    let newestToken: LSN?
    /// When its user and its type were held back lately.
    let holds: [HoldSpan]
    /// When a worker last asked for its type; nil: none has since the start.
    let lastAsked: WallTime?
}

/// One entry of the inbox: a wish and who waits for the answer.
enum Request: Sendable {
    case submit(SubmissionBatch, Reply<SubmitReceipt>)
    case submitMany(SubmissionBatch, Reply<[SubmitOutcome]>)
    case change(JobKey, JobChange, Reply<JobView>)
    /// `wait`: how long to stay in line if nothing is ready.
    case claim(ClaimID, ClaimOrder, wait: TimeSpan, Reply<GrantList>)
    case withdraw(ClaimID)
    case attempt(AttemptReport, Reply<JobView>)
    case attempts(ReportBatch, Reply<[AttemptOutcome]>)
    case redrive(RedriveOrder, Reply<RedriveResult>)
    case control(ControlScope, ControlChange, Reply<Control>)
    case look(JobKey, Reply<Look>)
    case list(JobQuery, Reply<JobPage>)
    case deadLetters(DeadLetterQuery, Reply<JobPage>)
    case users(skip: Int, limit: Int, Reply<UserPage>)
    case controls(Reply<[ScopedControl]>)
    case stats(Reply<EngineStats>)
    case digest(Reply<StateDigest>)
    case snapshot(Reply<SnapshotOutcome>)

    /// Always taken: there is one for each waiting claim at most, and it makes room.
    var isWithdrawal: Bool {
        if case .withdraw = self { true } else { false }
    }

    /// Commands in it: what the inbox counts.
    var commandCount: Int {
        switch self {
        case .submitMany(let batch, _): batch.count
        case .attempts(let reports, _): reports.count
        default: 1
        }
    }

    /// What the request may write; nil where it only looks.
    var spaceUse: SpaceBudget.Use? {
        switch self {
        case .submit, .submitMany, .redrive: .submit
        case .claim: .claim
        case .change, .control: .finish(payloadBytes: 0)
        case .attempt(let report, _): .finish(payloadBytes: report.step.payloadBytes)
        case .attempts(let reports, _): .finish(payloadBytes: reports.bytesMax)
        case .withdraw, .look, .list, .deadLetters, .users, .controls, .stats, .digest, .snapshot:
            nil
        }
    }

    /// Answers that the engine cannot take the request; nothing was done.
    func refuse(_ error: EngineError) {
        switch self {
        case .submit(_, let reply): reply(.failure(error))
        case .submitMany(_, let reply): reply(.failure(error))
        case .change(_, _, let reply), .attempt(_, let reply): reply(.failure(error))
        case .claim(_, _, _, let reply): reply(.failure(error))
        case .withdraw: break
        case .attempts(_, let reply): reply(.failure(error))
        case .redrive(_, let reply): reply(.failure(error))
        case .control(_, _, let reply): reply(.failure(error))
        case .look(_, let reply): reply(.failure(error))
        case .list(_, let reply), .deadLetters(_, let reply): reply(.failure(error))
        case .users(_, _, let reply): reply(.failure(error))
        case .controls(let reply): reply(.failure(error))
        case .stats(let reply): reply(.failure(error))
        case .digest(let reply): reply(.failure(error))
        case .snapshot(let reply): reply(.failure(error))
        }
    }
}
