import Engine
package import JobModel
package import Units
package import Wire

/// Events as the timeline and `daybook log replay` show them.
extension EventBody {
    /// The event at `lsn` of the log.
    package init(lsn: LSN, event: Event) {
        var fields: [(name: String, value: EventValue)] = []
        if let reference = event.fact.reference {
            fields.append(("submittedLSN", .lsn(reference.submitted)))
            fields.append(("previousLSN", .lsn(reference.previous)))
        }
        fields += Self.fields(of: event.fact)
        self.init(
            lsn: lsn.rawValue, time: event.time, event: event.fact.name, fields: fields)
    }

    private static func fields(of fact: Fact) -> [(name: String, value: EventValue)] {
        switch fact {
        case .submitted(let key, let content): fields(of: content, key: key)
        case .claimed(_, let worker, let lease):
            [("worker", .text(worker.text)), ("leaseSeconds", .seconds(lease.seconds))]
        case .processing, .cancelled: []
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
        }
    }

    private static func fields(
        of content: JobContent, key: JobKey
    ) -> [(name: String, value: EventValue)] {
        let policy = content.policy
        let shown = ShownPayload(content.payload, contentType: policy.contentType)
        return [
            ("user", .text(key.user.text)), ("job", .text(key.job.text)),
            ("type", .text(content.type.text)),
        ] + (content.executionTime.map { [("executionTime", .time($0))] } ?? []) + [
            ("priority", .number(Int64(content.priority)))
        ] + json("payload", shown.json) + text("payloadBase64", shown.base64) + [
            ("contentType", .text(policy.contentType))
        ] + text("resultLocation", content.resultLocation) + [
            ("maxRetries", .number(Int64(policy.maxRetries))),
            ("backoff", .json(BackoffBody(policy.backoff).json())),
            ("leaseSeconds", .seconds(policy.leaseDuration.seconds)),
        ] + (policy.runLimit.map { [("runLimitSeconds", .seconds($0.seconds))] } ?? [])
    }

    private static func text(
        _ name: String, _ text: String?
    ) -> [(name: String, value: EventValue)] {
        text.map { [(name, .text($0))] } ?? []
    }

    /// Without the line breaks that it may have been sent with: an event is one line.
    private static func json(
        _ name: String, _ json: [UInt8]?
    ) -> [(name: String, value: EventValue)] {
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
            isTruncated: timeline.isTruncated)
    }
}
