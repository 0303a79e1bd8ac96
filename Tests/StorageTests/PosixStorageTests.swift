import Glibc
import Storage
import Testing

@Suite struct `The file system` {
    let storage = PosixStorage()

    @Test func `what is written is read at its offset, and the end of the file is told`() throws {
        try inTemporaryDirectory { directory in
            let file = try storage.open(directory + "/a", .create)
            try file.write(bytes: [1, 2, 3, 4], at: 10)
            try file.sync()
            #expect(try file.size() == 14)
            var buffer: [UInt8] = []
            #expect(try file.read(8, at: 8, into: &buffer) == 6)
            #expect(Array(buffer.prefix(6)) == [0, 0, 1, 2, 3, 4])
            #expect(try file.read(8, at: 14, into: &buffer) == 0)
            try file.truncate(to: 11)
            #expect(try file.size() == 11)
        }
    }

    @Test func `a file is made only where there is none`() throws {
        try inTemporaryDirectory { directory in
            _ = try storage.open(directory + "/a", .create)
            #expect(
                throws: StorageError(path: directory + "/a", operation: .create, errno: EEXIST)
            ) { _ = try storage.open(directory + "/a", .create) }
            #expect(throws: StorageError(path: directory + "/b", operation: .open, errno: ENOENT)) {
                _ = try storage.open(directory + "/b", .readWrite)
            }
        }
    }

    @Test func `names are listed, moved and removed`() throws {
        try inTemporaryDirectory { directory in
            _ = try storage.open(directory + "/a", .create)
            try storage.createDirectory(directory + "/d")
            try storage.createDirectory(directory + "/d")
            try storage.rename(directory + "/a", to: directory + "/b")
            try storage.syncDirectory(directory)
            #expect(try storage.list(directory).sorted() == ["b", "d"])
            try storage.remove(directory + "/b")
            #expect(try storage.list(directory) == ["d"])
        }
    }

    @Test func `a file in the way of a directory is an error`() throws {
        try inTemporaryDirectory { directory in
            _ = try storage.open(directory + "/a", .create)
            #expect(
                throws: StorageError(
                    path: directory + "/a", operation: .createDirectory, errno: ENOTDIR)
            ) { try storage.createDirectory(directory + "/a") }
        }
    }

    @Test func `a full device is reported by the write, not swallowed`() throws {
        let full = try storage.open("/dev/full", .readWrite)
        #expect(throws: StorageError(path: "/dev/full", operation: .write, errno: ENOSPC)) {
            try full.write(bytes: [1], at: 0)
        }
    }

    @Test func `a locked directory names its holder and is free after the release`() throws {
        try inTemporaryDirectory { directory in
            let lock = try storage.lock(directory: directory)
            #expect(throws: LockRefusal.held(pid: getpid())) {
                _ = try storage.lock(directory: directory)
            }
            lock.release()
            lock.release()
            let second = try storage.lock(directory: directory)
            second.release()
        }
    }

    @Test func `an error says the path, the operation and the system's words`() {
        let error = StorageError(path: "/x/y", operation: .sync, errno: EIO)
        #expect(error.description == "cannot sync /x/y: Input/output error (errno 5)")
    }
}

extension StorageFile {
    func write(bytes: [UInt8], at offset: UInt64) throws(StorageError) {
        // Integers seen as bytes: nothing to misread.
        unsafe try write(bytes.span.bytes, at: offset)
    }
}

/// Runs `body` in a directory of its own, removed afterwards with the files in it.
private func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/var/tmp/daybook-storage-XXXXXX".utf8CString)
    // mkdtemp writes into the template, which ends with a zero.
    try #require(unsafe mkdtemp(&template) != nil)
    let directory = String(
        decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeTree(directory) }
    try body(directory)
}

private func removeTree(_ path: String) {
    let storage = PosixStorage()
    do throws(StorageError) {
        for name in try storage.list(path) { removeTree(path + "/" + name) }
        // Swift ends the path with a zero for the time of the call; here and below.
        unsafe rmdir(path)
    } catch {
        unsafe unlink(path)
    }
}
