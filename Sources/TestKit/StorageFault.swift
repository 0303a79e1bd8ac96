import Glibc
import Storage

/// How a simulated disk refuses an operation.
package struct StorageFault: Sendable {
    /// What the caller is told.
    package var errno: Int32
    /// True: from then on every operation fails like this one; false: once.
    package var isLasting: Bool
    /// True: a refused write leaves the beginning of its bytes behind.
    package var isShort: Bool

    /// Refuses with an I/O error where nothing else is said.
    package init(_ errno: Int32 = EIO, isLasting: Bool = false, isShort: Bool = false) {
        self.errno = errno
        self.isLasting = isLasting
        self.isShort = isShort
    }
}

/// A fault and where it strikes.
struct StandingFault: Sendable {
    let fault: StorageFault
    let operation: StorageError.Operation
    let suffix: String

    func strikes(_ operation: StorageError.Operation, _ path: String) -> Bool {
        operation == self.operation && path.hasSuffix(suffix)
    }
}

/// A fault and when it strikes.
struct ScheduledFault: Sendable {
    let fault: StorageFault
    /// Number of the operation that fails first.
    let first: Int

    func strikes(_ number: Int) -> Bool {
        fault.isLasting ? number >= first : number == first
    }
}
