import TestKit

/// What the lives of log writers have promised, and which promises were broken.
struct LogLedger {
    /// Last record of the log in hand that was said to be durable.
    private(set) var acknowledged: UInt64 = 0
    /// Records acknowledged in all logs.
    private(set) var total: UInt64 = 0
    /// Acknowledged records that a later life did not find.
    private(set) var lost: [String] = []
    /// Lives that could not open their log, or not write on.
    private(set) var refused: [String] = []

    /// True: the log did not keep its promises.
    var isBroken: Bool { !lost.isEmpty || !refused.isEmpty }

    /// Goes on to a new log.
    mutating func beginLog() { acknowledged = 0 }

    /// Takes what a life told; what came before it is named by `circumstance`.
    mutating func note(_ life: LogWriterLife, _ circumstance: String) {
        if let failure = life.failure { refused.append("\(circumstance): \(failure)") }
        compare(life, circumstance)
        acknowledge(life)
    }

    /// Takes what a life acknowledged.
    mutating func acknowledge(_ life: LogWriterLife) {
        let newest = max(acknowledged, life.acknowledged)
        total += newest - acknowledged
        acknowledged = newest
    }

    /// Takes what a life found on a copy of the disk, which the next one will not see.
    mutating func compare(_ life: LogWriterLife, _ circumstance: String) {
        if let refusal = life.refusal { refused.append("\(circumstance): \(refusal)") }
        guard let recovered = life.recovered, recovered < acknowledged else { return }
        lost.append("\(circumstance): \(acknowledged) acknowledged, \(recovered) recovered")
    }
}

/// Arguments for a log writer: segments, batches and the syncing thread vary from life to life.
func randomWriter() -> [String] {
    let segmentBytes = [64 << 10, 96 << 10, 256 << 10].randomElement() ?? 0
    let inlineBytes = Bool.random() ? 0 : 32 << 10
    return [
        "--segment-bytes", "\(segmentBytes)", "--inline-bytes", "\(inlineBytes)",
        "--batch-records", "\(Int.random(in: 1...40))", "--lag", "\(Int.random(in: 0...200))",
    ]
}

/// When a life is killed: one in six while it recovers.
func randomMoment() -> LogWriterLife.Moment {
    Int.random(in: 0..<6) == 0 ? .opening : .acknowledgements(Int.random(in: 1...60))
}
