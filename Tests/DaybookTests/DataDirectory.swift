import Daybook
import FoundationEssentials

/// A directory of its own for one test, gone when nobody holds it any more.
final class DataDirectory {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "daybook-test-\(UUID().uuidString)").path

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("warning: \(path) is left behind: \(error)")
        }
    }
}

extension Scheduler {
    /// Waits until a job stands so: its end is an event, not a time.
    func wait(for id: String, of user: String = "ann", toBe status: JobStatus) async throws {
        while try await job(id, of: user)?.status != status {
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
