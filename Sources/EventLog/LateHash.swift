import ByteCoding
import Storage
import Synchronization
import Threads
import Units

/// Hashes, on a thread of its own, what the newest segment held when the log was opened.
///
/// Nobody needs that hash before the segment is sealed, so whoever opens the log does not wait for it.
/// What recovery has read must be there still: where it is not, the log ends.
final class LateHash: Sendable {
    /// Given away when it begins: dropped and rewritten segments must not be held open.
    private let file: Mutex<(any StorageFile)?>
    private let path: String
    /// Where recovery found the end.
    private let end: SegmentWalk
    private let windowBytes: Int
    private let progress = Monitor(Progress())
    private let isStopped = Atomic(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    private struct Progress {
        var isDone = false
        var hash = RunningHash()
    }

    /// - Parameters:
    ///   - file: The segment.
    ///   - end: Up to here it is to be hashed.
    ///   - windowBytes: How much is read at a time.
    init(_ file: any StorageFile, through end: SegmentWalk, windowBytes: Int) {
        self.file = Mutex(file)
        path = file.path
        self.end = end
        self.windowBytes = windowBytes
    }

    /// Begins; `onFailure` is called before anybody learns of a hash that is not one.
    func start(onFailure: @escaping @Sendable (LogError) -> Void) {
        let started = DedicatedThread(name: "log-hash") { [self] in
            var hash = RunningHash()
            do throws(LogError) {
                if let file = file.withLock({ $0.take() }) { hash = try self.hash(file) }
            } catch {
                onFailure(error)
            }
            progress.change { [hash] progress in
                progress.isDone = true
                progress.hash = hash
            }
        }
        thread.withLock { $0 = started }
    }

    var isDone: Bool { progress.withLock { $0.isDone } }

    /// Waits for the hash; after a failure, and where it was stopped, it is of no use to anyone.
    func take() -> RunningHash { progress.wait { $0.isDone ? $0.hash : nil } }

    /// Ends it, done or not.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
    }

    private func hash(_ file: any StorageFile) throws(LogError) -> RunningHash {
        let first = end.header.firstLSN
        var source = try SegmentSource(
            file, expecting: first, limit: end.offset, windowBytes: windowBytes)
        let header = try source.header(expecting: first)
        var hash = RunningHash(header.opening)
        var walk = SegmentWalk(header)
        var records = BlockRecords()
        while !isStopped.load(ordering: .relaxed) {
            let start = walk.offset
            switch try source.next(&walk) {
            case .block(let block, let offset):
                do throws(Defect) {
                    try records.load(
                        SegmentWalk.frame(of: source.window.bytes(start..<walk.offset)),
                        header: block, at: offset, version: header.version)
                } catch {
                    throw error.corruption(in: path, from: block.firstLSN)
                }
                records.withRaw { hash.update($0) }
            case .mark: break
            case .end, .footer, nil:
                try checkEnd(walk)
                return hash
            }
        }
        return hash
    }

    private func checkEnd(_ walk: SegmentWalk) throws(LogError) {
        guard walk.offset != end.offset || walk.previousChecksum != end.previousChecksum else {
            return
        }
        throw Defect(
            at: walk.offset, "blocks that were read when the log was opened",
            expected: "\(end.offset) bytes", found: "\(walk.offset), or others",
            isTearable: false
        ).corruption(in: path, from: walk.nextLSN)
    }
}

/// The hash of a stream that is written on, whose beginning may still be being hashed.
struct StreamHash {
    private var running: RunningHash
    private var late: LateHash?
    /// What has come since.
    private var waiting = ByteWriter(capacity: 0)
    /// More is not kept in memory: then the beginning is waited for.
    private static let waitingBytesMax = 4 << 20

    /// - Parameters:
    ///   - beginning: The hash of what is there, where that is known.
    ///   - late: Where it is not: who finds it out.
    init(_ beginning: RunningHash, late: LateHash? = nil) {
        running = beginning
        self.late = late
    }

    mutating func update(_ bytes: RawSpan) {
        if let late {
            guard late.isDone || waiting.count + bytes.byteCount > Self.waitingBytesMax else {
                return waiting.write(bytes)
            }
            settle(late)
        }
        running.update(bytes)
    }

    /// The hash of everything up to here; waits for that of the beginning.
    mutating func value() -> LogHash {
        if let late { settle(late) }
        return running.value
    }

    private mutating func settle(_ late: LateHash) {
        running = late.take()
        waiting.withBytes { running.update($0) }
        waiting = ByteWriter(capacity: 0)
        self.late = nil
    }
}
