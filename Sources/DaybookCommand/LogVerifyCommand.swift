import ArgumentParser
import EventLog
import Glibc
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
            elsewhere to show later that nothing was changed. Exit code 79: the log is damaged; \
            the message says which file, where, and which records are in doubt.

            EXAMPLE
              daybook log verify ./daybook-data
            """)

    @OptionGroup var options: LogReadingOptions

    func run() throws {
        // Progress is for people who watch; in a file it would be noise.
        let isWatched = isatty(STDERR_FILENO) == 1
        let result: LogVerification
        do throws(LogError) {
            result = try LogVerification.run(
                directory: options.directory, storage: PosixStorage(),
                progress: { read, total in
                    guard isWatched else { return }
                    printError("daybook: \(read >> 20) of \(total >> 20) MiB verified")
                })
        } catch {
            throw CommandFailure(error)
        }
        if options.json { putLine(json: result.json()) } else { result.put() }
    }
}

extension LogVerification {
    fileprivate func put() {
        putLine("good: \(records) records in \(blocks) blocks of \(segments) segments")
        putLine("\(rawBytes) bytes, \(storedBytes) stored")
        putLine("head LSN   \(headLSN)")
        putLine("head hash  \(headHash)")
        if let tornTail {
            putLine(
                "torn tail: \(tornTail); nothing in it was acknowledged, the next start cuts it")
        }
    }

    fileprivate func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("headLSN", headLSN.rawValue)
            writer.member("headHash", headHash.description)
            writer.member("segments", segments)
            writer.member("blocks", blocks)
            writer.member("records", records)
            writer.member("rawBytes", rawBytes)
            writer.member("storedBytes", storedBytes)
            writer.member("tornTail", tornTail)
        }
        return writer.bytes
    }
}
