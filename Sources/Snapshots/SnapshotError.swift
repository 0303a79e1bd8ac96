package import Storage

/// Why a snapshot cannot be written or read.
package enum SnapshotError: Error, Equatable, Sendable {
    /// The operating system refused.
    case io(StorageError)
    /// Its bytes are not what was written.
    case damaged(file: String, offsetBytes: Int, what: String)
    /// Written by another version of this program.
    case newerFormat(file: String, version: UInt32)
}

extension SnapshotError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .io(let error): "\(error)"
        case .damaged(let file, let offset, let what):
            "\(file) is damaged at offset \(offset): \(what)"
        case .newerFormat(let file, let version):
            "\(file) was written by another version (format \(version); this one reads "
                + "\(SnapshotHead.version))"
        }
    }
}

/// Calls storage and turns its refusal into a snapshot's.
func unwrap<T>(_ call: () throws(StorageError) -> T) throws(SnapshotError) -> T {
    do throws(StorageError) {
        return try call()
    } catch {
        throw .io(error)
    }
}
