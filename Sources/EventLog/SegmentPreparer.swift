import ByteCoding
import Storage
import Synchronization
import Threads

/// Makes the next segment's file ahead of its use: its space claimed, zero-filled and synced, under a temporary name.
///
/// Claimed at once, so that a full disk is known while a whole segment is still free; filled in
/// paced steps. Syncing an overwrite of zeros is 2.4 times as fast as syncing an append.
final class SegmentPreparer: Sendable {
    fileprivate enum State {
        case idle, wanted, filling, stopped
        case ready(any StorageFile)
        case failed(StorageError)
    }
    fileprivate struct Order {
        var state = State.idle
        /// Someone waits for the file: no more pauses.
        var isUrgent = false
        /// The last try found no space for a segment; nil before the first has looked.
        var isShort: Bool?
    }

    private let directory: LogDirectory
    private let segmentBytes: Int
    private let monitor = Monitor(Order())
    /// How far the segment in use is filled.
    private let usedBytes = Atomic(0)
    private let thread: Monitor<DedicatedThread?>
    private static let retryMilliseconds = 1000

    init(directory: LogDirectory, segmentBytes: Int, isThreaded: Bool) {
        self.directory = directory
        self.segmentBytes = segmentBytes
        thread = Monitor(nil)
        guard isThreaded else { return }
        thread.withLock { thread in
            thread = DedicatedThread(name: "log-prepare") { [self] in run() }
        }
    }

    /// True from a try that found no space until one that did.
    var isShort: Bool { monitor.withLock { $0.isShort ?? false } }

    /// Tells how far the segment in use is filled: the next one stays ahead of it.
    func noteUse(_ byteCount: Int) { usedBytes.store(byteCount, ordering: .relaxed) }

    /// Waits for the first try, after a `want`, to have looked for space.
    func waitUntilSpaceIsKnown() {
        monitor.wait { order in
            if case .failed = order.state { return () }
            return order.isShort == nil ? nil : ()
        }
    }

    /// Begins the next file, if none is under way; without a thread it is there on return, or has failed.
    func want() {
        monitor.change { $0.want() }
        if isInline { makeIfWanted() }
    }

    /// The zero-filled file, for the caller to rename; waits until it is there.
    func take() throws(StorageError) -> any StorageFile {
        do throws(StorageError) {
            return try takePrepared()
        } catch {
            // It may have failed long ago, for a reason that is gone: once more, now.
            return try takePrepared()
        }
    }

    private var isInline: Bool { thread.withLock { $0 == nil } }

    private func takePrepared() throws(StorageError) -> any StorageFile {
        monitor.change { order in
            order.isUrgent = true
            if case .idle = order.state { order.state = .wanted }
        }
        if isInline { makeIfWanted() }
        let result: Result<any StorageFile, StorageError> = monitor.wait { order in
            switch order.state {
            case .ready(let file): .success(file)
            case .failed(let error): .failure(error)
            case .idle, .wanted, .filling, .stopped: nil
            }
        }
        monitor.change { order in
            order.state = .idle
            order.isUrgent = false
        }
        return try result.get()
    }

    /// Ends the thread; a file half made stays behind and is removed when the log is opened again.
    func stop() {
        monitor.change { $0.state = .stopped }
        guard let thread = thread.withLock({ $0 }) else { return }
        thread.join()
        self.thread.withLock { $0 = nil }
    }

    private func run() {
        while isWanted() { make() }
    }

    private func makeIfWanted() {
        let isWanted = monitor.withLock { order in
            guard case .wanted = order.state else { return false }
            order.state = .filling
            return true
        }
        if isWanted { make() }
    }

    private func make() {
        do throws(StorageError) {
            let file = try fill()
            finish(.ready(file))
        } catch {
            removeLeftover()
            if error.isOutOfSpace { monitor.change { $0.isShort = true } }
            finish(.failed(error))
        }
    }

    /// Half a file is of no use to anyone, and holds space that is needed.
    private func removeLeftover() {
        do throws(StorageError) {
            try directory.storage.remove(directory.preparing)
        } catch {
            // It was not made at all, or it stays: then the next try to make it says so.
            return
        }
    }

    /// Sleeps until there is something to make; false when there never will be.
    private func isWanted() -> Bool {
        while true {
            let isWanted = monitor.wait(milliseconds: Self.retryMilliseconds) { $0.begin() }
            if let isWanted { return isWanted }
            // Nobody asked for so long: where space is wanting, it may be there again.
            monitor.withLock { $0.retry() }
        }
    }

    private func finish(_ state: State) {
        monitor.change { order in
            if case .stopped = order.state { return }
            order.state = state
        }
    }

    private func fill() throws(StorageError) -> any StorageFile {
        let file = try directory.storage.open(directory.preparing, .create)
        try file.reserve(UInt64(segmentBytes))
        monitor.change { $0.isShort = false }
        var pace = WritePace(file: file)
        let zeros = [UInt8](repeating: 0, count: min(WritePace.stepBytes, segmentBytes))
        while pace.byteCount < segmentBytes {
            guard let isUrgent = urgency(of: pace.byteCount) else { break }
            let count = min(zeros.count, segmentBytes - pace.byteCount)
            try pace.write(zeros.rawBytes.extracting(0..<count), isUrgent: isUrgent)
        }
        try pace.sync()
        return file
    }

    /// Whether to go on without pauses; nil where nobody wants the file any more.
    ///
    /// Someone waits, or would: the segment in use fills up more than half as fast.
    private func urgency(of byteCount: Int) -> Bool? {
        monitor.withLock { order in
            if case .stopped = order.state { return nil }
            return order.isUrgent || byteCount < 2 * usedBytes.load(ordering: .relaxed)
        }
    }
}

extension SegmentPreparer.Order {
    fileprivate mutating func want() {
        switch state {
        case .idle: state = .wanted
        case .failed where isShort == true: state = .wanted
        case .wanted, .filling, .ready, .failed, .stopped: break
        }
    }

    fileprivate mutating func retry() {
        if case .failed = state, isShort == true { state = .wanted }
    }

    /// True where the file is to be made now; false where the thread is to end.
    fileprivate mutating func begin() -> Bool? {
        switch state {
        case .wanted:
            state = .filling
            return true
        case .stopped: return false
        case .idle, .filling, .ready, .failed: return nil
        }
    }
}
