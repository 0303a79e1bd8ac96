/// One filter for the keys of many small files: whoever looks for a key asks it instead of each of them.
///
/// In memory alone: files that were there when the directory was opened are asked one by one, until they are merged.
struct SharedFilter: Sendable {
    private(set) var filter: KeyFilter
    /// Numbers of the files whose keys it has.
    private(set) var files: Set<UInt64> = []
    private var freeRows: Int

    private static let bitsEach = 20

    init(rowsMax: Int) {
        filter = KeyFilter(elements: rowsMax, bitsEach: Self.bitsEach)
        freeRows = rowsMax
    }

    func hasRoom(for rows: Int) -> Bool { rows <= freeRows }

    /// The same with one file more, whose keys have been put into `filter`, which was this one's.
    func adding(_ filter: KeyFilter, of file: HistoryFile) -> SharedFilter {
        var sum = self
        sum.filter = filter
        sum.files.insert(file.number)
        sum.freeRows -= file.header.rows
        return sum
    }
}

extension HistorySet.State {
    /// The filter that has room for a file of so many rows; nil: none ever has, the file is asked alone.
    func sharedFilter(rows: Int, rowsMax: Int) -> SharedFilter? {
        guard rows <= rowsMax else { return nil }
        if let newest = shared.last, newest.hasRoom(for: rows) { return newest }
        return SharedFilter(rowsMax: rowsMax)
    }

    /// Lists a new file, and the filter that has its keys beside others'.
    mutating func insert(_ file: HistoryFile, sharing filter: SharedFilter?) {
        if let filter {
            shared.removeAll { $0.files.isSubset(of: filter.files) }
            shared.append(filter)
        }
        let start = file.header.range.lowerBound
        let place = files.firstIndex { $0.header.range.lowerBound > start }
        files.insert(file, at: place ?? files.count)
    }

    /// Finds out anew which filters are to be asked for a key.
    mutating func arrangeFilters() {
        let listed = Set(files.map(\.number))
        shared.removeAll { $0.files.isDisjoint(with: listed) }
        let sharing = shared.reduce(into: Set()) { $0.formUnion($1.files) }
        filters =
            shared.map(\.filter) + files.filter { !sharing.contains($0.number) }.map(\.filter)
    }
}
