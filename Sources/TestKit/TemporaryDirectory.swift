import FoundationEssentials

/// A directory of its own for one test, removed with everything in it when nobody holds it any more.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a slash at its end.
    package let path: String

    /// Makes the directory under the system's place for temporary files.
    package init() throws {
        let name = "daybook-test-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appending(path: name).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    /// The path of `name` in the directory.
    package func file(_ name: String) -> String {
        path + "/" + name
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("warning: \(path) is left behind: \(error)")
        }
    }
}
