import Storage
import Units

/// A file that has no name yet: complete or absent for whoever looks for it by name.
struct HistoryDraft: Sendable {
    let directory: HistoryDirectory
    let header: HistoryHeader
    let cache: FrameCache

    var path: String { directory.building(header.range) }

    /// Begins the file: of about `users` users; `shared` is to have its keys as well.
    func writer(users: Int, shared: KeyFilter? = nil) throws(HistoryError) -> HistoryWriter {
        // What an attempt that failed could not remove.
        let leftover = path.dropFirst(directory.path.utf8.count + 1)
        if try directory.list().contains(where: { $0 == leftover }) { try directory.remove(path) }
        let file = try unwrap { () throws(StorageError) in
            try directory.storage.open(path, .create)
        }
        return HistoryWriter(file, header: header, users: users, shared: shared)
    }

    /// Reads back what was written and synced.
    func checked() throws(HistoryError) -> HistoryFile {
        let file = try HistoryFile(
            path, as: directory.file(header.range), storage: directory.storage, cache: cache)
        guard file.header == header else { throw Flaw("another header").error(in: path) }
        try file.verifyChecksums()
        return file
    }

    func name() throws(HistoryError) {
        try unwrap { () throws(StorageError) in
            try directory.storage.rename(path, to: directory.file(header.range))
        }
    }

    func removeLeftover() {
        do throws(HistoryError) {
            try directory.remove(path)
        } catch {
            // It was named already, or it stays until the next attempt or the next opening.
            return
        }
    }
}
