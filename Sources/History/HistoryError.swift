package import Storage
package import Units

/// Why history could not be written or read.
package enum HistoryError: Error, Equatable, Sendable {
    case io(StorageError)
    /// A file is not what was written; it can be built again from the log.
    case damaged(path: String, offsetBytes: UInt64, what: String)
    /// It may lie in a file that was damaged or gone and is not built again yet: ask later.
    case missing(ClosedRange<LSN>)
}

extension HistoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .io(let error): "\(error)"
        case .damaged(let path, let offsetBytes, let what):
            "\(path) is damaged at offset \(offsetBytes): \(what)"
        case .missing(let range):
            "the history of events \(range.lowerBound) to \(range.upperBound) was damaged or gone "
                + "and is being built again from the log"
        }
    }
}

/// Calls storage and turns its refusal into history's.
func unwrap<T>(_ call: () throws(StorageError) -> T) throws(HistoryError) -> T {
    do throws(StorageError) {
        return try call()
    } catch {
        throw .io(error)
    }
}

/// What is wrong with bytes that were read, before it is known which file they are of.
struct Flaw: Error, Equatable {
    var offsetBytes: UInt64
    let what: String
    /// Nothing is wrong with them: the disk refused to give them.
    var refused: StorageError?

    init(_ what: String, at offsetBytes: UInt64 = 0) {
        self.what = what
        self.offsetBytes = offsetBytes
    }

    init(refused: StorageError) {
        self.init("\(refused)")
        self.refused = refused
    }

    func error(in path: String) -> HistoryError {
        if let refused { return .io(refused) }
        return .damaged(path: path, offsetBytes: offsetBytes, what: what)
    }
}
