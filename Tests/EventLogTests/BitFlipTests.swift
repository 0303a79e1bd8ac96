import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `Bits that flip at rest` {
    @Test func `never give wrong records, after a crash or before`() throws {
        var outcomes: [Outcome: Int] = [:]
        for seed in UInt64(41)...44 { try flipBits(seed: seed, &outcomes) }
        #expect(outcomes[.wrong, default: 0] == 0)
        #expect(outcomes[.refused, default: 0] > 400)
        #expect(outcomes[.torn, default: 0] > 40)
        #expect(outcomes[.right, default: 0] > 40)
    }

    private enum Outcome { case refused, torn, right, wrong }

    /// Opens images of one workload with bits turned over.
    private func flipBits(seed: UInt64, _ outcomes: inout [Outcome: Int]) throws {
        var workload = CrashWorkload(seed: seed)
        try workload.run()
        var generator = SeededGenerator(seed: seed)
        for point in workload.witness.points where generator.strikes(onceIn: 12) {
            let image = point.cut.image(seed: generator.next()).storage
            let options = workload.options([point.cut.changes])
            let whole = try SurvivingLog(image.killed(), point.expectation, options).count
            guard whole > 0 else { continue }
            var expectation = CrashExpectation(
                records: Array(point.expectation.records.prefix(whole)),
                acknowledged: try recordsBeforeLastGroup(image))
            for _ in 0..<10 {
                let outcome = flip(1, in: image.killed(), expectation, options, &generator)
                outcomes[outcome, default: 0] += 1
            }
            // Several may hit the newest group and what would prove that the one before is bad.
            expectation.acknowledged = 0
            for count in 2...5 {
                let outcome = flip(count, in: image.killed(), expectation, options, &generator)
                outcomes[outcome, default: 0] += 1
            }
        }
    }

    /// Flips bits of one segment and opens the log.
    private func flip(
        _ count: Int, in image: SimulatedStorage, _ expectation: CrashExpectation,
        _ options: LogOptions,
        _ generator: inout SeededGenerator
    ) -> Outcome {
        let paths = image.filePaths.filter { $0.hasSuffix(".lz4") }
        let isLast = generator.strikes(onceIn: 2)
        let path = isLast ? paths[paths.count - 1] : generator.pick(paths)
        let byteCount = image.bytes(of: path)?.count ?? 0
        // Half of them behind the header, which is mostly zeros.
        let start = generator.strikes(onceIn: 2) ? min(4096, byteCount - 1) : 0
        for _ in 1...count {
            let bit = start * 8 + generator.number(below: (byteCount - start) * 8)
            image.flip(bit: bit, of: path)
        }
        do throws(CrashFinding) {
            let log = try SurvivingLog(image, expectation, options)
            return log.count == expectation.records.count ? .right : .torn
        } catch {
            switch error.refusal {
            case .corrupt, .newerFormat: return .refused
            default:
                Issue.record("\(path): \(error.what)")
                return .wrong
            }
        }
    }

    /// What a flip in the newest group, which looks like a torn write, leaves in any case.
    private func recordsBeforeLastGroup(_ image: SimulatedStorage) throws -> Int {
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: image.killed(), onSegment: { _ in },
            onBlock: { blocks.append($0) })
        let last = try #require(blocks.last).group
        let first = try #require(blocks.first { $0.group == last }).firstLSN
        return Int(first.rawValue) - 1
    }
}
