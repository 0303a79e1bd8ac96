import Units

/// Reports on their way to the writer, put together by whoever sends them.
///
/// Most say that a job begins or has succeeded, and nothing else: of these the writer reads 16 bytes each.
struct ReportBatch: Sendable {
    enum Step {
        case start
        /// Without a message.
        case succeed
        /// The one at this place among those that say more.
        case other(UInt32)
    }

    private(set) var tokens: [LSN] = []
    /// One for each token.
    private(set) var steps: [Step] = []
    private(set) var others: [AttemptStep] = []
    /// What the events of all take at most.
    private(set) var bytesMax = 0

    init(_ reports: [AttemptReport]) {
        tokens.reserveCapacity(reports.count)
        steps.reserveCapacity(reports.count)
        for report in reports {
            tokens.append(report.token)
            bytesMax += report.step.payloadBytes + SpaceBudget.eventBytesMax
            switch report.step {
            case .start: steps.append(.start)
            case .succeed(message: nil): steps.append(.succeed)
            default:
                steps.append(.other(UInt32(others.count)))
                others.append(report.step)
            }
        }
    }

    var count: Int { tokens.count }
}
