import Cron
import TestKit
import Testing
import Units

/// A field as text and as the numbers in it.
private struct RandomField {
    let text: String
    let values: Set<Int>

    /// `*`, a step, a range or a short list of 0 up to, but not including, `limit`.
    init(below limit: Int, _ generator: inout SeededGenerator) {
        switch generator.number(below: 4) {
        case 0:
            text = "*"
            values = Set(0..<limit)
        case 1:
            let step = 1 + generator.number(below: limit)
            text = "*/\(step)"
            values = Set(stride(from: 0, to: limit, by: step))
        case 2:
            let low = generator.number(below: limit)
            let high = low + generator.number(below: limit - low)
            text = "\(low)-\(high)"
            values = Set(low...high)
        default:
            let numbers = (0..<3).map { _ in generator.number(below: limit) }
            text = numbers.map(String.init).joined(separator: ",")
            values = Set(numbers)
        }
    }
}

@Suite struct `The search for the next tick` {
    @Test(arguments: 0..<40)
    func `misses no second of a day that a walk over all of them finds`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let second = RandomField(below: 60, &generator)
        let minute = RandomField(below: 60, &generator)
        let hour = RandomField(below: 24, &generator)
        let cron = try CronExpression("\(second.text) \(minute.text) \(hour.text) * * *")
        let day = 20_000 * 86_400
        let walked = (day..<day + 86_400).filter { time in
            hour.values.contains(time / 3_600 % 24) && minute.values.contains(time / 60 % 60)
                && second.values.contains(time % 60)
        }
        let first = try #require(walked.first)
        let start = WallTime(microseconds: Int64(day) * 1_000_000 - 1)
        let found = cron.next(walked.count, after: start, in: .utc)
        #expect(found.map { Int($0.microseconds / 1_000_000) } == walked, "\(cron.text)")
        // Asked from every moment, not only from tick to tick.
        for time in stride(from: day, to: day + 86_400, by: 997) {
            let next = cron.next(after: WallTime(microseconds: Int64(time) * 1_000_000), in: .utc)
            let expected = walked.first { $0 > time } ?? first + 86_400
            #expect(next?.microseconds == Int64(expected) * 1_000_000, "\(cron.text) \(time)")
        }
    }
}
