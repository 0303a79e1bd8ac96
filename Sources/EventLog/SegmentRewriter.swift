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
        let packing = directory.packing(segment.path)
        let made = try SegmentPacking(
            directory: directory, isStopped: isStopped, pause: pause
        ).pack(
            segment.path, header: segment.header, byteCount: Int(segment.storedBytes),
            into: packing)
        guard let made else { return }
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

    private var isStopped: @Sendable () -> Bool {
        { [monitor] in monitor.withLock { $0.isStopped } }
    }

    /// Lets the disk and whoever needs the processors go first.
    private func pause() {
        guard options.isThreaded else { return }
        let isUrgent = catalogue.unpackedCount > Self.postponedMax
        let milliseconds = deference.withLock {
            $0.pause(at: options.threadTimes(), isUrgent: isUrgent)
        }
        _ = monitor.wait(milliseconds: 1 + milliseconds) { $0.isStopped ? true : nil }
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
