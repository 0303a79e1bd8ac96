import ArgumentParser
import Units
import Wire

/// When a job recurs.
struct RecurrenceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Recur every 30s, 10m, 2h, 1d, counted from the first time.", valueName: "span"))
    var every: String?

    @Flag(help: "With --every: counted from the end of the occurrence before.")
    var afterEnd = false

    @Option(
        help: ArgumentHelp(
            "Recur by a cron expression; `daybook cron explain` shows its ticks.",
            valueName: "expression"))
    var cron: String?

    @Option(
        help: ArgumentHelp(
            "The IANA name of the time zone of --cron. Default UTC.", valueName: "name"))
    var zone: String?

    @Option(
        help: """
            What a tick does while an earlier occurrence has not ended: skip (default), queue, allow.
            """)
    var overlap: String?

    @Option(
        help: """
            What becomes of ticks that the daemon was not there for: skip, once (default), all.
            """)
    var missed: String?

    @Option(help: "With --missed all: how many are made up at most.")
    var missedMax: Int?

    /// Any of them was given.
    var isGiven: Bool {
        afterEnd || missedMax != nil
            || [every, cron, zone, overlap, missed].contains { $0 != nil }
    }

    /// Nil: the job runs once.
    var body: RecurrenceBody? {
        get throws {
            guard isGiven else { return nil }
            guard (every == nil) != (cron == nil) else {
                throw ValidationError("A job that recurs needs --every or --cron, one of the two.")
            }
            guard !afterEnd || every != nil else {
                throw ValidationError("--after-end belongs to --every.")
            }
            guard zone == nil || cron != nil else {
                throw ValidationError("--zone belongs to --cron.")
            }
            return RecurrenceBody(
                interval: try interval,
                mode: every.map { _ in afterEnd ? "fixedDelay" : "fixedRate" },
                cron: cron, zone: zone, overlap: overlap, missed: missed, missedMax: missedMax)
        }
    }

    private var interval: Double? {
        get throws {
            guard let every else { return nil }
            guard let span = TimeSpan(argument: every) else {
                throw ValidationError("'\(printable(every))' is no span: give 30s, 10m, 2h or 1d.")
            }
            return span.seconds
        }
    }
}
