import Daybook
import FoundationEssentials
import Testing

@Suite struct `The README's library` {
    private let directory = DataDirectory()

    @Test func `works as it is shown`() async throws {
        // README: as it stands there, but for the name of the directory.
        let scheduler = try await Scheduler.open(directory: directory.path)
        try await scheduler.submit(
            Job(user: "ann", id: "hello", type: "greet", payload: Array("Ann".utf8)))
        let worker = Task {
            try await scheduler.work(on: ["greet"], atOnce: 4) { attempt in
                let name = String(decoding: attempt.payload, as: UTF8.self)
                print("Hello, \(name)")  // thrown errors are tried again, a FatalFailure is not
            }
        }
        // End of README.
        try await scheduler.wait(for: "hello", toBe: .success)
        worker.cancel()
        try await worker.value
        await scheduler.close()
    }
}
