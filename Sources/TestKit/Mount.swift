import FoundationEssentials
import Glibc
import Storage

/// A file system that is mounted for a test, unmounted when nobody holds it any more.
final class Mount: Sendable {
    /// Where it is mounted.
    let path: String

    /// Mounts a tmpfs of `byteCount` bytes on the directory at `path`.
    init(tmpfs byteCount: Int, at path: String) throws {
        try SystemTool.needRoot()
        // Swift ends the texts with a zero for the time of the call.
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0 else {
            throw Unavailable("a tmpfs cannot be mounted: errno \(errno)")
        }
        self.path = path
    }

    /// Mounts the file system in the file `image` on the directory at `path`.
    init(image: String, at path: String) async throws {
        try await Self.attach(image: image, at: path, tries: 5)
        self.path = path
    }

    /// Another process may take the free loop device that was found: then once more.
    private static func attach(image: String, at path: String, tries: Int) async throws {
        do {
            try await SystemTool.run("mount", "-o", "loop", image, path)
        } catch let fault as ToolFault
            where tries > 1 && fault.result.stderr.contains("failed to setup loop device")
        {
            try await attach(image: image, at: path, tries: tries - 1)
        }
    }

    deinit {
        // Where a file in it is still open: for good when that is closed.
        if unsafe umount2(path, 0) == 0 || umount2(path, Int32(MNT_DETACH)) == 0 { return }
        print("warning: \(path) stays mounted: errno \(errno)")
    }
}

/// A file system of a few MiB in memory, to be filled up; gone when nobody holds it any more.
///
/// Needs root: making it throws `Unavailable` otherwise.
package final class TemporaryFileSystem: Sendable {
    // Let go in this order: unmounted first.
    private let mount: Mount
    private let directory: TemporaryDirectory

    /// Makes and mounts it.
    package init(byteCount: Int) throws {
        directory = try TemporaryDirectory()
        mount = try Mount(tmpfs: byteCount, at: directory.path)
    }

    /// The path of `name` in it.
    package func file(_ name: String) -> String { directory.file(name) }

    /// Fills it with a file of zeros until not one page more fits.
    ///
    /// - Returns: Bytes that were free.
    /// - Throws: `StorageError` if anything but the lack of space stops it.
    @discardableResult
    package func fill() throws -> Int {
        let filler = try PosixStorage().open(file(Self.filler), .create)
        let page = [UInt8](repeating: 0, count: 4096)
        var total = 0
        while true {
            do throws(StorageError) {
                // Integers seen as bytes: nothing to misread.
                unsafe try filler.write(page.span.bytes, at: UInt64(total))
            } catch {
                guard error.isOutOfSpace else { throw error }
                return total
            }
            total += page.count
        }
    }

    /// Takes the filler away again.
    package func makeRoom() throws {
        try FileManager.default.removeItem(atPath: file(Self.filler))
    }

    private static let filler = "filler"
}
