import ArgumentParser
import EventLog
import JobCoding
import JobModel
import Server
import Storage
import Units
import Wire

/// The sub-command `log replay`.
struct LogReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Print every event of a log, one JSON object a line.",
        discussion: """
            EXAMPLE
              daybook log replay ./daybook-data --user alice --job monthly-7
              daybook log replay ./daybook-data --until 2027-01-01T06:00:00Z
              daybook log replay ./daybook-data --archive /mnt/archive --user alice
              daybook log replay ./daybook-data --from 1000 --to 2000 | jq -r .event | sort | uniq -c
            """)

    @Option(help: "The first event to print. Left out: the first that there is.")
    var from: UInt64?

    @Option(help: "The last event to print. Left out: the newest.")
    var to: UInt64 = .max

    @Option(
        help: ArgumentHelp(
            "Stop behind this event, or behind the last one of this time (RFC 3339).",
            valueName: "time|lsn"),
        transform: { text in
            guard let end = ReplayEnd(text) else {
                throw ValidationError(
                    "'\(text)' is neither an LSN nor a time as in 2027-01-01T06:00:00Z")
            }
            return end
        })
    var until: ReplayEnd?

    @Option(help: "Only events of this user's jobs.")
    var user: String?

    @Option(help: "Only events of jobs of this id.")
    var job: String?

    @OptionGroup var archived: ArchiveOptions
    @OptionGroup var options: LogReadingOptions

    func run() throws {
        var filter = EventFilter(user: user, job: job)
        // Only its first event names a job, so a filter needs all from the beginning on.
        let first = filter.isOpen ? from ?? 0 : 0
        var lines: [UInt8] = []
        do throws(LogError) {
            if !filter.isOpen { try warnOfDropped() }
            try LogScan.run(
                directory: options.directory, storage: PosixStorage(),
                from: LSN(rawValue: first), archive: archived.archive
            ) { lsn, _, record throws(RecordRefusal) in
                guard lsn.rawValue <= to else { return false }
                let event = try Event(record: record)
                guard until?.admits(event, at: lsn) ?? true else { return false }
                guard filter.admits(event, at: lsn), lsn.rawValue >= from ?? 0 else { return true }
                lines += EventBody(lsn: lsn, event: event).json() + [UInt8(ascii: "\n")]
                if lines.count >= Self.flushBytes {
                    put(lines)
                    lines.removeAll(keepingCapacity: true)
                }
                return true
            }
        } catch {
            put(lines)
            throw CommandFailure(error)
        }
        put(lines)
    }

    /// A job whose first event is gone is not known by its name.
    private func warnOfDropped() throws(LogError) {
        guard archived.archive == nil else { return }
        let dropped = try LogCopy(directory: options.directory, storage: PosixStorage()).dropped()
        guard !dropped.isEmpty else { return }
        printError(
            "daybook: events up to \(dropped.lastLSN) were dropped by retention: jobs submitted by then "
                + "are not among these; --archive reads archived ones")
    }

    private static let flushBytes = 65_536
}

extension Event {
    /// Decodes a record of a log that is scanned.
    init(record: RawSpan) throws(RecordRefusal) {
        do throws(EventFault) {
            try self.init(decoding: record)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
    }
}

/// The last event that is wanted, by its position or its time.
enum ReplayEnd {
    case lsn(LSN)
    case time(WallTime)

    init?(_ text: String) {
        if let number = UInt64(text) {
            self = .lsn(LSN(rawValue: number))
        } else if let time = WallTime(rfc3339: text) {
            self = .time(time)
        } else {
            return nil
        }
    }

    func admits(_ event: Event, at lsn: LSN) -> Bool {
        switch self {
        case .lsn(let last): lsn <= last
        case .time(let last): event.time <= last
        }
    }
}

/// Picks the events of certain jobs.
private struct EventFilter {
    let user: String?
    let job: String?
    /// The `submitted` events of the jobs that are wanted.
    private var submitted: Set<LSN> = []
    /// All recurring jobs: the id of an occurrence is made of theirs.
    private var recurring: [LSN: JobKey] = [:]

    init(user: String?, job: String?) {
        self.user = user
        self.job = job
    }

    /// Lets everything through.
    var isOpen: Bool { user == nil && job == nil }

    mutating func admits(_ event: Event, at lsn: LSN) -> Bool {
        if isOpen { return true }
        switch event.fact {
        case .submitted(let key, let content, _, _):
            if content.recurrence != nil { recurring[lsn] = key }
            return admits(key, at: lsn)
        case .ticked(let parent, let tick):
            guard let key = recurring[parent.submitted] else { return false }
            let occurrence = JobKey(user: key.user, job: key.job.occurrence(at: tick.at))
            // A tick is an event of the recurring job and, if it makes one, of its occurrence.
            let isWanted = tick.outcome.makesOccurrence && admits(occurrence, at: lsn)
            return isWanted || submitted.contains(parent.submitted)
        case .controlChanged(.user(let name), _): return job == nil && user == name.text
        case .controlChanged: return false
        default:
            return event.fact.reference.map { submitted.contains($0.submitted) } ?? false
        }
    }

    private mutating func admits(_ key: JobKey, at lsn: LSN) -> Bool {
        guard user == nil || user == key.user.text, job == nil || job == key.job.text else {
            return false
        }
        submitted.insert(lsn)
        return true
    }
}
