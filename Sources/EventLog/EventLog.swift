import ByteCoding
package import Storage
import Synchronization
import Threads
package import Units

/// An append-only log of opaque records in one directory, committed in groups.
///
/// `append`, `commit` and `close` belong to one thread, the writer's; everything else may be asked
/// from any thread. Order of what it promises: an LSN reported durable is never lost; a record read
/// back is the one that was appended; then speed. docs/log-format.md says what is on the disk.
package final class EventLog: @unchecked Sendable {
    // Sendable: the mutable fields are touched by the writer's thread alone; the rest is shared
    // through GroupCommit and Catalogue, which have locks of their own.
    private let groups: GroupCommit
    private let catalogue: Catalogue
    private let preparer: SegmentPreparer
    private let rewriter: SegmentRewriter
    private let lateHash: LateHash?
    private let lock: any DirectoryLock
    private let directory: LogDirectory
    private let options: LogOptions
    /// Drops the oldest segments, for as long as the log is open.
    package let trimmer: LogTrimmer
    private let wantsSegment = Atomic(false)
    private var thread: DedicatedThread?

    /// Last record appended; durable once `durableLSN` has reached it.
    package var lastLSN: LSN { newest }
    // Private, as the compiler proves then what it would check for each record.
    private var newest: LSN
    private var stream: RawStream
    /// The block being filled; nil right after a commit.
    private var open: RawBlock?
    /// Blocks filled since the last commit.
    private var filled: [RawBlock] = []
    private var lastTime: WallTime

    private init(
        recovery: Recovery, end: RecoveredEnd, catalogue: Catalogue,
        preparer: SegmentPreparer, rewriter: SegmentRewriter, groups: GroupCommit,
        lock: any DirectoryLock
    ) {
        self.groups = groups
        self.catalogue = catalogue
        self.preparer = preparer
        self.rewriter = rewriter
        self.lock = lock
        lateHash = end.late
        directory = recovery.directory
        options = recovery.options
        trimmer = LogTrimmer(
            directory: recovery.directory, catalogue: catalogue, log: end.walk.header.log,
            dropped: recovery.dropped)
        stream = RawStream(end, options: options)
        newest = end.walk.lastLSN
        lastTime = end.walk.lastTime
        if options.isThreaded { thread = DedicatedThread(name: "log-disk") { groups.run() } }
        lateHash?.start { [groups] in groups.fail($0) }
        rewriter.want()
    }

    deinit { abandon() }

    /// Opens the log in `directory`, makes it where there is none, and replays what it holds.
    ///
    /// When it returns, everything that was replayed is durable and nobody else can open the log.
    /// - Parameters:
    ///   - directory: The data directory; the segments are in `log` below it.
    ///   - storage: Where all reads and writes go.
    ///   - options: Sizes; those of an existing log may differ from call to call.
    ///   - begin: Called once, before the first record, with what tells this log from others.
    ///   - resume: Called once, after `begin`: records up to the one that it names are known and not
    ///     replayed. They must have been durable; a log that ends before is refused.
    ///   - replay: Gets every other record in order; a refusal ends the opening.
    ///   - progress: Called after each segment and once at the end.
    ///   - onDurable: Called each time `durableLSN` has moved, on the disk thread or inside `commit`.
    ///   - onFailure: Called at most once; nothing is written or reported durable afterwards.
    /// - Returns: The log, ready to be appended to.
    /// - Throws: `LogError`; then nobody holds the directory, and nothing was lost.
    package static func open(
        directory: String, storage: any Storage, options: LogOptions = LogOptions(),
        begin: (LogIdentity) -> Void = { _ in },
        resume: (LogIdentity) -> LSN = { _ in .zero },
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void,
        progress: (LogRecovery) -> Void = { _ in },
        onDurable: @escaping @Sendable (LSN) -> Void,
        onFailure: @escaping @Sendable (LogError) -> Void
    ) throws(LogError) -> EventLog {
        precondition(options.blocksMax >= 2, "a log needs two blocks to take turns")
        let directory = LogDirectory(
            path: directory, storage: storage, windowBytes: options.windowBytes)
        try directory.create()
        let lock = try directory.lock()
        var isOpen = false
        defer { if !isOpen { lock.release() } }
        let leftovers = LeftoverSweep(directory, isThreaded: options.isThreaded)
        // Before the lock is released, and before others make such files.
        defer { leftovers.wait() }
        var recovery = Recovery(directory: directory, options: options)
        try recovery.run(begin: begin, resume: resume, replay: replay, progress: progress)
        try leftovers.wait().get()
        let log = try start(recovery, lock: lock, onDurable: onDurable, onFailure: onFailure)
        isOpen = true
        progress(recovery.report)
        return log
    }

    private static func start(
        _ recovery: Recovery, lock: any DirectoryLock,
        onDurable: @escaping @Sendable (LSN) -> Void,
        onFailure: @escaping @Sendable (LogError) -> Void
    ) throws(LogError) -> EventLog {
        let options = recovery.options
        let preparer = SegmentPreparer(
            directory: recovery.directory, segmentBytes: options.segmentBytes,
            isThreaded: options.isThreaded)
        do throws(LogError) {
            let (end, segments) = try beginning(recovery, preparer: preparer)
            let catalogue = Catalogue(segments, durableLSN: end.walk.lastLSN)
            let rewriter = SegmentRewriter(
                directory: recovery.directory, catalogue: catalogue, options: options)
            let tail = SegmentTail(
                end, epoch: recovery.epoch + 1, directory: recovery.directory, options: options,
                preparer: preparer, rewriter: rewriter, catalogue: catalogue)
            // Makes the raised epoch durable, and says that all before it was whole.
            try unwrap { () throws(StorageError) in try tail.mark(BlockHeader.openedFlag) }
            preparer.want()
            // Known from the start: what is left of this segment may be little.
            preparer.waitUntilSpaceIsKnown()
            let groups = GroupCommit(
                tail: tail, chain: HashChain(end), catalogue: catalogue, options: options,
                onDurable: onDurable, onFailure: onFailure)
            return EventLog(
                recovery: recovery, end: end, catalogue: catalogue,
                preparer: preparer, rewriter: rewriter, groups: groups, lock: lock)
        } catch {
            preparer.stop()
            throw error
        }
    }

    /// The segment to write into: the one that recovery ended in, or a new one.
    private static func beginning(
        _ recovery: Recovery, preparer: SegmentPreparer
    ) throws(LogError) -> (RecoveredEnd, [Catalogue.Segment]) {
        if let end = recovery.end { return (end, recovery.segments) }
        let join = recovery.join
        let next = try unwrap { () throws(StorageError) in
            try NewSegment.make(
                after: join.end, number: join.number + 1, epoch: recovery.epoch + 1,
                log: recovery.identity,
                directory: recovery.directory, options: recovery.options, preparer: preparer)
        }
        let end = RecoveredEnd(
            walk: SegmentWalk(next.header), hash: RunningHash(next.header.opening),
            fileBytes: next.fileBytes, file: next.file)
        let segment = Catalogue.Segment(path: next.path, header: next.header)
        return (end, recovery.segments + [segment])
    }
}

