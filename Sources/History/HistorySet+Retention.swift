import Storage
import Synchronization
package import Units

extension HistorySet {
    /// Drops the oldest files whose jobs all ended before `limit`, and of the rest so many that
    /// `bytesMax` are not exceeded; gives how many.
    ///
    /// Nil: no such bound. Readers that have begun go on with what is dropped.
    package func retain(finishedFrom limit: WallTime?, bytesMax: UInt64?) throws(HistoryError)
        -> Int
    {
        let victims = self.victims(limit, bytesMax)
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

    private func victims(_ limit: WallTime?, _ bytesMax: UInt64?) -> [HistoryFile] {
        var bytes = size.bytes
        return Array(
            files.prefix { file in
                let isOld = limit.map { file.footer.newestFinish < $0 } ?? false
                let isTooMuch = bytesMax.map { bytes > $0 } ?? false
                bytes -= min(bytes, file.footer.fileBytes)
                return isOld || isTooMuch
            })
    }

    private func raiseFloor(to floor: LSN) throws(HistoryError) {
        let old = state.withLock { $0.floor }
        guard old < floor else { return }
        let name = directory.floor(floor)
        if try !directory.list().contains(where: { "\(directory.path)/\($0)" == name }) {
            let file = try unwrap { () throws(StorageError) in
                try directory.storage.open(name, .create)
            }
            try unwrap { () throws(StorageError) in try file.sync() }
        }
        try directory.sync()
        state.withLock { $0.floor = floor }
        if old > .zero { try directory.remove(directory.floor(old)) }
    }
}
