import Glibc
import Storage
import Synchronization

/// Files in memory, for as many logs a second as can be: nothing is lost, torn or refused.
final class MemoryStorage: Storage {
    private let names = Mutex<[String: Content]>([:])

    /// A file's bytes, the same under whatever name it has.
    private final class Content: Sendable {
        let bytes: Mutex<[UInt8]>

        init(_ bytes: [UInt8]) {
            self.bytes = Mutex(bytes)
        }
    }

    init(_ files: [(path: String, bytes: [UInt8])]) {
        names.withLock { names in
            for file in files { names[file.path] = Content(file.bytes) }
        }
    }

    /// The files with this end of their names, in order of their names.
    func files(withSuffix suffix: String) -> [[UInt8]] {
        contents.filter { $0.key.hasSuffix(suffix) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Each file's path and bytes.
    var contents: [String: [UInt8]] {
        names.withLock { names in names.mapValues { $0.bytes.withLock { $0 } } }
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let content = names.withLock { names -> Content? in
            if case .create = mode {
                guard names[path] == nil else { return nil }
                names[path] = Content([])
            }
            return names[path]
        }
        guard let content else { throw StorageError(path: path, operation: .open, errno: ENOENT) }
        return File(path: path, content: content)
    }

    func list(_ directory: String) throws(StorageError) -> [String] {
        let paths = names.withLock { $0.keys.filter { $0.hasPrefix(directory + "/") } }
        // Of what lies deeper, the directory that it is in.
        return Array(
            Set(paths.map { String($0.dropFirst(directory.count + 1).prefix { $0 != "/" }) }))
    }

    func createDirectory(_ path: String) throws(StorageError) {}

    func syncDirectory(_ path: String) throws(StorageError) {}

    func rename(_ path: String, to newPath: String) throws(StorageError) {
        names.withLock { names in names[newPath] = names.removeValue(forKey: path) }
    }

    func remove(_ path: String) throws(StorageError) {
        names.withLock { names in names[path] = nil }
    }

    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock { Lock() }

    private final class Lock: DirectoryLock {
        func release() {}
    }

    private final class File: StorageFile {
        let path: String
        private let content: Content

        init(path: String, content: Content) {
            self.path = path
            self.content = content
        }

        func size() throws(StorageError) -> UInt64 {
            UInt64(content.bytes.withLock { $0.count })
        }

        func read(
            _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
        ) throws(StorageError) -> Int {
            if buffer.count < position + count {
                buffer.append(contentsOf: repeatElement(0, count: position + count - buffer.count))
            }
            return content.bytes.withLock { bytes in
                let start = min(Int(offset), bytes.count)
                let found = bytes[start..<min(start + count, bytes.count)]
                buffer.replaceSubrange(position..<position + found.count, with: found)
                return found.count
            }
        }

        func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
            // The pointer does not leave the closure.
            let written = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            let start = Int(offset)
            content.bytes.withLock { content in
                Self.lengthen(&content, to: start + written.count)
                content.replaceSubrange(start..<start + written.count, with: written)
            }
        }

        func reserve(_ byteCount: UInt64) throws(StorageError) {
            content.bytes.withLock { Self.lengthen(&$0, to: Int(byteCount)) }
        }

        func sync() throws(StorageError) {}

        func truncate(to byteCount: UInt64) throws(StorageError) {
            content.bytes.withLock { content in
                Self.lengthen(&content, to: Int(byteCount))
                content.removeLast(content.count - Int(byteCount))
            }
        }

        private static func lengthen(_ bytes: inout [UInt8], to count: Int) {
            guard bytes.count < count else { return }
            bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
        }
    }
}
