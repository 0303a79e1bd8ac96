import Units
import Wire

/// Why a job waited, as a table, and what it waits for now, in words.
struct WhyText {
    private let why: WhyBody

    init(_ why: WhyBody) {
        self.why = why
    }

    func put() {
        if why.isTruncated { putLine("(older events are left out)") }
        var table = Table(["FROM", "SECONDS", "WHAT"], rightAligned: [1])
        var total = TimeSpan.zero
        for span in why.spans {
            let length = span.to.span(since: span.from)
            total = TimeSpan(microseconds: total.microseconds + length.microseconds)
            table.add([
                span.from.columnText, Self.seconds(length),
                span.worker.map { "run by \($0)" } ?? span.hold.map(Self.past) ?? "",
            ])
        }
        table.add(["", Self.seconds(total), "in all"])
        table.put()
        putLine("")
        putLine(printable(now))
    }

    /// To the microsecond, so that what is shown adds up.
    private static func seconds(_ span: TimeSpan) -> String {
        let digits = String(span.microseconds % 1_000_000)
        return "\(span.microseconds / 1_000_000)."
            + String(repeating: "0", count: 6 - digits.count) + digits
    }

    private static func past(_ hold: HoldBody) -> String {
        switch hold.reason {
        case "notDue": "not due"
        case "backoff": "waited to be tried again after a failure"
        case "previousOccurrence": "waited for the occurrence before it to end"
        case "typePaused": "its type was paused"
        case "userPaused": "its user was paused"
        case "typeLimit": "as many of its type ran as may\(limit(hold))"
        case "userLimit": "as many of its user's jobs ran as may\(limit(hold))"
        case "noWorker": "ready, no worker took it"
        default: hold.reason
        }
    }

    private static func limit(_ hold: HoldBody) -> String {
        hold.limit.map { " (\($0))" } ?? ""
    }

    /// What it waits for now.
    private var now: String {
        guard let last = why.spans.last, let hold = last.hold,
            ["NOT_STARTED", "RETRIABLE_FAILURE"].contains(why.status)
        else { return standing }
        let until = hold.until.map { " until \($0.columnText)" } ?? ""
        switch hold.reason {
        case "notDue": return "Now: not due\(until)."
        case "backoff": return "Now: waits to be tried again\(until)."
        case "previousOccurrence": return "Now: waits for the occurrence before it to end."
        case "typePaused":
            return "Now: type \(why.type) is paused; `daybook resume type \(why.type)` ends that."
        case "userPaused":
            return "Now: user \(why.user) is paused; `daybook resume user \(why.user)` ends that."
        case "typeLimit":
            return "Now: as many jobs of type \(why.type) run as may\(Self.limit(hold))."
        case "userLimit": return "Now: as many jobs of \(why.user) run as may\(Self.limit(hold))."
        case "noWorker": return noWorker(readySince: last.from)
        default: return "Now: \(hold.reason)\(until)."
        }
    }

    private func noWorker(readySince ready: WallTime) -> String {
        guard let asked = why.lastAsked else {
            return "Now: ready, and no worker has asked for type \(why.type) since the daemon "
                + "started: start one with `daybook work --type \(why.type)`."
        }
        if asked < ready {
            return "Now: ready, and no worker has asked for type \(why.type) since "
                + "\(asked.columnText)."
        }
        return "Now: ready; a worker asked for type \(why.type) at \(asked.columnText) and took "
            + "jobs that come before it."
    }

    /// It does not wait.
    private var standing: String {
        guard let worker = why.spans.last?.worker, ["CLAIMED", "PROCESSING"].contains(why.status)
        else { return "Now: nothing, it has ended: \(why.status)." }
        let until = why.leaseUntil.map { ", whose lease lasts until \($0.columnText)" } ?? ""
        return "Now: run by \(worker)\(until)."
    }
}
