import ByteCoding
import Storage
import Synchronization
import Threads
import Units

/// Rewrites sealed segments into large blocks in the background, oldest first.
///
/// Costs processor and disk time at the lowest priority, puts itself off while others need the processors, and costs
/// nothing else: a segment is read as
/// recovery reads it, its hash is compared before the new file takes its name, and whatever
/// fails leaves the segment as it was.
final class SegmentRewriter: Sendable {
    private struct Order {
        var isWanted = false
        var isStopped = false
        /// The segment that is being rewritten was dropped meanwhile.
        var isDropped = false
    }

    private let directory: LogDirectory
    private let catalogue: Catalogue
    private let monitor = Monitor(Order())
    private let options: LogOptions
    /// Begun when there is something to do for the first time.
    private let thread = Monitor<DedicatedThread?>(nil)
    private let deference = Mutex(Deference())

    /// While more segments than these wait to be rewritten, the work is not put off.
    private static let postponedMax = 8

    init(directory: LogDirectory, catalogue: Catalogue, options: LogOptions) {
        self.directory = directory
        self.catalogue = catalogue
        self.options = options
    }

    /// Looks for segments to rewrite; without a thread they are rewritten on return.
    func want() {
        guard options.rewritesSegments else { return }
        guard options.isThreaded else { return rewriteAll() }
        monitor.change { $0.isWanted = true }
        thread.withLock { thread in
            if thread != nil { return }
            thread = DedicatedThread(name: "log-rewrite", isBackground: true) { [self] in run() }
        }
    }

    /// Ends the thread; a file half made stays behind and is removed when the log is opened again.
    func stop() {
        monitor.change { $0.isStopped = true }
        guard let thread = thread.withLock({ $0 }) else { return }
        thread.join()
        self.thread.withLock { $0 = nil }
    }

    private func run() {
        while isWanted() { rewriteAll() }
    }

    private func isWanted() -> Bool {
        monitor.wait { order in
            if order.isStopped { return false }
            guard order.isWanted else { return nil }
            order.isWanted = false
            return true
        }
    }

    private func rewriteAll() {
        while let segment = catalogue.nextUnpacked() {
            do throws(LogError) {
                try rewrite(segment)
            } catch {
                // Dropped meanwhile.
                if !catalogue.holds(segment.header.firstLSN) { continue }
                // The next sealed segment is the time for another try: space may be there again.
                catalogue.noteTrouble("\(segment.path) was not rewritten: \(error)")
                removeLeftover()
                return
            }
            if isStopped() { return removeLeftover() }
        }
    }

    private func rewrite(_ segment: Catalogue.Segment) throws(LogError) {
        monitor.change { $0.isDropped = false }
        let packing = directory.packing(segment.path)
        let made = try SegmentPacking(
            directory: directory,
            isStopped: { [monitor] in monitor.withLock { $0.isStopped || $0.isDropped } },
            pause: { [self] in pause(in: segment.header.firstLSN) }
        ).pack(
            segment.path, header: segment.header, byteCount: Int(segment.storedBytes),
            into: packing)
        guard let made else { return removeLeftover() }
        var packed = Catalogue.Segment(path: segment.path, header: made.header)
        packed.lastLSN = segment.lastLSN
        packed.rawBytes = segment.rawBytes
        packed.storedBytes = UInt64(made.byteCount)
        packed.blocks = made.places
        // Readers see the old file with its places or the new one with its own.
        let isSwapped = try catalogue.replace(with: packed) { () throws(StorageError) in
            try directory.storage.rename(packing, to: segment.path)
        }
        guard isSwapped else { return removeLeftover() }
        try unwrap { () throws(StorageError) in
            try directory.storage.syncDirectory(directory.segments)
        }
        catalogue.noteTrouble(nil)
    }

    private func isStopped() -> Bool { monitor.withLock { $0.isStopped } }

    /// Lets the disk and whoever needs the processors go first.
    ///
    /// - Parameter first: The first record of the segment: nobody waits for one that was dropped meanwhile.
    private func pause(in first: LSN) {
        guard options.isThreaded, !monitor.withLock({ $0.isDropped }) else { return }
        let milliseconds = deference.withLock { deference in
            deference.pause(
                at: options.threadTimes(),
                isUrgent: catalogue.unpackedCount > Self.postponedMax)
        }
        _ = monitor.wait(milliseconds: 1 + milliseconds) { $0.isStopped ? true : nil }
        if milliseconds > 0, !catalogue.holds(first) { monitor.change { $0.isDropped = true } }
    }

    private func removeLeftover() {
        do throws(LogError) {
            try directory.removeLeftovers(suffix: LogDirectory.packingSuffix)
        } catch {
            // It stays and is removed when the log is opened again, or by the next try.
            return
        }
    }
}
