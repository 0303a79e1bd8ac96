import ArgumentParser
import Client
import Wire

/// The sub-command `snapshot`.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Have a running daemon save its state, so that its next start is short.",
        discussion: """
            The daemon works on meanwhile, and takes snapshots by itself too: ask for one before a \
            planned restart, or before a copy of the data directory is made. Answers once it is \
            durable; where nothing has happened since the newest one, with that one.

            Exit code 82: there is no new snapshot, and why. Nothing is lost by that.

            EXAMPLE
              daybook snapshot
              daybook snapshot --json | jq -r .path
            """)

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient(silenceSecondsMax: Self.patienceSeconds) { client in
            let snapshot = try await client.snapshot()
            if options.json {
                putLine(json: snapshot.json())
            } else {
                snapshot.put()
            }
        }
    }

    /// Hundreds of millions of jobs are written in less, beside full traffic.
    private static let patienceSeconds: Int64 = 3_600
}

extension SnapshotBody {
    fileprivate func put() {
        putLine("LSN    \(lsn)")
        putLine("jobs   \(jobs)")
        putLine("bytes  \(bytes)")
        putLine("path   \(printable(path))")
    }
}
