import ArgumentParser
import Engine
import EventLog
import Storage
import Units
import Wire

/// The sub-command `log verify`.
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every checksum of a log and the hash chain through its segments.",
        discussion: """
            Prints the head: the last record and the hash that vouches for all before it. Keep it \
            elsewhere: --since shows later that nothing of it was edited, dropped or put in \
            another order, whatever was appended since; --expect, that nothing was appended either.

            Where retention has dropped the first segments, the chain begins behind them, with the hash \
            that was kept of the last one; --archive reads their copies as well.

            --deep holds the snapshots against the log as well: it folds all events, loads each \
            snapshot, and compares what both come to. It takes as long as a start without any \
            snapshot and as much memory; no daemon may run on the directory.

            Exit code 79: the log is damaged; the message says which file, where, and which \
            records are in doubt; or a snapshot is not what the log says. Exit code 81: its checksums are good, but it is not the log that \
            was noted.

            EXAMPLE
              daybook log verify ./daybook-data
              daybook log verify ./daybook-data --deep
              daybook log verify ./daybook-data --archive /mnt/archive
              daybook log verify ./daybook-data --since 1200:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
            """)

    @Option(
        help: ArgumentHelp("The hash that the head must have.", valueName: "hash"),
        transform: { text in
            guard let hash = LogHash(text) else {
                throw ValidationError("a hash has 64 hexadecimal digits, not '\(text)'")
            }
            return hash
        })
    var expect: LogHash?

    @Option(
        help: ArgumentHelp(
            "A head noted earlier that the log must have passed.", valueName: "lsn:hash"),
        transform: { text in
            guard let head = NotedHead(text) else {
                throw ValidationError(
                    "expected LSN:HASH as `daybook log verify` prints it, not '\(text)'")
            }
            return head
        })
    var since: NotedHead?

    @Flag(help: "Hold the snapshots against the log, too.")
    var deep = false

    @OptionGroup var archived: ArchiveOptions
    @OptionGroup var options: LogReadingOptions

    func run() throws {
        let progress = WatchedProgress()
        let result: LogVerification
        do throws(LogError) {
            result = try LogVerification.run(
                directory: options.directory, storage: PosixStorage(),
                expecting: LogExpectation(head: expect, since: since), archive: archived.archive,
                progress: { read, total in
                    progress.tell("\(read >> 20) of \(total >> 20) MiB verified")
                })
        } catch {
            throw CommandFailure(error)
        }
        if options.json {
            putLine(json: result.json(since: since))
        } else {
            result.put()
            if let since { putLine("since \(since.lsn): nothing before it was changed") }
        }
        if deep { try verifySnapshots(progress, lastLSN: result.headLSN) }
    }

    private func verifySnapshots(_ progress: WatchedProgress, lastLSN: LSN) throws {
        do throws(LogError) {
            let result = try DeepVerification.run(
                directory: options.directory, storage: PosixStorage(),
                progress: { progress.tell("\($0) of \(lastLSN) events folded") },
                onSnapshot: { $0.put(json: options.json) })
            result.put(json: options.json)
            guard result.isGood else {
                CommandFailure(
                    .corruption,
                    "a snapshot is not what the log says. The log is good: move that snapshot out of "
                        + "`snapshots/`, and the next start takes another, or the whole log"
                ).end()
            }
        } catch {
            throw CommandFailure(error)
        }
    }
}

/// `whole` to `part` as "3.25 : 1".
func ratioText(_ whole: UInt64, _ part: UInt64) -> String {
    let hundredths = part > 0 ? whole * 100 / part : 100
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) : 1"
}

extension LogVerification {
    fileprivate func put() {
        if droppedThrough > .zero {
            putLine(
                "begins with record \(droppedThrough.next): those before were dropped by retention")
        }
        putLine("good: \(records) records in \(blocks) blocks of \(segments) segments")
        putLine("\(rawBytes) bytes, \(storedBytes) stored (\(ratioText(rawBytes, storedBytes)))")
        if packedSegments > 0 {
            let ratio = ratioText(unpackedBytes, packedBytes)
            putLine(
                "packed: \(packedSegments) segments, \(unpackedBytes) bytes to \(packedBytes) (\(ratio))"
            )
        }
        putLine("head LSN   \(headLSN)")
        putLine("head hash  \(headHash)")
        putLine("note this  \(head)")
        if let tornTail {
            putLine(
                "torn tail: \(tornTail); nothing in it was acknowledged, the next start cuts it")
        }
    }

    /// `since` is what the log was held against and stood.
    fileprivate func json(since: NotedHead?) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("headLSN", headLSN.rawValue)
            writer.member("headHash", headHash.description)
            writer.member("head", head.description)
            writer.member("since", since?.description)
            writer.member("segments", segments)
            writer.member("blocks", blocks)
            writer.member("records", records)
            writer.member("droppedLSN", droppedThrough.rawValue)
            writer.member("rawBytes", rawBytes)
            writer.member("storedBytes", storedBytes)
            writer.member("packedSegments", packedSegments)
            writer.member("packedBytes", packedBytes)
            writer.member("unpackedBytes", unpackedBytes)
            writer.member("tornTail", tornTail)
        }
        return writer.bytes
    }
}
