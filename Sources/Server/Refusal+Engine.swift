import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// What the engine refuses, as an answer that says what to do.
extension Refusal {
    init(_ error: EngineError) {
        switch error {
        case .rejected(let rejection):
            self.init(rejection)
        case .overloaded:
            self.init(
                .tooManyRequests, "overloaded",
                "too many requests wait already and nothing was changed: try again in a second")
            retryAfterSeconds = 1
        case .outOfSpace:
            self.init(
                HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "outOfSpace",
                "the daemon's disk is full and nothing was changed: free space there (it goes on by "
                    + "itself), and send this again; running jobs can still be finished")
            retryAfterSeconds = 5
        case .notServing:
            self.init(
                .serviceUnavailable, "notServing",
                "the daemon is starting, shutting down or cannot write its log (/readyz says which);"
                    + " nothing was changed: try again, a submit with the same job id is safe")
            retryAfterSeconds = 5
        case .outcomeUnknown:
            self.init(
                .serviceUnavailable, "outcomeUnknown",
                "the log failed while this was being written, so it may or may not have happened: "
                    + "repeat it later; a submit may be repeated safely with the same job id")
            retryAfterSeconds = 5
        case .historyMissing(let reason):
            self.init(
                .serviceUnavailable, "historyMissing",
                "\(reason) (/v1/stats says how far it is), and the job may have ended there: "
                    + "nothing was changed, try again; a submit with the same job id is safe")
            retryAfterSeconds = 5
        case .unreadable(let reason):
            self.init(
                .internalServerError, "logUnreadable",
                "the log could not be read back: \(reason); run 'daybook log verify'")
        }
    }

    init(_ rejection: Rejection) {
        switch rejection {
        case .unknownUser(let user):
            self.init(
                .notFound, "unknownUser",
                "there is no user '\(user)': a user is there from their first submit on",
                field: "user")
        case .unknownJob(let key):
            self.init(
                .notFound, "unknownJob",
                "user '\(key.user)' has no job '\(key.job)': list their jobs to see which there are",
                field: "job")
        case .contentConflict(let key):
            self.init(
                .conflict, "contentConflict",
                "user '\(key.user)' has a job '\(key.job)' with other content: submit this one "
                    + "under another job id, or send exactly what was sent at first",
                field: "job")
        case .unknownToken(let token):
            self = .unknownToken("\(token)")
        case .staleToken(let token, let job):
            self.init(staleToken: token, job)
        case .wrongStatus(let key, let status, let wanted):
            self.init(
                .conflict, "wrongStatus",
                "user '\(key.user)' job '\(key.job)' is \(status.name): '\(wanted.rawValue)' is "
                    + "not possible from there; \(wanted.rule)")
        case .waitingLimit(let user, let limit):
            self.init(
                .tooManyRequests, "waitingLimit",
                "user '\(user)' may have \(limit) jobs waiting and has as many; nothing was "
                    + "changed: try again when some have run, or ask for a higher limit",
                field: "user")
            retryAfterSeconds = 5
        case .momentAhead(let newest, let now):
            self = .field(
                "asOf",
                "has not come yet: the newest event is \(newest), and it is \(now) now")
        case .momentDropped(let oldest):
            let rest = oldest.map { "the past can be told from event \($0) on" }
            self = .field(
                "asOf",
                "lies before what retention has kept: \(rest ?? "no moment of the past can be told")"
            )
        case .invalidRecurrence(let fault):
            self.init(fault)
        }
    }

    private init(staleToken token: LSN, _ job: JobView) {
        let holder = ErrorBody.AttemptHolder(
            user: job.key.user.text, job: job.key.job.text, status: job.status.name,
            attempt: job.attempt, worker: job.lease?.worker.text,
            token: job.lease?.token.rawValue)
        if job.status == .cancelled {
            self.init(
                .conflict, "cancelled",
                "user '\(job.key.user)' job '\(job.key.job)' was cancelled: stop working on it, "
                    + "whatever comes of it is not taken",
                holder: holder)
            return
        }
        let standing =
            job.lease.map { "'\($0.worker)' holds it now, in attempt \(job.attempt)" }
            ?? "nobody holds it now, it is \(job.status.name)"
        self.init(
            .conflict, "staleToken",
            "token \(token) no longer holds user '\(job.key.user)' job '\(job.key.job)': "
                + "\(standing); stop working on it and claim again",
            holder: holder)
    }
}

extension Transition {
    /// From where it is possible, in words.
    fileprivate var rule: String {
        switch self {
        case .start, .heartbeat, .fail: "only the worker that has claimed it can do that"
        case .succeed: "report 'start' first"
        case .cancel: "only a job that has not ended can be cancelled"
        case .redrive: "only a dead letter (FATAL_FAILURE) can be redriven"
        case .reschedule:
            "only a job that waits (NOT_STARTED, RETRIABLE_FAILURE) and does not recur can be "
                + "rescheduled"
        }
    }
}
