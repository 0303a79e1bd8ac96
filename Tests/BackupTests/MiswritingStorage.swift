import ByteCoding
import Storage
import TestKit

/// A disk that says it has written, and holds another byte at one offset of files of a kind.
struct MiswritingStorage: Storage {
    let disk: SimulatedStorage
    let suffix: String
    let offset: Int

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let file = try disk.open(path, mode)
        return path.hasSuffix(suffix) ? MiswritingFile(file, offset: offset) : file
    }

    func list(_ directory: String) throws(StorageError) -> [String] { try disk.list(directory) }

    func createDirectory(_ path: String) throws(StorageError) { try disk.createDirectory(path) }

    func syncDirectory(_ path: String) throws(StorageError) { try disk.syncDirectory(path) }

    func rename(_ path: String, to newPath: String) throws(StorageError) {
        try disk.rename(path, to: newPath)
    }

    func remove(_ path: String) throws(StorageError) { try disk.remove(path) }

    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        try disk.lock(directory: directory)
    }
}

private final class MiswritingFile: StorageFile {
    private let file: any StorageFile
    private let offset: Int

    init(_ file: any StorageFile, offset: Int) {
        self.file = file
        self.offset = offset
    }

    var path: String { file.path }

    func size() throws(StorageError) -> UInt64 { try file.size() }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8]
    ) throws(StorageError) -> Int {
        try file.read(count, at: offset, into: &buffer)
    }

    func write(_ bytes: RawSpan, at start: UInt64) throws(StorageError) {
        var wrong = bytes.array
        let place = offset - Int(start)
        if wrong.indices.contains(place) { wrong[place] ^= 4 }
        try file.write(wrong.rawBytes, at: start)
    }

    func sync() throws(StorageError) { try file.sync() }

    func reserve(_ byteCount: UInt64) throws(StorageError) { try file.reserve(byteCount) }

    func truncate(to byteCount: UInt64) throws(StorageError) { try file.truncate(to: byteCount) }
}
