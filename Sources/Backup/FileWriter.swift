import ByteCoding
import Storage

/// Writes a file from its beginning, in large pieces, and copies whole files.
struct FileWriter {
    private let file: any StorageFile
    private var offset: UInt64 = 0
    private var buffer = ByteWriter(capacity: 2 * pieceBytes)
    private static let pieceBytes = 1 << 20

    /// Makes the file, which must not be there.
    init(_ path: String, storage: any Storage) throws(StorageError) {
        file = try storage.open(path, .create)
    }

    mutating func append(_ bytes: RawSpan) throws(StorageError) {
        buffer.write(bytes)
        if buffer.count >= Self.pieceBytes { try writeOut() }
    }

    /// Makes all of it durable; gives its length.
    mutating func finish() throws(StorageError) -> UInt64 {
        try writeOut()
        try file.sync()
        return offset
    }

    private mutating func writeOut() throws(StorageError) {
        let start = offset
        try buffer.withBytes { bytes throws(StorageError) in try file.write(bytes, at: start) }
        offset += UInt64(buffer.count)
        buffer.removeAll()
    }

    /// Copies a file under a temporary name, syncs it, and gives it its own; gives its length.
    ///
    /// The directory is for the caller to sync.
    static func copy(
        _ source: String, to path: String, storage: any Storage
    ) throws(StorageError) -> UInt64 {
        let writing = path + BackupDirectory.writingSuffix
        let byteCount = try write(source, to: writing, storage: storage)
        try storage.rename(writing, to: path)
        return byteCount
    }

    /// Makes a file of another one's bytes, and syncs it; gives its length.
    static func write(
        _ source: String, to path: String, storage: any Storage
    ) throws(StorageError) -> UInt64 {
        let file = try storage.open(source, .read)
        var writer = try FileWriter(path, storage: storage)
        var piece: [UInt8] = []
        var offset: UInt64 = 0
        while true {
            let count = try file.read(pieceBytes, at: offset, into: &piece)
            guard count > 0 else { break }
            try writer.append(piece.rawBytes.extracting(0..<count))
            offset += UInt64(count)
        }
        return try writer.finish()
    }
}
