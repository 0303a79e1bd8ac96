import Storage
import Synchronization
package import Units

extension HistorySet {
    /// Drops the oldest files whose jobs all ended before `limit`, and those over events up to `last`;
    /// gives how many.
    ///
    /// Nil: none is too old. Readers that have begun go on with what is dropped.
    package func drop(
        finishedBefore limit: WallTime?, coveredThrough last: LSN
    ) throws(HistoryError) -> Int {
        let victims = files.prefix { file in
            let isOld = limit.map { file.footer.newestFinish < $0 } ?? false
            return isOld || file.header.range.upperBound <= last
        }
        guard let last = victims.last else { return 0 }
        // First of all it is made sure that what is gone is not taken for lost, and that a file whose
        // removal a power cut undoes goes again.
        try raiseFloor(to: last.header.range.upperBound)
        let dropped = state.withLock { state in
            let dropped = victims.filter { victim in state.files.contains { $0 === victim } }
            state.files.removeAll { file in dropped.contains { $0 === file } }
            return dropped
        }
        for file in dropped { try directory.remove(file.path) }
        try directory.sync()
        return dropped.count
    }

    /// Bytes of the files over events up to `last`.
    package func bytes(coveredThrough last: LSN) -> UInt64 {
        files.prefix { $0.header.range.upperBound <= last }.reduce(0) { $0 + $1.footer.fileBytes }
    }

    private func raiseFloor(to floor: LSN) throws(HistoryError) {
        let old = state.withLock { $0.floor }
        guard old < floor else { return }
        let name = directory.floor(floor)
        if try !directory.list().contains(where: { "\(directory.path)/\($0)" == name }) {
            try unwrap { () throws(StorageError) in try directory.makeFloor(floor) }
        }
        try directory.sync()
        state.withLock { state in
            state.floor = floor
            state.forgetCovered()
        }
        if old > .zero { try directory.remove(directory.floor(old)) }
    }
}
