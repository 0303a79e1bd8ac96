import Glibc
import Synchronization

/// A range of addresses, reserved without memory behind it and released with the last reference.
///
/// Counted references, so that the thread that touches memory ahead keeps the range for the length of
/// one step: whoever owned it never waits for that thread.
final class Mapping: Sendable {
    // An address as a number, because pointers aren't Sendable; the range lives as long as this.
    let address: UInt
    let byteCount: Int
    /// Where the reservation begins: the range begins at the first huge page in it.
    private let reserved: UInt

    /// A multiple of every system's pages; memory is touched and given back in whole ones of these.
    static let pageBytes = 1 << 16

    /// MADV_POPULATE_WRITE: older C headers don't have it, and older kernels refuse it.
    static let populateWrite: Int32 = 23
    /// What one entry of a processor's cache of addresses covers where a huge page lies behind it.
    static let hugePageBytes = 2 << 20
    /// So much must be in use before huge pages are taken, but for loads.
    private static let hugeFromBytes = 16 << 20

    /// Bytes in use, counted from the start, when the owner last said so.
    let used = Atomic(0)
    /// Up to where memory is to be touched ahead.
    let wanted = Atomic(0)
    /// Up to where it has been.
    let touched = Atomic(0)
    /// Up to here faults may take huge pages.
    private let huge = Atomic(0)

    /// - Precondition: the system has that many addresses left.
    init(byteCount: Int) {
        self.byteCount = byteCount
        // A new private mapping: nothing else is at these addresses.
        let start = unsafe mmap(
            nil, byteCount + Self.hugePageBytes, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            preconditionFailure("cannot reserve \(byteCount) bytes of addresses: errno \(errno)")
        }
        reserved = UInt(bitPattern: start)
        let mask = UInt(Self.hugePageBytes - 1)
        address = (reserved + mask) & ~mask
        // A table with three rows must not take huge pages. Only advice, so a refusal does no harm.
        unsafe madvise(start, byteCount + Self.hugePageBytes, MADV_NOHUGEPAGE)
    }

    deinit {
        // No references are left, and pointers into the range live only beside one.
        let status = unsafe munmap(
            UnsafeMutableRawPointer(bitPattern: reserved), byteCount + Self.hugePageBytes)
        precondition(status == 0, "munmap gave errno \(errno)")
    }

    /// Less has been touched than is wanted.
    var wantsMore: Bool {
        touched.load(ordering: .relaxed) < wanted.load(ordering: .relaxed)
    }

    /// Touches up to `stepBytes` more of what is wanted, or a huge page; false where there is nothing
    /// to do.
    ///
    /// For the thread that touches memory ahead alone.
    func touch(stepBytes: Int) -> Bool {
        let start = max(touched.load(ordering: .relaxed), used.load(ordering: .relaxed))
        let end = wanted.load(ordering: .relaxed)
        guard start < end else { return false }
        if start % Self.hugePageBytes == 0, start + Self.hugePageBytes <= end {
            return touch(hugePageAt: start)
        }
        return touch(from: start, to: min(end, start + stepBytes, Self.hugePageEnd(after: start)))
    }

    /// Lets faults up to there, too, take huge pages from now on; 0: nowhere.
    func takeHugePages(to end: Int) {
        let pages = end / Self.hugePageBytes * Self.hugePageBytes
        let before = huge.exchange(pages, ordering: .relaxed)
        if before > 0 { _ = advise(MADV_NOHUGEPAGE, 0, before) }
        if pages > 0 { _ = advise(MADV_HUGEPAGE, 0, pages) }
    }

    /// Touches everything up to `end`, on behalf of an owner whose range nobody else touches yet.
    ///
    /// - Precondition: `end` is a multiple of `pageBytes`.
    func touchAll(to end: Int) {
        wanted.store(end, ordering: .relaxed)
        while touch(stepBytes: byteCount) {}
    }

    /// Where touching ahead is to end: with a huge page, where one more does not weigh much.
    func end(ofAhead aheadBytes: Int, from usedBytes: Int) -> Int {
        guard usedBytes >= Self.hugeFromBytes else { return min(usedBytes + aheadBytes, byteCount) }
        return min(Self.hugePageEnd(after: usedBytes + aheadBytes / 2), byteCount)
    }

    /// But for loads, the kernel is asked for a huge page only here and now, because finding one can take it
    /// some milliseconds: the owner's faults are not to.
    private func touch(hugePageAt start: Int) -> Bool {
        if start < huge.load(ordering: .relaxed) {
            return touch(from: start, to: start + Self.hugePageBytes)
        }
        _ = advise(MADV_HUGEPAGE, start, Self.hugePageBytes)
        defer { _ = advise(MADV_NOHUGEPAGE, start, Self.hugePageBytes) }
        return touch(from: start, to: start + Self.hugePageBytes)
    }

    private func touch(from start: Int, to end: Int) -> Bool {
        let isTouched = advise(Self.populateWrite, start, end - start)
        // Where the kernel refuses, pages come by faults.
        touched.store(isTouched ? end : byteCount, ordering: .relaxed)
        return isTouched
    }

    private static func hugePageEnd(after offset: Int) -> Int {
        (offset / hugePageBytes + 1) * hugePageBytes
    }

    private func advise(_ advice: Int32, _ offset: Int, _ count: Int) -> Bool {
        // Within the range, and no advice given here changes a byte.
        unsafe madvise(
            UnsafeMutableRawPointer(bitPattern: address + UInt(offset)), count, advice) == 0
    }
}
