import Glibc
import Synchronization
import Threads

/// Has the kernel put memory behind growing regions before their owners come to it.
///
/// First touch is the largest cost of filling a table: 1.5 to 8.8 µs per 4 KiB were measured. One thread
/// for the whole process, started by the first region that grows large. Its priority is the usual one:
/// what it doesn't do in time, a region's owner does itself, at once and one page after another.
@safe
final class TouchAhead: @unchecked Sendable {
    static let shared = TouchAhead()

    /// Holds the kernel's lock on the address space for about half a millisecond.
    private static let stepBytes = 512 << 10

    private let mappings = Mutex<[Mapping]>([])
    private let isWoken = Atomic(false)
    // Sendable: on the heap, because it may not move, and made for use by many threads.
    private let wake: UnsafeMutablePointer<sem_t>

    private init() {
        unsafe wake = .allocate(capacity: 1)
        unsafe sem_init(wake, 0, 0)
        DedicatedThread(name: "touch-ahead") { TouchAhead.shared.run() }.detach()
    }

    func add(_ mapping: Mapping) {
        mappings.withLock { $0.append(mapping) }
    }

    func remove(_ mapping: Mapping) {
        mappings.withLock { all in
            guard let index = all.firstIndex(where: { $0 === mapping }) else {
                preconditionFailure("a region removed twice")
            }
            all.remove(at: index)
        }
    }

    /// Says that more is wanted somewhere; takes no lock, so that an owner never waits here.
    func signal() {
        guard !isWoken.exchange(true, ordering: .releasing) else { return }
        // Never destroyed: this object lives as long as the process.
        unsafe sem_post(wake)
    }

    private func run() {
        while true {
            // As in `signal`. Interrupted or not, looking again does no harm.
            unsafe sem_wait(wake)
            // Acquires what owners released: what they want is seen below, or else they post again.
            _ = isWoken.exchange(false, ordering: .acquiring)
            while round() {}
        }
    }

    /// One step for each region that wants one; false where none does.
    private func round() -> Bool {
        var hasWorked = false
        for mapping in mappings.withLock({ $0 }) where mapping.touch(stepBytes: Self.stepBytes) {
            hasWorked = true
        }
        return hasWorked
    }
}
