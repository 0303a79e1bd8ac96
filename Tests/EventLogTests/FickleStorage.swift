import Storage
import Synchronization
import TestKit

/// A disk that answers a later look at one file otherwise: from an offset on there are zeros.
struct FickleStorage: AlteredStorage {
    let disk: any Storage
    let path: String
    let offset: Int
    /// Whether a read shows zeros, by how often the file was opened up to its own opening, and whether
    /// it was synced since.
    let shows: @Sendable (_ opening: Int, _ isSynced: Bool) -> Bool
    private let openings = Openings()

    init(
        _ disk: SimulatedStorage, zerosIn path: String, from offset: Int,
        shows: @escaping @Sendable (_ opening: Int, _ isSynced: Bool) -> Bool
    ) {
        self.disk = disk
        self.path = path
        self.offset = offset
        self.shows = shows
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let file = try disk.open(path, mode)
        guard path == self.path else { return file }
        return FickleFile(file, opening: openings.next(), storage: self)
    }

    private final class Openings: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
}

private final class FickleFile: AlteredFile {
    let file: any StorageFile
    private let opening: Int
    private let storage: FickleStorage
    private let isSynced = Mutex(false)

    init(_ file: any StorageFile, opening: Int, storage: FickleStorage) {
        self.file = file
        self.opening = opening
        self.storage = storage
    }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        let found = try file.read(count, at: offset, into: &buffer, from: position)
        guard storage.shows(opening, isSynced.withLock { $0 }) else { return found }
        let first = min(max(storage.offset - Int(offset), 0), found)
        for index in position + first..<position + found { buffer[index] = 0 }
        return found
    }

    func sync() throws(StorageError) {
        try file.sync()
        isSynced.withLock { $0 = true }
    }
}
