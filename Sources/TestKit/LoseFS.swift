import FoundationEssentials

/// A mounted file system that forgets on command what was not synced: `Tests/FaultTools/losefs.c`.
package struct LoseFS: Sendable {
    /// Where it is mounted.
    package let path: String

    /// Mounts one for the time of `body`.
    ///
    /// - Parameters:
    ///   - source: The file losefs.c.
    ///   - body: Gets the mounted file system, which is empty.
    /// - Throws: `Unavailable` where there is no FUSE or nothing to build with.
    package static func mounted(
        source: String, _ body: (LoseFS) async throws -> Void
    ) async throws {
        guard FileManager.default.isWritableFile(atPath: "/dev/fuse") else {
            throw Unavailable("/dev/fuse is not there or not ours to use")
        }
        let unmount = try SystemTool.find("fusermount3")
        let tool = try await CompiledTool(source: source, package: "fuse3")
        let directory = try TemporaryDirectory()
        let process = ChildProcess(tool.path, [directory.path])
        guard await process.line(beginningWith: "losefs: mounted") != nil else {
            _ = try await process.waitForEnd()
            throw Unavailable("losefs cannot be mounted: \(process.stderr)")
        }
        do {
            try await body(LoseFS(path: directory.path))
        } catch {
            _ = try await SystemTool.run(path: unmount, ["-u", "-z", directory.path])
            throw error
        }
        _ = try await SystemTool.run(path: unmount, ["-u", directory.path])
        _ = try await process.waitForEnd()
    }

    /// The path of `name` in it.
    package func file(_ name: String) -> String { path + "/" + name }

    /// Cuts the power: only what was synced is left.
    package func crash() throws { try order("crash") }

    /// Cuts the power in the middle of its writes.
    ///
    /// Each un-synced 512 bytes and each un-synced change of a name stays or goes, by the seed.
    package func crash(tornBy seed: UInt32) throws { try order("crash \(seed)") }

    /// Lets the next sync of a file whose name ends with `suffix` fail and its bytes count as clean.
    package func failNextSync(of suffix: String) throws { try order("fail \(suffix)") }

    /// Empties it; nobody may have a file open.
    package func clear() throws { try order("clear") }

    /// Counts since it was mounted: `syncs`, `crashes`, `failures` (of syncs that were told to
    /// fail), `unsynced-pages` and `unsynced-names` (that crashes found).
    package func counts() throws -> [String: Int] {
        let text = String(decoding: try Data(contentsOf: control), as: UTF8.self)
        var counts: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { counts[String(words[0])] = Int(words[1]) }
        }
        return counts
    }

    private var control: URL { URL(filePath: file(".control")) }

    private func order(_ text: String) throws {
        try Data(text.utf8).write(to: control)
    }
}
