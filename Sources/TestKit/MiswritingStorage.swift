package import Storage

/// A disk that says it has written and holds another byte at one offset of files of a kind.
package struct MiswritingStorage: AlteredStorage {
    package let disk: any Storage
    private let suffix: String
    private let offset: Int

    /// Files whose paths end in `suffix` get the wrong byte, at `offset`.
    package init(disk: any Storage, suffix: String, offset: Int) {
        self.disk = disk
        self.suffix = suffix
        self.offset = offset
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let file = try disk.open(path, mode)
        return path.hasSuffix(suffix) ? MiswritingFile(file, offset: offset) : file
    }
}

private final class MiswritingFile: AlteredFile {
    let file: any StorageFile
    private let offset: Int

    init(_ file: any StorageFile, offset: Int) {
        self.file = file
        self.offset = offset
    }

    func write(_ bytes: RawSpan, at start: UInt64) throws(StorageError) {
        // The pointer does not leave the closure.
        var wrong = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        let place = offset - Int(start)
        if wrong.indices.contains(place) { wrong[place] ^= 4 }
        // Bytes have no padding to be seen.
        try unsafe file.write(wrong.span.bytes, at: start)
    }
}