extension EventLog {
    /// Last record that survives a power cut; nothing later may be shown to anyone.
    package var durableLSN: LSN { catalogue.durableLSN }

    /// The last record that was dropped; zero where none was.
    package var droppedThrough: LSN { catalogue.droppedThrough }

    /// What the log takes up, up to the durable end.
    package var size: LogSize { catalogue.size }

    /// A reader for other threads, good for as long as the log is open.
    package func reader() -> LogReader {
        LogReader(catalogue: catalogue, storage: directory.storage)
    }

    /// Has the next block begin a segment, where there is a record in this one: it can be dropped then.
    package func beginSegmentSoon() { wantsSegment.store(true, ordering: .relaxed) }

    /// Puts the record at the end of the open batch; waits only while all blocks are in use, or where a segment
    /// begins, for the hash of what the disk thread has taken.
    ///
    /// After a failure the record goes nowhere; its LSN never becomes durable.
    /// - Parameters:
    ///   - record: The record.
    ///   - patch: An integer that is to stand in it instead of what does, little-endian.
    /// - Returns: Its position.
    /// - Precondition: 1 byte to 256 KiB.
    @discardableResult
    package func append(_ record: RawSpan, patch: (value: Int64, offset: Int)? = nil) -> LSN {
        precondition(
            record.byteCount >= 1 && record.byteCount <= LogOptions.recordBytesMax,
            "a record of \(record.byteCount) bytes")
        newest = newest.next
        block(roomFor: record.byteCount)?.append(record, patch: patch)
        return lastLSN
    }

