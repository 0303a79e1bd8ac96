import Wire

/// Why a result cannot be written.
package struct ResultFault: Error, Equatable {
    /// For the job's failure message.
    package let message: String
}

/// A file that a job's result is written to.
package struct ResultLocation: Equatable, Sendable {
    /// Absolute.
    package let path: String

    /// Reads `file:///path`, `file://localhost/path` or `file:/path`.
    ///
    /// The path must lie in the directory `root`, if there is one; symbolic links in there are the
    /// business of whoever made them.
    package init(url: String, within root: String? = nil) throws(ResultFault) {
        guard url.hasPrefix("file:") else {
            throw ResultFault(
                message: "resultLocation '\(url)': this executor writes file: URLs only")
        }
        var rest = url.dropFirst("file:".count)
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            if rest.hasPrefix("localhost/") { rest = rest.dropFirst("localhost".count) }
        }
        guard rest.hasPrefix("/"), let path = PercentCoding.decode(rest),
            !path.utf8.contains(0), !path.hasSuffix("/")
        else {
            throw ResultFault(
                message: "resultLocation '\(url)' must name a file of this machine by its "
                    + "absolute path, as in file:///var/results/report.txt")
        }
        if let root {
            let parts = path.split(separator: "/")
            guard parts.starts(with: root.split(separator: "/")), !parts.contains("..") else {
                throw ResultFault(
                    message: "resultLocation '\(url)' lies outside of \(root), where this executor "
                        + "keeps results")
            }
        }
        self.path = path
    }

    var directory: String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}
