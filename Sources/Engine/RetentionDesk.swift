import EventLog
import History
import Snapshots
import Storage
import Synchronization
import Threads
import Units

/// Drops what is older or more than is to be kept, beside the writer.
///
/// Segments go only up to the older of the two newest snapshots: should the newest be damaged, the one
/// before still holds what all dropped events came to. So a job that waits for a year holds no segment.
final class RetentionDesk: Sendable {
    private struct Shared {
        var rules: RetentionRules
        var trouble: String?
        var isClosing = false
        var isWanted = false
    }

    private let file: RetentionFile
    private let archive: String?
    private let log: EventLog
    private let trimmer: LogTrimmer
    private let history: HistorySet
    private let snapshots: SnapshotDirectory
    private let shared: Monitor<Shared>
    /// One pass at a time, and one who sets the rules.
    private let pass = Mutex(())
    private let setting = Mutex(())
    private let stepMicroseconds = Atomic<Int64>(0)

    /// What goes at once is at most one such part of what is kept.
    private static let steps = 8

    /// Between two looks.
    private static let restMilliseconds = 10_000
    /// Between two snapshots that are taken for retention's sake alone.
    private static let looksPerSnapshot = 60

    init(
        rules: RetentionRules, file: RetentionFile, archive: String?, log: EventLog,
        history: HistorySet, snapshots: SnapshotDirectory
    ) {
        shared = Monitor(Shared(rules: rules))
        self.file = file
        self.archive = archive
        self.log = log
        trimmer = log.trimmer
        self.history = history
        self.snapshots = snapshots
        cut(by: rules)
    }

    /// Has what comes from now on lie in parts that are small beside what is kept.
    private func cut(by rules: RetentionRules) {
        let step = rules.age.map { max($0.microseconds / Int64(Self.steps), 1) }
        stepMicroseconds.store(step ?? 0, ordering: .relaxed)
        history.bound(
            merges: MergeBounds(
                span: step.map(TimeSpan.init(microseconds:)),
                bytesMax: rules.bytesMax.map { $0 / UInt64(Self.steps) }))
    }

    /// So long may what is dropped together take to come together; nil: for ever.
    var step: TimeSpan? {
        let step = stepMicroseconds.load(ordering: .relaxed)
        return step > 0 ? TimeSpan(microseconds: step) : nil
    }

    /// Why the last pass did not come to its end; nil where it did.
    var trouble: String? { shared.withLock { $0.trouble } }

    /// How things are now.
    func report() throws(StorageError) -> RetentionReport {
        let (rules, trouble) = shared.withLock { ($0.rules, $0.trouble) }
        return RetentionReport(
            rules: rules, archive: archive, droppedThrough: trimmer.droppedThrough,
            bytes: try bytes(), trouble: trouble)
    }

    /// Sets the rules durably; the next pass goes by them.
    func set(_ rules: RetentionRules) throws(StorageError) {
        try setting.withLock { _ throws(StorageError) in
            try file.write(rules)
            cut(by: rules)
            shared.change { shared in
                shared.rules = rules
                shared.isWanted = true
            }
        }
    }

    /// Makes a pass now and then until `close` is called.
    ///
    /// - Parameters:
    ///   - clock: What ages are counted from.
    ///   - wantSnapshot: Called where a newer snapshot would let more go.
    /// - Returns: The thread, which ends after `close`.
    func start(
        clock: any EngineClock, wantSnapshot: @escaping @Sendable () -> Void
    ) -> DedicatedThread {
        DedicatedThread(name: "retention", isBackground: true) { [self] in
            var looksLeft = 0
            while goesOn() {
                looksLeft = max(looksLeft - 1, 0)
                guard tend(now: clock.wallTime()) == .wantsSnapshot, looksLeft == 0 else {
                    continue
                }
                looksLeft = isShortOfSnapshots ? 0 : Self.looksPerSnapshot
                wantSnapshot()
            }
        }
    }

    func close() { shared.change { $0.isClosing = true } }

    /// What came of a pass.
    enum Outcome {
        /// All went that may go.
        case done
        /// More may go once there is a newer snapshot.
        case wantsSnapshot
        case failed
    }

    /// Drops what may be dropped now.
    func tend(now: WallTime) -> Outcome {
        pass.withLock { _ in
            var outcome = Outcome.failed
            var trouble: String?
            do {
                outcome = try drop(now: now)
            } catch {
                trouble = "retention waits: \(error)"
            }
            shared.change { $0.trouble = trouble }
            return outcome
        }
    }

    /// There are fewer than a start should find: one more at the next look.
    private var isShortOfSnapshots: Bool {
        (try? snapshots.coveredTwice()) ?? .zero == .zero
    }

    /// False once it is to end; else after a rest, or when new rules are set.
    private func goesOn() -> Bool {
        let goesOn = shared.wait(milliseconds: Self.restMilliseconds) { shared -> Bool? in
            if shared.isClosing { return false }
            guard shared.isWanted else { return nil }
            shared.isWanted = false
            return true
        }
        return goesOn ?? true
    }

    private func drop(now: WallTime) throws -> Outcome {
        let rules = shared.withLock { $0.rules }
        if let step, trimmer.activeSince.advanced(by: step) <= now { log.beginSegmentSoon() }
        let limit = rules.age.map { now.advanced(by: TimeSpan(microseconds: -$0.microseconds)) }
        let wanted = max(
            limit.map { lastLSN(before: $0) } ?? .zero,
            try rules.bytesMax.map { try lastLSN(beyond: $0) } ?? .zero)
        // May read snapshots: only where something is to go.
        let safe = wanted > .zero ? try snapshots.coveredTwice() : .zero
        _ = try trimmer.drop(
            through: min(wanted, safe), archive: archive, now: now,
            goesOn: { [shared] in shared.withLock { !$0.isClosing } })
        _ = try history.drop(finishedBefore: limit, coveredThrough: trimmer.droppedThrough)
        return wanted > safe ? .wantsSnapshot : .done
    }

    /// The last event of the segments that ended before this time.
    private func lastLSN(before limit: WallTime) -> LSN {
        trimmer.segments.prefix { $0.end < limit }.last?.lastLSN ?? .zero
    }

    /// The last event of so many segments that what stays takes no more than these bytes.
    private func lastLSN(beyond bytesMax: UInt64) throws(StorageError) -> LSN {
        var last = LSN.zero
        let segments = trimmer.segments
        let all = try bytes()
        var dropped: UInt64 = 0
        for segment in segments {
            guard all - min(all, dropped + history.bytes(coveredThrough: last)) > bytesMax else {
                break
            }
            dropped += segment.storedBytes
            last = segment.lastLSN
        }
        return last
    }

    private func bytes() throws(StorageError) -> UInt64 {
        log.size.storedBytes + history.size.bytes + (try snapshots.byteCount())
    }
}
