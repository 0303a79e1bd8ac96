/// Rows of text in aligned columns.
struct Table {
    private let header: [String]
    private var rows: [[String]] = []
    /// Columns of numbers, aligned to the right.
    private let rightAligned: Set<Int>

    init(_ header: [String], rightAligned: Set<Int> = []) {
        self.header = header
        self.rightAligned = rightAligned
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == header.count, "\(row.count) cells for \(header.count) columns")
        rows.append(row.map(printable))
    }

    /// The lines, the header first; no spaces at their ends.
    var lines: [String] {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return rightAligned.contains(column) ? space + cell : cell + space
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    func put() {
        for line in lines { putLine(line) }
    }
}
