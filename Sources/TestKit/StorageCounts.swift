package import Storage

/// What was done to a simulated disk, and what failed on it.
package struct StorageCounts: Sendable {
    /// Operations by kind, the failed ones too.
    package private(set) var operations: [StorageError.Operation: Int] = [:]
    /// Injected faults by the kind of operation they struck.
    package private(set) var faults: [StorageError.Operation: Int] = [:]
    /// Operations that the disk refused because it was full.
    package internal(set) var outOfSpace = 0
    /// What the fault scheduled last has struck first; nil: nothing yet.
    package private(set) var failed: StorageError.Operation?
    /// On which path.
    package private(set) var failedPath: String?
    /// Changes after the one that failed first.
    package private(set) var changesAfterFailure = 0

    mutating func note(_ operation: StorageError.Operation) {
        operations[operation, default: 0] += 1
        if failed != nil && !operation.isLook { changesAfterFailure += 1 }
    }

    mutating func noteFault(_ operation: StorageError.Operation, on path: String) {
        faults[operation, default: 0] += 1
        guard failed == nil else { return }
        failed = operation
        failedPath = path
    }

    mutating func forgetFault() {
        failed = nil
        failedPath = nil
        changesAfterFailure = 0
    }
}

extension StorageError.Operation {
    /// True for what leaves the disk as it is.
    var isLook: Bool {
        switch self {
        case .open, .read, .list, .size: true
        case .create, .write, .sync, .truncate, .rename, .remove, .lock, .createDirectory,
            .syncDirectory, .reserve:
            false
        }
    }
}
