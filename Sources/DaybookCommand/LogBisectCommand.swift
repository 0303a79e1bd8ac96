import ArgumentParser
import Engine
import EventLog
import JobModel
import Server
import Storage
import Units
import Wire

/// The sub-command `log bisect`.
struct LogBisectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bisect",
        abstract: "Find the event that made a condition on counts of jobs true.",
        discussion: """
            The condition is COUNT(FILTERS) OP N. COUNT is one of waiting (NOT_STARTED, \
            RETRIABLE_FAILURE), running (CLAIMED, PROCESSING), succeeded, failed \
            (RETRIABLE_FAILURE, FATAL_FAILURE), cancelled, dead (FATAL_FAILURE) and total; FILTERS \
            are type=NAME and user=NAME, parted by a comma, or nothing; a NAME with spaces or \
            marks stands in quotes. OP is one of > >= < <= == !=.

            The log is folded from its first event to the first one after which the condition was \
            true, which is printed with what was counted then. Where retention has dropped the first \
            event, the fold begins with the oldest snapshot; a condition on one user and one type \
            needs the first event.

            Exit code 66: it never was true.

            EXAMPLE
              daybook log bisect ./daybook-data --where 'waiting(type=mail) > 1000'
              daybook log bisect ./daybook-data --where 'dead(type=mail,user=ann) >= 1' --json
            """)

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("What became true.", valueName: "condition"),
        transform: { text in
            do throws(CountConditionFault) {
                return try CountCondition(text)
            } catch {
                throw ValidationError("\(error)")
            }
        })
    var condition: CountCondition

    @OptionGroup var options: LogReadingOptions

    func run() throws {
        let progress = WatchedProgress()
        do throws(LogError) {
            let result = try LogBisection.run(
                condition, directory: options.directory, storage: PosixStorage(),
                progress: { progress.tell("\($0) events folded") })
            guard let lsn = result.found else {
                CommandFailure(
                    .notFound,
                    "\(condition) was not true after any of \(result.lastLSN) events; after the "
                        + "last it is \(result.count)"
                ).end()
            }
            put(try event(at: lsn), at: lsn, result)
        } catch {
            throw CommandFailure(error)
        }
    }

    private func event(at wanted: LSN) throws(LogError) -> Event? {
        var found: Event?
        try LogScan.run(
            directory: options.directory, storage: PosixStorage(), from: wanted
        ) { _, _, record throws(RecordRefusal) in
            found = try Event(record: record)
            return false
        }
        return found
    }

    private func put(_ event: Event?, at lsn: LSN, _ result: LogBisection) {
        guard let event else { return }
        if result.heldFromTheBeginning {
            printError("daybook: \(condition) was true before the first event, too")
        }
        let line = EventBody(lsn: lsn, event: event).json()
        if options.json {
            var writer = JSONWriter()
            writer.object { writer in
                writer.member("lsn", lsn.rawValue)
                writer.member("time", event.time)
                writer.member("count", result.count)
                writer.member("event", json: line)
            }
            return putLine(json: writer.bytes)
        }
        putLine("LSN    \(lsn)")
        putLine("time   \(event.time)")
        putLine("count  \(result.count)")
        putLine("event  " + String(decoding: line, as: UTF8.self))
    }
}
