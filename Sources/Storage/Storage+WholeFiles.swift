import Glibc

// Small files that are read and written as a whole.
extension Storage {
    /// All bytes of a file; nil where there is none.
    package func contents(of path: String) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            let file = try open(path, .read)
            var bytes: [UInt8] = []
            let count = try file.read(Int(try file.size()), at: 0, into: &bytes)
            bytes.removeLast(bytes.count - count)
            return bytes
        } catch {
            guard error.errno == ENOENT else { throw error }
            return nil
        }
    }

    /// Writes a file under the temporary name, makes it durable, and only then gives it its own.
    ///
    /// Whoever opens `path` finds the former bytes or all of these. The name is for the caller to sync.
    package func replace(
        _ path: String, with bytes: RawSpan, writing: String
    ) throws(StorageError) {
        do throws(StorageError) {
            try remove(writing)
        } catch {
            guard error.errno == ENOENT else { throw error }
        }
        let file = try open(writing, .create)
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(writing, to: path)
    }
}