    /// Ends a batch: hands its records to the disk, or syncs them here where that is quicker.
    ///
    /// - Parameters:
    ///   - now: The batch's time. A time before the last one's is raised to it.
    ///   - isBusy: Whether the caller has more to do than to wait: then the disk thread hashes what is handed to it.
    package func commit(now: WallTime, isBusy: Bool = false) {
        lastTime = max(lastTime, now)
        fill()
        handOver(isBusy: isBusy)
        if preparer.isShort && !options.isThreaded { preparer.want() }
    }

    /// Commits what fills two blocks or more, so that the disk works on it while the batch goes on.
    ///
    /// - Parameter now: The batch's time, as for `commit`.
    package func commitFull(now: WallTime) {
        // A block at a time would be twice as many syncs.
        guard filled.count >= 2 else { return }
        lastTime = max(lastTime, now)
        handOver(isBusy: true)
    }

    /// How much may still be appended before the disk is known to be full.
    ///
    /// Asked by the writer: while it is `short`, what is appended must fit into the room that is left.
    package var space: LogSpace {
        guard preparer.isShort else { return .ample }
        return .short(
            roomBytes: max(0, stream.freeBytes(groups.saved)), segmentBytes: options.segmentBytes)
    }

    /// Makes everything durable, marks the end as clean, ends the threads and frees the directory.
    ///
    /// Records not yet committed are committed with the last batch's time. Called again: nothing.
    package func close() {
        commit(now: lastTime)
        let isWhole = groups.drain()
        thread?.join()
        thread = nil
        if isWhole { groups.finish() }
        lateHash?.stop()
        rewriter.stop()
        preparer.stop()
        lock.release()
    }

    /// Ends like a crash: what was not synced may be lost, the threads are gone.
    private func abandon() {
        groups.abandon()
        // First, as the disk thread may be waiting for it.
        lateHash?.stop()
        thread?.join()
        rewriter.stop()
        preparer.stop()
        lock.release()
    }

    private func handOver(isBusy: Bool) {
        guard !filled.isEmpty else { return }
        for block in filled { block.time = lastTime }
        groups.commit(filled, isBusy: isBusy)
        filled.removeAll(keepingCapacity: true)
    }

    /// The block that takes the record that has just got `lastLSN`; nil after a failure.
    private func block(roomFor recordBytes: Int) -> RawBlock? {
        if let open {
            if open.hasRoom(for: recordBytes) { return open }
            fill()
            // A batch may be larger than all blocks together; half of them go to the disk early,
            // with the time of the commit before, so that the writer never waits for itself.
            if filled.count >= options.blocksMax / 2 { handOver(isBusy: true) }
        }
        switch groups.takeBlock(roomFor: recordBytes, isContinuing: filled.isEmpty) {
        case .committed(let block): open = block
        case .empty(let block, let saved):
            let place = stream.begin(
                recordBytes: recordBytes, at: lastLSN, saved: saved,
                wantsSegment: wantsSegment.exchange(false, ordering: .relaxed), chain: hashed)
            if let place { block.begin(at: lastLSN, place) }
            open = place == nil ? nil : block
        case nil: open = nil
        }
        return open
    }

    /// The running hash of all that came before the open block; nil after a failure.
    private func hashed() -> HashChain? {
        guard let chain = groups.hashed() else { return nil }
        for block in filled { chain.add(block) }
        return chain
    }

    /// The open block is filled as far as this batch goes.
    private func fill() {
        guard let block = open else { return }
        stream.measure(block)
        filled.append(block)
        open = nil
    }
}
