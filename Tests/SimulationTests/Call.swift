import Engine
import JobModel
import Units

/// One request to the engine, as its caller knows it.
struct Call: Sendable {
    enum Wish: Sendable {
        case submit([Submission], asBatch: Bool)
        case change(JobKey, JobChange)
        case claim(ClaimOrder, wait: TimeSpan)
        case report([AttemptReport], asBatch: Bool)
        case redrive(RedriveOrder)
        case control(ControlScope, ControlChange)
        case look(JobKey)
        case list(JobQuery)
    }

    let number: Int
    let wish: Wish
    let caller: Caller
    /// The turn that it was put in line for.
    let turn: Int
}

struct Submission: Hashable, Sendable {
    let key: JobKey
    let content: JobContent
}

/// Who is to be told the answer.
enum Caller: Hashable, Sendable {
    case client, stranger, operators
    case worker(Int)
    /// A worker about one of its attempts.
    case attempt(Int)
}

enum Answer: Sendable {
    case submitted(SubmitReceipt)
    case outcomes([SubmitOutcome])
    case job(JobView)
    case grants([Grant])
    case attempts([AttemptOutcome])
    case redriven(RedriveResult)
    case control(Control)
    case page(JobPage)
    case refused(EngineError)
    /// The engine died before it answered.
    case lost

    /// What was asked may or may not have happened.
    var isUnknown: Bool {
        switch self {
        case .lost, .refused(.outcomeUnknown): true
        default: false
        }
    }
}

/// A call and what became of it.
struct Exchange: Sendable {
    let call: Call
    let answer: Answer
    /// The turn in which it was answered.
    let turn: Int
}
