import FoundationEssentials

/// An ext4 file system in a file that can be copied in an instant: each copy is a power cut.
///
/// The file lies on an XFS that shares blocks between copies, in a file itself. Needs root, loop
/// devices and xfsprogs: making it throws `Unavailable` otherwise.
package struct ReflinkedDisk: Sendable {
    // Let go in this order: unmounted from the inside out.
    private let live: Mount
    private let host: Mount
    private let directory: TemporaryDirectory
    private var image: String { directory.file("host/image") }

    /// Makes and mounts it, with room for some 200 MiB.
    package init() async throws {
        try SystemTool.needRoot()
        directory = try TemporaryDirectory()
        for name in ["host", "live", "copy"] {
            try FileManager.default.createDirectory(
                atPath: directory.file(name), withIntermediateDirectories: false)
        }
        let disk = directory.file("disk")
        try await SystemTool.run("truncate", "-s", "1G", disk)
        try await SystemTool.run("mkfs.xfs", "-q", "-m", "reflink=1", disk)
        do {
            host = try await Mount(image: disk, at: directory.file("host"))
        } catch let fault as ToolFault {
            throw Unavailable("an image cannot be mounted: \(fault.result.stderr)")
        }
        let image = directory.file("host/image")
        try await SystemTool.run("truncate", "-s", "256M", image)
        try await SystemTool.run("mkfs.ext4", "-q", image)
        live = try await Mount(image: image, at: directory.file("live"))
    }

    /// The path of `name` on the disk that is in use.
    package func file(_ name: String) -> String { live.path + "/" + name }

    /// Cuts the power of a copy of the disk, at once and with whoever writes none the wiser.
    package func cut() async throws {
        try await SystemTool.run("cp", "--reflink=always", image, copyImage)
    }

    /// Mounts what the last cut left, for the time of `body`.
    ///
    /// - Parameter body: Gets where it is mounted.
    /// - Throws: What `body` throws, or `ToolFault` where the copy cannot be mounted.
    package func afterCut(_ body: (String) async throws -> Void) async throws {
        let copy = try await Mount(image: copyImage, at: directory.file("copy"))
        try await body(copy.path)
        try FileManager.default.removeItem(atPath: copyImage)
    }

    private var copyImage: String { directory.file("host/cut") }
}
