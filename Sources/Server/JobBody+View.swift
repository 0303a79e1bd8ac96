import Engine
import JobModel
import Units
import Wire

/// Jobs as the wire shows them.
extension JobBody {
    /// A job in a list, or as a command left it: without its payload.
    init(_ view: JobView) {
        let policy = view.policy
        self.init(
            user: view.key.user.text, job: view.key.job.text, type: view.type.text,
            status: view.status.name, jobStatus: view.status.jobStatus,
            executionTime: view.executionTime, expiresAt: view.expiresAt,
            priority: Int(view.priority),
            contentType: policy.contentType, resultLocation: view.resultLocation,
            maxRetries: policy.maxRetries, backoff: BackoffBody(policy.backoff),
            leaseSeconds: policy.leaseDuration.seconds, runLimitSeconds: policy.runLimit?.seconds,
            leaseExpiriesMax: policy.leaseExpiriesMax,
            recurrence: view.recurrence.map { RecurrenceBody($0) },
            occurrenceOf: view.occurrenceOf?.text, attempt: view.attempt,
            leaseExpiries: view.leaseExpiries,
            submittedAt: view.submittedAt, updatedAt: view.updatedAt,
            nextAttemptAt: view.nextAttemptAt, hold: view.hold.map { HoldBody($0) },
            worker: view.lease?.worker.text, token: view.lease?.token.rawValue,
            leaseUntil: view.lease?.until,
            submittedLSN: view.submittedLSN.rawValue, lastLSN: view.lastLSN.rawValue)
    }

    /// One job with all there is to show.
    init(_ detail: JobDetail) {
        self.init(detail.job)
        let shown = ShownPayload(
            detail.payload ?? [], contentType: detail.job.policy.contentType)
        payload = shown.json
        payloadBase64 = shown.base64
        payloadDropped = detail.payload == nil ? true : nil
        progress = detail.progress
        lastFailure = detail.lastFailure.map {
            FailureBody(time: $0.time, reason: $0.reason.name, message: $0.message)
        }
    }
}

extension BackoffBody {
    init(_ backoff: Backoff) {
        self.init(
            initialSeconds: backoff.initial.seconds, factor: Double(backoff.factorPercent) / 100,
            maxSeconds: backoff.max.seconds, jitter: Double(backoff.jitterPercent) / 100)
    }
}

extension HoldBody {
    init(_ hold: Hold) {
        self.init(reason: hold.name)
        switch hold {
        case .notDue(let time), .backoff(let time): until = time
        case .typeLimit(let max), .userLimit(let max): limit = Int(max)
        case .previousOccurrence, .typePaused, .userPaused, .noWorker: break
        }
    }
}

extension WhyBody {
    init(_ why: Why) {
        let job = why.job
        self.init(
            user: job.key.user.text, job: job.key.job.text, type: job.type.text,
            status: job.status.name,
            spans: why.spans.map {
                Span(
                    from: $0.from, to: $0.to, seconds: $0.to.span(since: $0.from).seconds,
                    hold: $0.hold.map { HoldBody($0) }, worker: $0.worker?.text)
            },
            leaseUntil: job.lease?.until, lastAsked: why.lastAsked, isTruncated: why.isTruncated)
    }
}

extension GrantBody {
    init(_ grant: Grant) {
        let job = grant.job
        guard let lease = job.lease else {
            preconditionFailure("job \(job.key) was granted without a lease")
        }
        let shown = ShownPayload(grant.payload, contentType: job.policy.contentType)
        self.init(
            user: job.key.user.text, job: job.key.job.text, type: job.type.text,
            token: lease.token.rawValue, attempt: job.attempt, payload: shown.json,
            payloadBase64: shown.base64, contentType: job.policy.contentType,
            resultLocation: job.resultLocation, executionTime: job.executionTime,
            leaseSeconds: lease.until.span(since: job.updatedAt).seconds, leaseUntil: lease.until,
            checkpoint: grant.checkpoint)
    }
}

extension AttemptBody {
    init(_ view: JobView) {
        self.init(
            user: view.key.user.text, job: view.key.job.text, status: view.status.name,
            attempt: view.attempt, leaseUntil: view.lease?.until, nextAttemptAt: view.nextAttemptAt)
    }
}
