import Foundation
import TestKit
import Testing

/// For `daybook serve`: rolls are frequent.
let smallSegments = ["--segment-size", "65536"]

/// How often a test repeats itself: as `variable` of the environment says, else `ordinarily`.
func repetitions(_ variable: String, ordinarily: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap(Int.init) ?? ordinarily
}

/// After how long a campaign is taken to hang: it has a second for each repetition.
func minutesMax(_ variable: String) -> TimeLimitTrait.Duration {
    .minutes(10 + repetitions(variable, ordinarily: 500) / 60)
}

/// A C file of Tests/FaultTools.
func faultTool(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "FaultTools/\(name)").path
}

/// Runs a test that needs what not every machine has or allows; there it is skipped and says why.
func whereAvailable(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let missing as Unavailable {
        print("skipped: \(missing)")
        try Test.cancel("\(missing)")
    }
}
