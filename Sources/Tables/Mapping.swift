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

    /// A multiple of every system's pages; memory is touched and given back in whole ones of these.
    static let pageBytes = 1 << 16

    /// MADV_POPULATE_WRITE: older C headers don't have it, and older kernels refuse it.
    static let populateWrite: Int32 = 23

    /// Bytes in use, counted from the start, when the owner last said so.
    let used = Atomic(0)
    /// Up to where memory is to be touched ahead.
    let wanted = Atomic(0)
    /// Up to where it has been.
    let touched = Atomic(0)

    /// - Precondition: the system has that many addresses left.
    init(byteCount: Int) {
        self.byteCount = byteCount
        // A new private mapping: nothing else is at these addresses.
        let start = unsafe mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            preconditionFailure("cannot reserve \(byteCount) bytes of addresses: errno \(errno)")
        }
        address = UInt(bitPattern: start)
        // A table with three rows must not take huge pages. Only advice, so a refusal does no harm.
        unsafe madvise(start, byteCount, MADV_NOHUGEPAGE)
    }

    deinit {
        // No references are left, and pointers into the range live only beside one.
        let status = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
        precondition(status == 0, "munmap gave errno \(errno)")
    }

    /// Touches up to `stepBytes` more of what is wanted; false where there is nothing to do.
    ///
    /// For the thread that touches memory ahead alone.
    func touch(stepBytes: Int) -> Bool {
        let start = max(touched.load(ordering: .relaxed), used.load(ordering: .relaxed))
        let count = min(wanted.load(ordering: .relaxed) - start, stepBytes)
        guard count > 0 else { return false }
        // Within the range, and it changes no byte. Where the kernel refuses, pages come by faults.
        let status = unsafe madvise(
            UnsafeMutableRawPointer(bitPattern: address + UInt(start)), count, Self.populateWrite)
        touched.store(status == 0 ? start + count : byteCount, ordering: .relaxed)
        return status == 0
    }
}
