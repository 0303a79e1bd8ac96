import Cron
import FoundationEssentials
import JobModel
import Units

/// What an application gave, checked against the bounds of the job model.
extension Job {
    func key() throws(SchedulerError) -> JobKey {
        let bytesMax = JobLimits.recurringJobBytesMax
        if recurrence != nil, id.utf8.count > bytesMax {
            throw .invalid(
                field: "id",
                problem:
                    "is \(id.utf8.count) bytes long: a job that recurs has at most \(bytesMax), its "
                    + "occurrences add '@' and a time to it")
        }
        return try JobKey(user: user, id: id)
    }

    func content() throws(SchedulerError) -> JobContent {
        let bytesMax = JobLimits.payloadBytesMax
        guard payload.count <= bytesMax else {
            throw .invalid(
                field: "payload",
                problem: "is \(payload.count) bytes long: at most \(bytesMax) are allowed")
        }
        let due = try executionTime.map { date throws(SchedulerError) in
            try WallTime(date, "executionTime")
        }
        let expiry = try expiresAt.map { date throws(SchedulerError) in
            try WallTime(date, "expiresAt")
        }
        if let due, let expiry, expiry <= due {
            throw .invalid(field: "expiresAt", problem: "must be later than 'executionTime'")
        }
        return JobContent(
            type: try JobType(checking: type),
            executionTime: due, expiresAt: expiry, priority: priority, payload: payload,
            policy: try policy.checked(contentType: try checkedContentType()),
            recurrence: try recurrence.map { rule throws(SchedulerError) in try rule.checked() })
    }

    private func checkedContentType() throws(SchedulerError) -> String {
        let bytesMax = JobLimits.contentTypeBytesMax
        guard (1...bytesMax).contains(contentType.utf8.count),
            contentType.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), contentType.contains("/")
        else {
            throw .invalid(
                field: "contentType",
                problem:
                    "must be a media type of 1 to \(bytesMax) printable ASCII bytes, for instance text/plain"
            )
        }
        return contentType
    }
}

extension RetryPolicy {
    fileprivate func checked(contentType: String) throws(SchedulerError) -> JobPolicy {
        JobPolicy(
            maxRetries: try check(maxRetries, "maxRetries", 0...JobLimits.retriesMax),
            backoff: try checkedBackoff(),
            leaseDuration: try TimeSpan(
                leaseDuration, "leaseDuration", JobLimits.leaseMin...JobLimits.leaseMax),
            runLimit: try runLimit.map { limit throws(SchedulerError) in
                try TimeSpan(limit, "runLimit", .milliseconds(1)...JobLimits.runLimitMax)
            },
            leaseExpiriesMax: try check(
                leaseExpiriesMax, "leaseExpiriesMax", 0...JobLimits.leaseExpiriesMax),
            contentType: contentType)
    }

    private func checkedBackoff() throws(SchedulerError) -> Backoff {
        let bounds = TimeSpan.zero...JobLimits.backoffMax
        let factorMax = Double(JobLimits.backoffFactorPercentMax) / 100
        let backoff = Backoff(
            initial: try TimeSpan(backoffInitial, "backoffInitial", bounds),
            factorPercent: percent(try check(backoffFactor, "backoffFactor", 1...factorMax)),
            max: try TimeSpan(backoffMax, "backoffMax", bounds),
            jitterPercent: percent(try check(backoffJitter, "backoffJitter", 0...1)))
        guard backoff.initial <= backoff.max else {
            throw .invalid(field: "backoffMax", problem: "must not be less than 'backoffInitial'")
        }
        return backoff
    }

    private func percent(_ number: Double) -> UInt32 { UInt32((number * 100).rounded()) }
}

extension Recurrence {
    fileprivate func checked() throws(SchedulerError) -> JobModel.Recurrence {
        JobModel.Recurrence(
            rule: try checkedRule(), overlap: overlapPolicy, missed: try missedPolicy())
    }

    private func checkedRule() throws(SchedulerError) -> RecurrenceRule {
        let bounds = JobLimits.intervalMin...JobLimits.intervalMax
        switch rule {
        case .fixedRate(let interval):
            return .fixedRate(try TimeSpan(interval, "fixedRate", bounds))
        case .fixedDelay(let interval):
            return .fixedDelay(try TimeSpan(interval, "fixedDelay", bounds))
        case .cron(let text, let zone):
            let bytesMax = JobLimits.cronBytesMax
            guard text.utf8.count <= bytesMax else {
                throw .invalid(
                    field: "cron",
                    problem: "is \(text.utf8.count) bytes long: at most \(bytesMax) are allowed")
            }
            try Self.reading("cron") { () throws(CronError) in _ = try CronExpression(text) }
            try Self.reading("zone") { () throws(CronError) in _ = try Zone(named: zone) }
            return .cron(text, zone: zone)
        }
    }

    private static func reading(
        _ field: String, _ read: () throws(CronError) -> Void
    ) throws(SchedulerError) {
        do throws(CronError) {
            try read()
        } catch {
            throw .invalid(field: field, problem: "cannot be taken: \(error)")
        }
    }

    private var overlapPolicy: OverlapPolicy {
        switch overlap {
        case .skip: .skip
        case .queue: .queue
        case .allow: .allow
        }
    }

    private func missedPolicy() throws(SchedulerError) -> MissedTickPolicy {
        switch missed {
        case .skip: .skip
        case .once: .once
        case .all(let max): .all(max: try check(max, "missed", 1...JobLimits.catchUpMax))
        }
    }
}

extension JobKey {
    init(user: String, id: String) throws(SchedulerError) {
        self.init(user: try UserID(checking: user), job: try JobID(checking: id))
    }
}

extension UserID {
    init(checking text: String) throws(SchedulerError) {
        self = try checked("user") { () throws(InvalidField) in try Self(text) }
    }
}

extension JobID {
    init(checking text: String) throws(SchedulerError) {
        self = try checked("id") { () throws(InvalidField) in try Self(text) }
    }
}

extension JobType {
    init(checking text: String) throws(SchedulerError) {
        self = try checked("type") { () throws(InvalidField) in try Self(text) }
    }
}

/// A name that an application gave as `field`.
private func checked<Name>(
    _ field: String, _ make: () throws(InvalidField) -> Name
) throws(SchedulerError) -> Name {
    do throws(InvalidField) {
        return try make()
    } catch {
        throw .invalid(field: field, problem: error.problem)
    }
}

func check<Number: Comparable>(
    _ number: Number, _ field: String, _ bounds: ClosedRange<Number>
) throws(SchedulerError) -> Number {
    guard bounds.contains(number) else {
        throw .invalid(
            field: field,
            problem: "is \(number): it must be from \(bounds.lowerBound) to \(bounds.upperBound)")
    }
    return number
}
