import ArgumentParser
import ByteCoding
import EventLog
import Glibc
import Storage
import Threads
import Units

/// Recovers a log, checks every record in it and appends further ones, for tests that pull the plug.
///
/// The real log with its threads and without a daemon around it, so that a life of it costs
/// milliseconds. Prints `OPENING`, then `RECOVERED lsn` once all was checked and may be relied on,
/// then `ACK lsn` whenever more has become durable, each as soon as it is so.
@main
struct LogWriter: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open a log, check its records, append more; for tests that pull the plug.")

    @Argument(help: "The data directory.")
    var directory: String

    @Option(help: "Bytes of a segment.")
    var segmentBytes = 64 << 10

    @Option(help: "Batches to append before the log is closed.")
    var batches = Int.max

    @Option(help: "Most records in a batch.")
    var batchRecords = 16

    @Option(help: "Most records appended and not yet durable, before another batch.")
    var lag = 200

    @Option(help: "Largest group that the appending thread syncs by itself.")
    var inlineBytes = LogOptions().inlineBytesMax

    @Flag(help: "Sync no file: a test must notice.")
    var withoutSync = false

    @Flag(help: "Sync no directory: a test must notice.")
    var withoutDirectorySync = false

    func run() throws {
        let progress = Monitor(Progress())
        put("OPENING")
        let log: EventLog
        do throws(LogError) {
            log = try open(progress)
        } catch {
            put("REFUSED \(error)")
            throw ExitCode(79)
        }
        put("RECOVERED \(log.durableLSN)")
        append(to: log, progress)
        log.close()
        if progress.withLock({ $0.hasFailed }) { throw ExitCode(80) }
    }

    private func open(_ progress: Monitor<Progress>) throws(LogError) -> EventLog {
        var options = LogOptions()
        options.segmentBytes = segmentBytes
        options.inlineBytesMax = inlineBytes
        var last = LSN.zero
        return try EventLog.open(
            directory: directory,
            storage: CarelessStorage(
                syncsFiles: !withoutSync, syncsDirectories: !withoutDirectorySync),
            options: options,
            replay: { lsn, record throws(RecordRefusal) in
                guard lsn == last.next else {
                    throw RecordRefusal(reason: "it follows record \(last)")
                }
                guard record.array == testRecord(at: lsn) else {
                    throw RecordRefusal(reason: "it is not what was appended")
                }
                last = lsn
            },
            onDurable: { lsn in
                put("ACK \(lsn)")
                progress.change { $0.durable = max($0.durable, lsn) }
            },
            onFailure: { error in
                put("FAILED \(error)")
                progress.change { $0.hasFailed = true }
            })
    }

    private func append(to log: EventLog, _ progress: Monitor<Progress>) {
        progress.change { $0.durable = log.durableLSN }
        for batch in 0..<batches {
            for _ in 0..<Int.random(in: 1...batchRecords) {
                log.append(testRecord(at: log.lastLSN.next).rawBytes)
            }
            log.commit(now: WallTime(microseconds: Int64(batch)))
            let hasFailed = progress.wait { [last = log.lastLSN] progress -> Bool? in
                if progress.hasFailed { return true }
                return last.distance(from: progress.durable) <= UInt64(lag) ? false : nil
            }
            if hasFailed { return }
        }
    }
}

/// What the log has told so far.
private struct Progress {
    var durable = LSN.zero
    var hasFailed = false
}

/// Writes a line at once, so that a kill cannot take it back.
///
/// Where nobody reads any more, SIGPIPE ends the process.
private func put(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // The buffer and its length belong together; a line goes through a pipe in one piece.
    _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
}
