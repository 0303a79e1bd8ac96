import Storage
import Threads
import Units

/// Hands blocks from the writer to the disk, one group in flight at a time.
///
/// A block belongs to the writer while it fills it, to this queue once committed, to the thread
/// that syncs once taken, and to the free list afterwards. The last committed block may be taken
/// back by the writer as long as no sync has begun on it: that is how a busy disk gets large blocks.
///
/// The running hash belongs to the writer while no committed block is left to be hashed, and to the thread that syncs
/// until none is again. The writer may be hashing a block that it has handed over: nobody changes it any more,
/// and nobody else takes it from the free list.
final class GroupCommit: Sendable {
    private let monitor: Monitor<Shared>
    private let tail: SegmentTail
    private let chain: HashChain
    private let catalogue: Catalogue
    private let options: LogOptions
    private let onDurable: @Sendable (LSN) -> Void
    private let onFailure: @Sendable (LogError) -> Void

    /// What the threads share, under the monitor.
    private struct Shared {
        var queue: [RawBlock] = []
        var free: [RawBlock]
        var saved = SavedBytes()
        /// The running hash is with the thread that syncs.
        var isHashing = false
        /// Whoever set it owns the tail until they clear it.
        var isSyncing = false
        var isClosing = false
        var hasFailed = false
    }

    init(
        tail: SegmentTail, chain: HashChain, catalogue: Catalogue, options: LogOptions,
        onDurable: @escaping @Sendable (LSN) -> Void,
        onFailure: @escaping @Sendable (LogError) -> Void
    ) {
        self.tail = tail
        self.chain = chain
        self.catalogue = catalogue
        self.options = options
        self.onDurable = onDurable
        self.onFailure = onFailure
        let free = (0..<options.blocksMax).map { _ in RawBlock(capacity: 4096) }
        monitor = Monitor(Shared(free: free))
    }

    enum Taken {
        /// The block that was committed last; there is room in it.
        case committed(RawBlock)
        case empty(RawBlock, SavedBytes)
    }

    /// A block for the writer to fill.
    ///
    /// Waits for the disk where all blocks are in use; gives nil after a failure. With
    /// `isContinuing` false the batch holds blocks already, which come before: nothing is taken back.
    func takeBlock(roomFor recordBytes: Int, isContinuing: Bool) -> Taken? {
        monitor.wait { shared -> Taken?? in
            if shared.hasFailed { return .some(nil) }
            // Not while the disk is idle: its thread has been woken for that block, and would find
            // nothing until the batch is filled.
            if isContinuing, shared.isSyncing, let last = shared.queue.last,
                last.hasRoom(for: recordBytes)
            {
                shared.queue.removeLast()
                return .committed(last)
            }
            guard let block = shared.free.popLast() else { return nil }
            return .empty(block, shared.saved)
        }
    }

    /// By how much the blocks that were written are shorter than raw.
    var saved: SavedBytes { monitor.withLock { $0.saved } }

    /// Commits the blocks: syncs them here where the disk is idle and there is little, else hands
    /// them to the disk thread.
    ///
    /// They are hashed by whoever syncs them, while the disk works on them. What is handed over the caller hashes
    /// itself, unless it says that it has more to do, or blocks before these are left to be hashed.
    func commit(_ blocks: [RawBlock], isBusy: Bool) {
        if takeTail(for: blocks) { return sync(blocks) }
        let isLeft = monitor.change { shared in
            // A block that is left is never followed by one that is not.
            let isLeft = isBusy || shared.isHashing || shared.queue.last?.isLeftToHash == true
            for block in blocks { block.isLeftToHash = isLeft }
            shared.queue.append(contentsOf: blocks)
            return isLeft
        }
        if !isLeft { for block in blocks { chain.add(block) } }
    }

    /// The running hash with all committed blocks in it, and the caller's; nil after a failure.
    ///
    /// Waits for the thread that syncs to hash what it has taken; what it has not, is hashed here.
    func hashed() -> HashChain? {
        let left = monitor.wait { shared -> [RawBlock]?? in
            if shared.hasFailed { return .some(nil) }
            if shared.isHashing { return nil }
            let left = shared.queue.filter(\.isLeftToHash)
            for block in left { block.isLeftToHash = false }
            return left
        }
        guard let left else { return nil }
        for block in left { chain.add(block) }
        return chain
    }

    /// True where the caller is to sync the blocks: then the tail is its own.
    private func takeTail(for blocks: [RawBlock]) -> Bool {
        let byteCount = blocks.reduce(0) { $0 + $1.byteCount }
        return monitor.change { shared in
            if shared.hasFailed { return false }
            let isIdle = !shared.isSyncing && shared.queue.isEmpty
            guard !options.isThreaded || (isIdle && byteCount <= options.inlineBytesMax) else {
                return false
            }
            shared.isSyncing = true
            for block in blocks { block.isLeftToHash = true }
            return true
        }
    }

    /// The disk thread's life.
    func run() {
        while let blocks = nextGroup() { sync(blocks) }
    }

    /// Waits until everything committed is durable and lets the disk thread end.
    ///
    /// Returns true where the tail may be used by the caller: nothing failed, and nobody else is.
    func drain() -> Bool {
        monitor.change { $0.isClosing = true }
        return monitor.wait { shared in
            if shared.hasFailed { return false }
            return shared.queue.isEmpty && !shared.isSyncing ? true : nil
        }
    }

    /// Marks the end as clean; only after `drain` has returned true.
    func finish() {
        do throws(StorageError) {
            try tail.mark(BlockHeader.closedFlag)
        } catch {
            fail(.io(error))
            return
        }
        // Closed: whatever comes later goes nowhere.
        abandon()
    }

    /// Lets the disk thread end without writing anything more.
    func abandon() {
        monitor.change { $0.hasFailed = true }
    }

    private func nextGroup() -> [RawBlock]? {
        monitor.wait { shared -> [RawBlock]?? in
            if shared.hasFailed { return .some(nil) }
            if shared.isSyncing { return nil }
            if shared.queue.isEmpty { return shared.isClosing ? .some(nil) : nil }
            shared.isSyncing = true
            let blocks = shared.queue
            shared.isHashing = blocks.last?.isLeftToHash == true
            shared.queue.removeAll(keepingCapacity: true)
            return blocks
        }
    }

    /// Runs on whichever thread set `isSyncing`.
    private func sync(_ blocks: [RawBlock]) {
        let left = blocks.filter(\.isLeftToHash)
        do throws(StorageError) {
            try tail.write(blocks) { hash(left) }
        } catch {
            fail(.io(error))
            return
        }
        let hasFailed = monitor.change { shared in
            shared.isSyncing = false
            shared.saved = tail.saved
            shared.free.append(contentsOf: blocks)
            return shared.hasFailed
        }
        if !hasFailed { onDurable(catalogue.durableLSN) }
    }

    private func hash(_ left: [RawBlock]) {
        guard !left.isEmpty else { return }
        for block in left { chain.add(block) }
        monitor.change { $0.isHashing = false }
    }

    /// Ends the log for good; a group that another thread is syncing may still become durable.
    ///
    /// Never retried, because after a failed sync the kernel may have dropped the
    /// pages and a second sync would report success. `isSyncing` stays set: nobody gets the tail.
    func fail(_ error: LogError) {
        let isFirst = monitor.change { shared in
            defer { shared.hasFailed = true }
            return !shared.hasFailed
        }
        if isFirst { onFailure(error) }
    }
}
