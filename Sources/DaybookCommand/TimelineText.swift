import Units
import Wire

/// A job's events told in words, one line each; heartbeats in a row share a line.
struct TimelineText {
    private(set) var lines: [String] = []
    private var attempt = 0
    private var submittedAt: WallTime?
    /// When the job could next run: its execution time, then its retry.
    private var dueAt: WallTime?
    private var claimedAt: WallTime?
    private var lastAt: WallTime?
    private var heartbeats: [EventBody] = []

    init(_ timeline: TimelineBody) {
        if timeline.isTruncated { lines.append("(older events are left out)") }
        if let lsn = timeline.droppedLSN {
            lines.append("(older events are gone: retention has dropped all up to event \(lsn))")
        }
        for event in timeline.events {
            if event.event == "Heartbeat" {
                heartbeats.append(event)
            } else {
                tellHeartbeats()
                tell(event, words(for: event))
            }
        }
        tellHeartbeats()
    }

    private mutating func tell(_ event: EventBody, _ words: String) {
        let elapsed = lastAt.map { "+" + event.time.span(since: $0).text } ?? ""
        let space = String(repeating: " ", count: max(1, 13 - elapsed.count))
        lines.append("\(event.time.columnText)  \(elapsed)\(space)\(printable(words))")
        lastAt = event.time
    }

    private mutating func tellHeartbeats() {
        guard let last = heartbeats.last else { return }
        var words =
            heartbeats.count == 1 ? "heartbeat" : "the last of \(heartbeats.count) heartbeats"
        if let progress = last.text("progress") { words += ", progress \(progress)" }
        if last.text("checkpoint") != nil { words += ", with a checkpoint" }
        heartbeats = []
        tell(last, words)
    }

    private mutating func words(for event: EventBody) -> String {
        switch event.event {
        case "Submitted": submitted(event)
        case "Claimed": claimed(event)
        case "Processing": "started"
        case "Succeeded": "succeeded" + ran(event) + note(event)
        case "RetriableFailed": failed(event) + retry(event)
        case "FatalFailed":
            failed(event) + (isExhausted(event) ? "; no retries left" : "; for good")
        case "Cancelled":
            event.text("reason") == "expired" ? "cancelled: not started in time" : "cancelled"
        case "Redriven": redriven(event)
        case "Rescheduled": rescheduled(event)
        case "Ticked": ticked(event)
        default: event.event
        }
    }

    private mutating func submitted(_ event: EventBody) -> String {
        submittedAt = event.time
        dueAt = event.time("firstTick") ?? event.time("executionTime") ?? event.time
        let verb = event.text("firstTick") == nil ? "run" : "tick first"
        guard let dueAt, dueAt > event.time else { return "submitted, to \(verb) at once" }
        return "submitted, to \(verb) in \(dueAt.span(since: event.time).text)"
    }

    private mutating func redriven(_ event: EventBody) -> String {
        dueAt = event.time("dueAt")
        guard let dueAt, dueAt > event.time else { return "redriven, to run at once" }
        return "redriven, to run in \(dueAt.span(since: event.time).text)"
    }

    private mutating func rescheduled(_ event: EventBody) -> String {
        let priority = event.text("priority").map { "to priority \($0)" }
        let time = event.time("executionTime")
        dueAt = time ?? dueAt
        let words = [priority, time.map { "to run at \($0.columnText)" }].compactMap(\.self)
        return "rescheduled " + words.joined(separator: " and ")
    }

    /// An event of the recurring job, and the first one of its occurrence.
    private mutating func ticked(_ event: EventBody) -> String {
        let at = event.time("at") ?? event.time
        if submittedAt == nil {
            submittedAt = event.time
            dueAt = at
        }
        let outcome =
            switch event.text("outcome") {
            case "submitted": "an occurrence was submitted"
            case "queued": "an occurrence waits for the one before"
            case "overlapped": "skipped, the occurrence before had not ended"
            case "missed": "missed, not made up"
            case "taken": "skipped, the occurrence's id is taken"
            case let other: other ?? "?"
            }
        let missed = event.text("missedCount") ?? "0"
        let before = missed == "0" ? "" : " (\(missed) earlier ticks were missed)"
        let next = event.time("next").map { "; next at \($0.columnText)" } ?? ""
        return "tick of \(at.columnText): \(outcome)\(before)\(next)"
    }

    private mutating func claimed(_ event: EventBody) -> String {
        attempt += 1
        claimedAt = event.time
        let words = "claimed by \(event.text("worker") ?? "?") as attempt \(attempt)"
        guard let due = [dueAt, submittedAt].compactMap({ $0 }).max() else { return words }
        return words + ", \(event.time.span(since: due).text) after it was due"
    }

    private func failed(_ event: EventBody) -> String {
        switch event.text("reason") {
        case "leaseExpired": "lease expired: the worker fell silent" + ran(event) + note(event)
        case "poison": "poison" + ran(event) + note(event)
        case "runLimitExceeded": "run limit exceeded" + ran(event) + note(event)
        default: "failed" + ran(event) + note(event)
        }
    }

    private func note(_ event: EventBody) -> String {
        event.text("message").map { ": " + $0 } ?? ""
    }

    private func ran(_ event: EventBody) -> String {
        claimedAt.map { " after \(event.time.span(since: $0).text)" } ?? ""
    }

    private mutating func retry(_ event: EventBody) -> String {
        dueAt = event.time("retryAt")
        return dueAt.map { "; retry in \($0.span(since: event.time).text)" } ?? ""
    }

    private func isExhausted(_ event: EventBody) -> Bool {
        event.fields.contains { $0.name == "retriesExhausted" && $0.value == .flag(true) }
    }
}

extension EventBody {
    /// The field called `name` as text, whatever kind of value it is.
    fileprivate func text(_ name: String) -> String? {
        switch fields.first(where: { $0.name == name })?.value {
        case .text(let text): text
        case .json(let bytes): String(decoding: bytes, as: UTF8.self)
        case .number(let number): String(number)
        case .seconds(let seconds): String(seconds)
        case .flag(let flag): String(flag)
        case .time(let time): time.description
        case nil: nil
        }
    }

    fileprivate func time(_ name: String) -> WallTime? {
        text(name).flatMap { WallTime(rfc3339: $0) }
    }
}
