import Glibc
import Synchronization

/// Zeroed memory that grows in place: addresses are reserved once, memory comes as it is touched.
///
/// Invariant: `base` is valid for `byteCount` bytes as long as this value lives.
@safe
@usableFromInline
struct Region: ~Copyable {
    @usableFromInline
    let base: UnsafeMutableRawPointer
    @usableFromInline
    let byteCount: Int
    /// Bytes in use from which on the owner is to say so again.
    @usableFromInline
    var noticeBytes: Int

    private let growth: Growth

    /// - Precondition: the system has so many addresses left.
    init(byteCount: Int) {
        let pages = max(1, (byteCount + Mapping.pageBytes - 1) / Mapping.pageBytes)
        let rounded = pages * Mapping.pageBytes
        growth = Growth(Mapping(byteCount: rounded))
        self.byteCount = rounded
        noticeBytes = Growth.quietBytes
        guard let base = unsafe UnsafeMutableRawPointer(bitPattern: growth.mapping.address) else {
            preconditionFailure("memory at address 0")
        }
        // The mapping lives at least as long as this value, which holds it.
        unsafe self.base = base
    }

    /// Says that the first `usedBytes` are in use from now on.
    @inlinable
    mutating func grow(to usedBytes: Int) {
        if usedBytes > noticeBytes { touchAhead(of: usedBytes) }
    }

    @usableFromInline
    mutating func touchAhead(of usedBytes: Int) {
        noticeBytes = growth.touchAhead(of: usedBytes)
    }

    /// Gives the memory of whole pages back to the system; they read as zero afterwards.
    func giveBack(offset: Int, count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= byteCount - count
                && offset % Mapping.pageBytes == 0 && count % Mapping.pageBytes == 0,
            "cannot give back \(count) bytes at \(offset) of \(byteCount)")
        // Checked above: within the range that this value owns.
        let status = unsafe madvise(base + offset, count, MADV_DONTNEED)
        precondition(status == 0, "madvise gave errno \(errno)")
    }

    /// Has memory put behind whole pages at once, which costs less than one fault after another.
    func populate(offset: Int, count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= byteCount - count
                && offset % Mapping.pageBytes == 0,
            "cannot touch \(count) bytes at \(offset) of \(byteCount)")
        // Checked above: within the range that this value owns. A refusal leaves it to the faults.
        unsafe madvise(base + offset, count, Mapping.populateWrite)
    }

    /// Puts memory behind the first `usedBytes` at once, for a table of a known size: a fault costs more, and
    /// a page that is read before it is written two.
    ///
    /// - Precondition: nothing is in use yet.
    mutating func fill(to usedBytes: Int) {
        precondition(usedBytes <= byteCount, "a table of \(usedBytes) bytes in \(byteCount)")
        let pages = (usedBytes + Mapping.pageBytes - 1) / Mapping.pageBytes
        growth.mapping.touchAll(to: pages * Mapping.pageBytes)
        grow(to: usedBytes)
    }

    /// Takes huge pages for what is to be loaded, from the start: nobody waits for one step of that, so that
    /// the kernel may take its time to find them.
    ///
    /// - Precondition: nothing is in use yet.
    mutating func beginLoad(of usedBytes: Int) {
        guard usedBytes > Growth.quietBytes else { return }
        growth.beginLoad(of: min(usedBytes, byteCount))
        noticeBytes = 0
    }

    /// What comes from now on is waited for, step by step.
    func endLoad() { growth.endLoad() }

    /// Says that nothing from `usedBytes` on is in use, for regions that shrink.
    mutating func shrink(to usedBytes: Int) {
        noticeBytes = max(usedBytes, Growth.quietBytes)
        growth.stop()
    }
}

/// Has memory touched ahead of a region that grows.
///
/// A class, because the optimizer trips over values whose deinit it may not inline.
private final class Growth {
    let mapping: Mapping
    private var isTouchedAhead = false
    /// Of a load that is under way: so much is to come.
    private var loadedBytes = 0

    /// Smaller regions are left alone: there may be thousands.
    static let quietBytes = 1 << 20
    private static let aheadBytesMin = 64 << 10
    private static let aheadBytesMax = 48 << 20
    private static let aheadOfLoadBytes = 4 << 20

    init(_ mapping: Mapping) { self.mapping = mapping }

    deinit {
        if isTouchedAhead { TouchAhead.shared.remove(mapping) }
    }

    /// Has what comes next touched ahead; returns from where on it is to be called again.
    func touchAhead(of usedBytes: Int) -> Int {
        let aheadBytes = aheadBytes(of: usedBytes)
        let end = mapping.end(ofAhead: aheadBytes, from: usedBytes)
        mapping.used.store(wholePages(usedBytes), ordering: .relaxed)
        mapping.wanted.store(wholePages(end), ordering: .relaxed)
        if !isTouchedAhead {
            TouchAhead.shared.add(mapping)
            isTouchedAhead = true
        }
        // Waking that thread for nothing would cost more than asking.
        if mapping.wantsMore { TouchAhead.shared.signal() }
        // Early enough that the rest of what is touched fills while more is being touched.
        return usedBytes + aheadBytes / 4
    }

    /// A sixty-fourth of what is in use, within bounds, or what a load is about to use.
    private func aheadBytes(of usedBytes: Int) -> Int {
        let untilLoaded = min(loadedBytes - usedBytes, Self.aheadOfLoadBytes)
        return max(Self.aheadBytesMin, min(usedBytes / 64, Self.aheadBytesMax), untilLoaded)
    }

    func beginLoad(of usedBytes: Int) {
        loadedBytes = usedBytes
        mapping.takeHugePages(to: usedBytes)
    }

    func endLoad() {
        loadedBytes = 0
        mapping.takeHugePages(to: 0)
    }

    /// What is touched already stays; beyond it nothing more will be.
    func stop() {
        mapping.wanted.store(0, ordering: .relaxed)
        mapping.used.store(0, ordering: .relaxed)
        mapping.touched.store(0, ordering: .relaxed)
    }

    private func wholePages(_ byteCount: Int) -> Int {
        byteCount / Mapping.pageBytes * Mapping.pageBytes
    }
}
