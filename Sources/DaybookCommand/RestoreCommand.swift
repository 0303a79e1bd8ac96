import ArgumentParser
import Backup
import EventLog
import Storage
import Units

/// The sub-command `restore`.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory of a backup, once all of the backup is verified.",
        discussion: """
            The data directory must be empty or not be there. Every checksum of the backup and its \
            chain of hashes are checked before anything is written, and what was written after it. \
            Then start a daemon on it.

            EXAMPLE
              daybook restore /mnt/backups/daybook --data ./restored
              daybook serve --data ./restored
            """)

    @Argument(help: ArgumentHelp("The directory of the backup.", valueName: "src"))
    var source: String

    @Option(help: ArgumentHelp("The data directory to make.", valueName: "dir"))
    var data: String

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let manifest: BackupManifest
        do throws(BackupError) {
            manifest = try Restore.run(
                from: source, to: data, storage: PosixStorage(),
                progress: tellProgress("verified or copied"))
        } catch {
            throw CommandFailure(error)
        }
        putLine("LSN        \(manifest.head.lsn)")
        putLine("hash       \(manifest.head.hash)")
        putLine("taken      \(manifest.time)")
        putLine("snapshot   \(manifest.snapshots.first.map { "of event \($0)" } ?? "none")")
        putLine("segments   \(manifest.segments.count)")
        putLine("seconds    \(secondsText((clock.now - start) / .seconds(1)))")
    }
}
