import Dispatch
import Foundation

/// The bytes of a trace: a file, a `.gz` file through `gzip -dc`, or standard input.
///
/// Reading blocks, and so happens on a queue of its own; only one piece is read ahead of its user.
package final class ByteSource: Sendable {
    private let name: String
    private let handle: FileHandle
    private let gzip: Process?
    private let queue = DispatchQueue(label: "daybook.trace")

    private init(name: String, handle: FileHandle, gzip: Process? = nil) {
        self.name = name
        self.handle = handle
        self.gzip = gzip
    }

    deinit {
        if let gzip, gzip.isRunning { gzip.terminate() }
    }

    /// Opens `path`; `-` is standard input.
    package static func open(_ path: String) throws(LoadError) -> ByteSource {
        if path == "-" {
            return ByteSource(name: "standard input", handle: .standardInput)
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw .unreadable(
                source: path, problem: "cannot be opened: give a file that is there and readable")
        }
        guard path.hasSuffix(".gz") else { return ByteSource(name: path, handle: handle) }
        return try unpacked(path, handle)
    }

    private static func unpacked(
        _ path: String, _ packed: FileHandle
    ) throws(LoadError) -> ByteSource {
        let gzip = Process()
        let pipe = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc"]
        gzip.standardInput = packed
        gzip.standardOutput = pipe
        // Its status says enough; it also complains where only the first jobs of a trace are wanted.
        gzip.standardError = FileHandle.nullDevice
        do {
            try gzip.run()
        } catch {
            throw .unreadable(source: path, problem: "gzip cannot be started: \(error)")
        }
        return ByteSource(name: path, handle: pipe.fileHandleForReading, gzip: gzip)
    }

    /// The next piece; nil at the end.
    package func next() async throws(LoadError) -> [UInt8]? {
        let piece = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.read()) }
        }
        return try piece.get()
    }

    private func read() -> Result<[UInt8]?, LoadError> {
        do {
            if let data = try handle.read(upToCount: Self.pieceBytes), !data.isEmpty {
                return .success(Array(data))
            }
        } catch {
            return .failure(.unreadable(source: name, problem: "cannot be read: \(error)"))
        }
        gzip?.waitUntilExit()
        if let gzip, gzip.terminationStatus != 0 {
            return .failure(
                .unreadable(
                    source: name,
                    problem: "gzip -dc ended with status \(gzip.terminationStatus): "
                        + "the file is damaged, or gzip is not installed"))
        }
        return .success(nil)
    }

    private static let pieceBytes = 65_536
}
