import Glibc

/// A table whose rows are printed as they come, in Markdown.
package struct Table {
    package init(_ title: String, columns: [String]) {
        print("\n\(title)\n")
        print(columns)
        print(columns.indices.map { $0 == 0 ? "---" : "---:" })
    }

    package func row(_ cells: [String]) { print(cells) }

    private func print(_ cells: [String]) {
        Swift.print("| " + cells.joined(separator: " | ") + " |")
        flushOutput()
    }

    private func print(_ line: String) { Swift.print(line) }
}

/// Says on the error output what is under way.
package func progress(_ line: String) {
    let text = Array("… \(line)\n".utf8)
    // As many bytes as the array has; a lost line of progress does no harm.
    _ = unsafe write(STDERR_FILENO, text, text.count)
}

/// So that rows show up at once where the output is a file or a pipe.
private func flushOutput() { fflush(nil) }
