import ArgumentParser
import Backup
import EventLog
import Glibc
import Storage
import Units
import Wire

/// The sub-command `backup`.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory: log, snapshot, history; also beside a running daemon.",
        discussion: """
            The copy is the log up to one record, which is printed, with its hash. Run again on the \
            same DEST it copies only what is new, longer or merged. Killed halfway it leaves \
            the backup that was there; run it again.

            EXAMPLE
              daybook backup /mnt/backups/daybook --data ./daybook-data
            """)

    @Argument(help: ArgumentHelp("The directory of the backup.", valueName: "dest"))
    var destination: String

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let receipt: BackupReceipt
        do throws(BackupError) {
            receipt = try Backup.run(
                of: data, to: destination, storage: PosixStorage(), time: systemTime(),
                progress: tellProgress("copied"))
        } catch {
            throw CommandFailure(error)
        }
        let seconds = (clock.now - start) / .seconds(1)
        if receipt.historyLeftOut > 0 {
            printError(
                "daybook: \(receipt.historyLeftOut) damaged files of history are not in the backup: "
                    + "the daemon builds them again from the log; then take another one")
        }
        if json {
            putLine(json: receipt.json(seconds: seconds))
        } else {
            receipt.put(seconds: seconds)
        }
    }

    private func systemTime() -> WallTime {
        var time = timespec()
        // The record is this function's own.
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return .earliest }
        return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

/// Says how far it is, to people who watch; in a file it would be noise.
func tellProgress(_ done: String) -> (BackupProgress) -> Void {
    guard isatty(STDERR_FILENO) == 1 else { return { _ in } }
    return { progress in
        printError(
            "daybook: \(progress.segmentsDone) of \(progress.segmentsTotal) segments, "
                + "\(progress.bytesCopied >> 20) MiB \(done)")
    }
}

/// Seconds with three digits behind the point.
func secondsText(_ seconds: Double) -> String {
    let thousandths = Int((seconds * 1_000).rounded())
    let rest = String(thousandths % 1_000)
    return "\(thousandths / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
}

extension BackupReceipt {
    fileprivate func put(seconds: Double) {
        putLine("LSN        \(head.lsn)")
        putLine("hash       \(head.hash)")
        putLine("snapshot   \(snapshot.map { "of event \($0)" } ?? "none")")
        putLine("segments   \(segmentsCopied) copied, \(segmentsKept) kept")
        putLine("history    \(historyCopied) copied, \(historyFiles - historyCopied) kept")
        putLine("bytes      \(bytesCopied) copied")
        putLine("seconds    \(secondsText(seconds))")
    }

    fileprivate func json(seconds: Double) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("headLSN", head.lsn.rawValue)
            writer.member("headHash", head.hash.description)
            writer.member("head", head.description)
            writer.member("log", log.text)
            writer.member("snapshotLSN", snapshot?.rawValue)
            writer.member("segmentsCopied", segmentsCopied)
            writer.member("segmentsKept", segmentsKept)
            writer.member("historyFiles", historyFiles)
            writer.member("historyCopied", historyCopied)
            writer.member("historyLeftOut", historyLeftOut)
            writer.member("bytesCopied", bytesCopied)
            writer.member("seconds", seconds)
        }
        return writer.bytes
    }
}
