import Engine
package import JobModel
package import Units
package import Wire

/// Events as the timeline and `daybook log replay` show them.
extension EventBody {
    private typealias Fields = [(name: String, value: EventValue)]

    /// The event at `lsn` of the log.
    package init(lsn: LSN, event: Event) {
        var fields: Fields = []
        if let reference = event.fact.reference {
            fields.append(("submittedLSN", .lsn(reference.submitted)))
            fields.append(("previousLSN", .lsn(reference.previous)))
        }
        fields += Self.fields(of: event.fact)
        self.init(
            lsn: lsn.rawValue, time: event.time, event: event.fact.name, fields: fields)
    }

    private static func fields(of fact: Fact) -> Fields {
        switch fact {
        case .submitted(let key, let content, _, let firstTick):
            fields(of: content, key: key) + time("firstTick", firstTick)
        case .claimed(_, let worker, let lease):
            [("worker", .text(worker.text)), ("leaseSeconds", .seconds(lease.seconds))]
        case .processing: []
        case .cancelled(_, let reason): [("reason", .text(reason.name))]
        case .heartbeat(_, let lease, let progress, let checkpoint):
            [("leaseSeconds", .seconds(lease.seconds))] + json("progress", progress)
                + json("checkpoint", checkpoint)
        case .succeeded(_, let message): text("message", message)
        case .retriableFailed(_, let reason, let message, let retryAt):
            [("reason", .text(reason.name))] + text("message", message)
                + [("retryAt", .time(retryAt))]
        case .fatalFailed(_, let reason, let message, let retriesExhausted):
            [("reason", .text(reason.name))] + text("message", message)
                + [("retriesExhausted", .flag(retriesExhausted))]
        case .redriven(_, let dueAt): [("dueAt", .time(dueAt))]
        case .rescheduled(_, let priority, let executionTime):
            time("executionTime", executionTime) + number("priority", priority)
        case .ticked(_, let tick): fields(of: tick)
        case .controlChanged(let scope, let control): fields(of: control, scope)
        }
    }

    private static func fields(of tick: Tick) -> Fields {
        [("at", .time(tick.at)), ("outcome", .text(tick.outcome.name))]
            + number("missedCount", tick.missedCount) + time("next", tick.next)
    }

    private static func fields(of control: Control?, _ scope: ControlScope) -> Fields {
        let scope: Fields = [("scope", .text(scope.kindName))] + text("name", scope.name)
        guard let control else { return scope + [("reset", .flag(true))] }
        let fields = scope + [("paused", .flag(control.isPaused))]
        return fields + number("waitingMax", control.waitingMax)
            + number("runningMax", control.runningMax)
    }

    private static func fields(of content: JobContent, key: JobKey) -> Fields {
        let policy = content.policy
        let shown = ShownPayload(content.payload, contentType: policy.contentType)
        var fields: Fields = [
            ("user", .text(key.user.text)), ("job", .text(key.job.text)),
            ("type", .text(content.type.text)),
        ]
        fields += time("executionTime", content.executionTime)
        fields += time("expiresAt", content.expiresAt)
        fields += number("priority", content.priority)
        fields += json("payload", shown.json) + text("payloadBase64", shown.base64)
        fields += text("contentType", policy.contentType)
        fields += text("resultLocation", content.resultLocation)
        fields += number("maxRetries", policy.maxRetries)
        fields.append(("backoff", .json(BackoffBody(policy.backoff).json())))
        fields.append(("leaseSeconds", .seconds(policy.leaseDuration.seconds)))
        if let limit = policy.runLimit {
            fields.append(("runLimitSeconds", .seconds(limit.seconds)))
        }
        fields += number("leaseExpiriesMax", policy.leaseExpiriesMax)
        fields += json("recurrence", content.recurrence.map { RecurrenceBody($0).json() })
        return fields
    }

    private static func text(_ name: String, _ text: String?) -> Fields {
        text.map { [(name, .text($0))] } ?? []
    }

    private static func time(_ name: String, _ time: WallTime?) -> Fields {
        time.map { [(name, .time($0))] } ?? []
    }

    private static func number(_ name: String, _ number: (some BinaryInteger)?) -> Fields {
        number.map { [(name, .number(Int64($0)))] } ?? []
    }

    /// Without the line breaks that it may have been sent with: an event is one line.
    private static func json(_ name: String, _ json: [UInt8]?) -> Fields {
        json.map { [(name, .json(JSONText.compact($0)))] } ?? []
    }
}

extension EventValue {
    fileprivate static func lsn(_ lsn: LSN) -> EventValue {
        .number(Int64(clamping: lsn.rawValue))
    }
}

extension TimelineBody {
    init(_ timeline: Timeline) {
        self.init(
            events: timeline.events.map { EventBody(lsn: $0.lsn, event: $0.event) },
            isTruncated: timeline.isTruncated,
            droppedLSN: timeline.droppedThrough?.rawValue)
    }
}
