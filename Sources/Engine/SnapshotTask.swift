import ByteCoding
import DequeModule
import JobState
import Snapshots
import Storage
import Threads

/// Writes one snapshot: the writer puts chunks in, another thread compresses and writes them.
///
/// Its name is given only once the log is durable as far as the snapshot goes: no snapshot is ever
/// newer than the log.
final class SnapshotTask: @unchecked Sendable {
    // Sendable: `file` belongs to whoever does the work, one thread; the rest is under the monitor.
    private struct Shared {
        var chunks: Deque<StateChunk> = []
        var totals: SnapshotTotals?
        var stage = Stage.new
        var isDurable = false
        var outcome: SnapshotOutcome?
    }

    private enum Stage { case new, open, sealed }

    private enum Work {
        case begin
        case write(StateChunk)
        case seal(SnapshotTotals)
        case publish
        case nothing
    }

    private let monitor = Monitor(Shared())
    private let head: SnapshotHead
    private let directory: SnapshotDirectory
    private let dictionaries: [(type: [UInt8], bytes: [UInt8])]
    private let keeping: SnapshotKeeping
    private var file: SnapshotWriter?
    private var thread: DedicatedThread?

    /// Chunks that may wait for the disk before the writer lets the walk rest.
    private static let chunksMax = 8
    /// The kind of the part that holds the payloads' dictionaries; behind those of the state.
    static let dictionariesKind: UInt8 = 8

    /// - Parameters:
    ///   - head: Which state it is of.
    ///   - directory: Where it is written.
    ///   - dictionaries: What the payloads are packed with.
    ///   - keeping: Which older ones stay once it is there.
    init(
        _ head: SnapshotHead, in directory: SnapshotDirectory,
        dictionaries: [(type: [UInt8], bytes: [UInt8])], keeping: SnapshotKeeping
    ) {
        self.keeping = keeping
        self.head = head
        self.directory = directory
        self.dictionaries = dictionaries
    }

    /// Has a thread of its own do the work; else `workOff` does it.
    func start() {
        thread = DedicatedThread(name: "snapshot") { [self] in run() }
    }

    /// Waits for the thread to end; the task has an outcome.
    func join() {
        thread?.join()
        thread = nil
    }

    /// What has become of it; nil while it goes on.
    var outcome: SnapshotOutcome? { monitor.withLock { $0.outcome } }

    /// Whether the walk should go on.
    var hasRoom: Bool { monitor.withLock { $0.chunks.count < Self.chunksMax } }

    /// Waits until there is room or an outcome.
    func waitUntilRoom() {
        monitor.wait { shared in
            shared.outcome != nil || (shared.chunks.isEmpty && shared.totals == nil) ? () : nil
        }
    }

    func put(_ chunks: [StateChunk]) {
        guard !chunks.isEmpty else { return }
        monitor.change { $0.chunks.append(contentsOf: chunks) }
    }

    func end(_ totals: SnapshotTotals) {
        monitor.change { $0.totals = totals }
    }

    /// The log is durable as far as the snapshot goes, or never will be.
    func note(isDurable: Bool) {
        monitor.change { shared in
            shared.isDurable = isDurable
            if !isDurable { shared.outcome = shared.outcome ?? .failed("the log has failed") }
        }
    }

    func abandon() {
        monitor.change { $0.outcome = $0.outcome ?? .failed("the engine ends") }
    }

    /// Does what there is to do, and does not wait.
    func workOff() {
        while let work = monitor.withLock({ Self.next(&$0) }) {
            if case .nothing = work { return clear() }
            perform(work)
        }
    }

    private func run() {
        while true {
            let work = monitor.wait { Self.next(&$0) }
            if case .nothing = work { return clear() }
            perform(work)
        }
    }

    private func clear() {
        if case .failed = outcome { file?.remove() }
        file = nil
    }

    /// Nil: wait.
    private static func next(_ shared: inout Shared) -> Work? {
        if shared.outcome != nil { return .nothing }
        if shared.stage == .new { return .begin }
        if let chunk = shared.chunks.popFirst() { return .write(chunk) }
        if let totals = shared.totals, shared.stage == .open { return .seal(totals) }
        return shared.stage == .sealed && shared.isDurable ? .publish : nil
    }

    private func perform(_ work: Work) {
        do {
            switch work {
            case .begin:
                file = try SnapshotWriter(head, in: directory)
                try writeDictionaries()
                monitor.change { $0.stage = .open }
            case .write(let chunk):
                try file?.append(
                    kind: chunk.kind.rawValue, count: chunk.count, chunk.bytes.bytes)
                // The writer may be waiting for room.
                monitor.change { _ in }
            case .seal(let totals):
                try file?.seal(SnapshotEnd(jobs: totals.jobs, digest: totals.digest))
                monitor.change { $0.stage = .sealed }
            case .publish:
                try file?.publish(keeping: keeping)
                finish()
            case .nothing: break
            }
        } catch {
            monitor.change { $0.outcome = .failed("no snapshot was written: \(error)") }
        }
    }

    private func finish() {
        let byteCount = file?.byteCount ?? 0
        monitor.change { shared in
            shared.outcome = .written(
                SnapshotReceipt(
                    lsn: head.lsn, jobs: shared.totals?.jobs ?? 0, byteCount: byteCount,
                    path: directory.path(of: head.lsn)))
        }
    }

    private func writeDictionaries() throws {
        var bytes = ByteWriter(capacity: 4_096)
        for dictionary in dictionaries {
            for part in [dictionary.type, dictionary.bytes] {
                bytes.writeFixed(UInt32(part.count))
                bytes.write(part)
            }
        }
        try file?.append(kind: Self.dictionariesKind, count: dictionaries.count, bytes.bytes)
    }
}
