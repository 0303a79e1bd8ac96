import FoundationEssentials
import Glibc

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
        try SystemTool.needRoot()
        do {
            try await SystemTool.run("mount", "-o", "loop", image, path)
        } catch let fault as ToolFault {
            throw Unavailable("an image cannot be mounted: \(fault.result.stderr)")
        }
        self.path = path
    }

    deinit {
        // At once for those who look, and for good when the last file in it is closed.
        guard unsafe umount2(path, Int32(MNT_DETACH)) != 0 else { return }
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

    /// Fills it with a file of zeros until not one byte more fits.
    ///
    /// - Returns: Bytes that were free.
    @discardableResult
    package func fill() throws -> Int {
        let descriptor = unsafe Glibc.open(file(Self.filler), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw Unavailable("no filler can be made: errno \(errno)") }
        defer { _ = close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        var total = 0
        while true {
            // The buffer and its length belong together.
            let count = unsafe write(descriptor, zeros, zeros.count)
            guard count > 0 else { return total }
            total += count
        }
    }

    /// Takes the filler away again.
    package func makeRoom() throws {
        try FileManager.default.removeItem(atPath: file(Self.filler))
    }

    private static let filler = "filler"
}
