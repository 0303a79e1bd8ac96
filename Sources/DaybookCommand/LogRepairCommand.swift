import ArgumentParser
import Engine
import EventLog
import Glibc
import Storage
import Units

/// The sub-command `log repair`.
struct LogRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make a damaged log fit to be opened: keep what is before the damage.",
        discussion: """
            For a log that a daemon refuses with exit code 79, when there is no copy to restore the \
            file from. Says what is damaged and what would be lost, and asks. Records from the \
            damage on are set aside under other names in the same directory, with a report, and so are \
            snapshots of later events; nothing is deleted. No daemon may run on the directory.

            Exit code 79: there is damage and it was not repaired.

            EXAMPLE
              daybook log repair ./daybook-data
              daybook log repair ./daybook-data --yes
            """)

    @Argument(help: "The data directory.")
    var directory: String

    @Flag(help: "Do it without asking.")
    var yes = false

    func run() throws {
        do throws(LogError) {
            guard let repair = try LogRepair.find(directory: directory, storage: PosixStorage())
            else {
                return putLine("nothing to repair: a daemon can open this log")
            }
            let snapshots = try SnapshotRepair(
                directory: directory, storage: PosixStorage(), after: repair.keptLSN)
            repair.put()
            if !snapshots.ahead.isEmpty {
                putLine("           \(snapshots.ahead.count) snapshots of later events")
            }
            guard yes || isConfirmed() else {
                CommandFailure(.corruption, "nothing was changed").end()
            }
            let report = try repair.run { () throws(LogError) in try snapshots.run() }
            putLine("repaired: the log ends with record \(repair.keptLSN)")
            putLine("the rest is set aside, under the ending of \(report)")
        } catch {
            throw CommandFailure(error)
        }
    }

    private func isConfirmed() -> Bool {
        printError("Type 'repair' to go on:")
        return readLine() == "repair"
    }
}

extension LogRepair {
    fileprivate func put() {
        putLine("\(corruption.file) is damaged at offset \(corruption.offsetBytes)")
        putLine("\(corruption.what): expected \(corruption.expected), found \(corruption.found)")
        putLine("kept:      every record up to \(keptLSN)")
        if let lastSeenLSN, lastSeenLSN > keptLSN {
            putLine("lost:      records \(keptLSN.next) to \(lastSeenLSN)")
        }
        putLine("set aside: \(files.count) segments, from the damaged one on")
    }
}
