import Wire

/// Why a result cannot be written.
package struct ResultFault: Error, Equatable {
    /// For the job's failure message.
    package let message: String
}

/// A file that a job's result is written to.
package struct ResultLocation: Equatable, Sendable {
    let file: FileURL

    /// Absolute.
    package var path: String { file.path }

    /// Reads a `file:` URL.
    ///
    /// The file must lie in the directory `root`, if there is one; symbolic links in there are the
    /// business of whoever made them.
    package init(url: String, within root: String? = nil) throws(ResultFault) {
        guard let file = FileURL(url) else {
            throw ResultFault(
                message:
                    "resultLocation '\(url)' must be the file URL of a file of this machine by "
                    + "its absolute path, as in file:///var/results/report.txt")
        }
        if let root, !file.isInside(root) {
            throw ResultFault(
                message: "resultLocation '\(url)' lies outside of \(root), where this executor "
                    + "keeps results")
        }
        self.file = file
    }

    var directory: String { file.directory }
}
