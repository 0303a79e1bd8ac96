package import EventLog
import JobState
import PayloadPacking
import Snapshots
package import Storage
package import Units

/// Holds every snapshot of a data directory against its log: each must be the state that the log
/// says there was.
///
/// Reads all of the log. Memory holds one state at a time: that of the whole log, then that of each
/// snapshot.
package struct DeepVerification: Equatable, Sendable {
    /// A snapshot, and what was found about it.
    package struct Snapshot: Equatable, Sendable {
        /// The newest event in it, as its name says.
        package let lsn: LSN
        package let path: String
        package let verdict: Verdict
    }

    package enum Verdict: Equatable, Sendable {
        case good(jobs: UInt64, digest: UInt64)
        /// The digest in the file, that of the state in the file, and that of the log up to there.
        case differs(stored: UInt64, loaded: UInt64, folded: UInt64)
        /// It is not as it was written, or makes no state.
        case unreadable(String)
        /// The log has no such event.
        case beyondLog(end: LSN)
    }

    /// The newest event of the log.
    package private(set) var headLSN = LSN.zero
    /// Jobs after that event.
    package private(set) var jobs: UInt64 = 0
    /// What the state after that event comes to.
    package private(set) var digest: UInt64 = 0
    /// The newest first.
    package private(set) var snapshots: [Snapshot] = []

    /// Every snapshot is what the log says.
    package var isGood: Bool {
        snapshots.allSatisfy { snapshot in
            if case .good = snapshot.verdict { true } else { false }
        }
    }

    /// Folds the whole log, then loads each snapshot; changes nothing, and keeps daemons away.
    ///
    /// Where retention has dropped the first events, the fold begins with the oldest good snapshot, for which
    /// only its own digest speaks.
    ///
    /// The log's own checksums and hashes are for `LogVerification`.
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - progress: Called now and then with the newest event that was folded.
    ///   - onSnapshot: Gets each snapshot as soon as something is known of it.
    /// - Returns: What was found.
    /// - Throws: `LogError.directoryInUse` while a daemon runs; `.newerFormat` where a snapshot is
    ///   of a later version; else as `LogScan.run`.
    package static func run(
        directory: String, storage: any Storage, progress: (LSN) -> Void = { _ in },
        onSnapshot: (Snapshot) -> Void = { _ in }
    ) throws(LogError) -> DeepVerification {
        let lock = try LogScan.lock(directory: directory, storage: storage)
        defer { lock.release() }
        let saved = SnapshotDirectory(directory, storage: storage)
        let dropped = try LogCopy(directory: directory, storage: storage).dropped().lastLSN
        let wanted: [LSN]
        do throws(StorageError) {
            wanted = try saved.list().filter { $0 >= dropped }
        } catch {
            throw .io(error)
        }
        var result = DeepVerification()
        let log = try result.fold(directory, storage, digestsAt: Set(wanted), progress)
        for lsn in wanted {
            let snapshot = Snapshot(
                lsn: lsn, path: saved.path(of: lsn), verdict: try log.verdict(on: lsn, in: saved))
            result.snapshots.append(snapshot)
            onSnapshot(snapshot)
        }
        return result
    }

    private mutating func fold(
        _ directory: String, _ storage: any Storage, digestsAt wanted: Set<LSN>,
        _ progress: (LSN) -> Void
    ) throws(LogError) -> FoldedLog {
        var log = FoldedLog()
        var state = try LogFold.run(
            directory: directory, storage: storage,
            begin: { identity, state in
                log.identity = identity
                log.digests[state.appliedLSN] = state.digest()
            },
            { lsn, state in
                if wanted.contains(lsn) { log.digests[lsn] = state.digest() }
                if lsn.rawValue % LogFold.eventsBetweenProgress == 0 { progress(lsn) }
                return true
            })
        headLSN = state.appliedLSN
        jobs = UInt64(state.jobCount)
        digest = state.digest()
        log.end = state.appliedLSN
        return log
    }
}

/// What the log says of the states that there were.
private struct FoldedLog {
    var identity = LogIdentity(high: 0, low: 0)
    var end = LSN.zero
    /// What the state came to after each event of which there is a snapshot.
    var digests: [LSN: UInt64] = [:]

    func verdict(
        on lsn: LSN, in directory: SnapshotDirectory
    ) throws(LogError) -> DeepVerification.Verdict {
        guard let folded = digests[lsn] else { return .beyondLog(end: end) }
        var loading = SnapshotLoading(
            directory: directory, dictionaries: PayloadDictionaries(), isThreaded: true)
        do {
            let end = try SnapshotFile(directory.path(of: lsn), storage: directory.storage).end
            var state = try loading.load(lsn, of: identity)
            let loaded = state.digest()
            guard end.digest == loaded, loaded == folded else {
                return .differs(stored: end.digest, loaded: loaded, folded: folded)
            }
            return .good(jobs: end.jobs, digest: loaded)
        } catch SnapshotError.io(let error) {
            throw .io(error)
        } catch SnapshotError.newerFormat(let file, let version) {
            throw .newerFormat(
                file: file, found: "snapshot format \(version)", supported: "earlier ones")
        } catch {
            return .unreadable("\(error)")
        }
    }
}
