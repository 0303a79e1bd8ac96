import Client
import Wire

/// Submits the jobs of a file, a batch of lines at a time.
struct BulkSubmit {
    let client: DaybookClient
    /// Print each line's outcome as JSON.
    let printsOutcomes: Bool

    private static let failuresShownMax = 20

    /// - Throws: `CommandFailure` with code 1 where any line failed.
    func run(path: String) async throws {
        var file = try LineFile(path: path)
        var progress = BulkProgress()
        while let lines = try file.batch() {
            for outcome in try await submit(lines, progress) {
                var outcome = outcome
                // Counted in its batch; people count in the file.
                outcome.line += progress.linesBefore
                progress.count(outcome)
                if printsOutcomes { putLine(json: outcome.json()) }
                if let error = outcome.error, progress.failed <= Self.failuresShownMax {
                    printError("line \(outcome.line): \(printable(error.message))")
                }
            }
            progress.linesBefore += lines.count { $0 == UInt8(ascii: "\n") }
            progress.tell()
        }
        let words = progress.words
        if !printsOutcomes { putLine(words) }
        guard progress.failed == 0 else { throw CommandFailure(.failed, words) }
    }

    private func submit(
        _ lines: [UInt8], _ progress: BulkProgress
    ) async throws(ClientError) -> [BulkOutcome] {
        do {
            return try await client.submit(lines: lines)
        } catch {
            printError(
                "daybook: \(progress.words); broke off behind line \(progress.linesBefore)")
            throw error
        }
    }
}

/// How far a bulk submit has come.
private struct BulkProgress {
    private(set) var submitted = 0
    private(set) var existing = 0
    private(set) var failed = 0
    var linesBefore = 0
    private var lastTold = ContinuousClock.now

    mutating func count(_ outcome: BulkOutcome) {
        switch outcome.status {
        case 201: submitted += 1
        case 200: existing += 1
        default: failed += 1
        }
    }

    var words: String {
        "\(submitted) submitted, \(existing) were there already, \(failed) failed"
    }

    /// A line a second at most.
    mutating func tell() {
        let now = ContinuousClock.now
        guard now - lastTold >= .seconds(1) else { return }
        lastTold = now
        printError("daybook: \(words)")
    }
}
