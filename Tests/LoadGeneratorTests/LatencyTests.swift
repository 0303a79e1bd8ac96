import LoadGenerator
import Testing
import Units

@Suite struct `Latency figures` {
    /// The least value that at least `perMille` of a thousand values do not exceed, in milliseconds.
    private func nearestRank(_ sorted: [Int64], perMille: Int) -> Double {
        let rank = (perMille * sorted.count + 999) / 1_000
        return Double(sorted[rank - 1]) / 1_000
    }

    @Test(arguments: [1, 2, 99, 100, 101, 1_000, 20_000])
    func `are those of the sorted values to three digits`(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        // From microseconds to minutes, so that every bucket width takes part.
        let values = (0..<count).map { _ in Int64(1) << Int64.random(in: 0..<28, using: &generator)
        }
        .map { Int64.random(in: $0..<2 * $0, using: &generator) }
        let recorder = LatencyRecorder()
        for value in values { recorder.record(TimeSpan(microseconds: value)) }
        let summary = recorder.summary
        let sorted = values.sorted()
        for (found, perMille) in [(summary.p50, 500), (summary.p99, 990), (summary.p999, 999)] {
            let wanted = nearestRank(sorted, perMille: perMille)
            #expect(abs(found - wanted) <= wanted / 1_000)
        }
        #expect(summary.max == nearestRank(sorted, perMille: 1_000))
        #expect(summary.count == count)
    }

    @Test func `are zero where nothing was recorded`() {
        #expect(
            LatencyRecorder().summary
                == LatencySummary(count: 0, p50: 0, p99: 0, p999: 0, max: 0))
    }

    @Test func `count a negative span as none and an endless one as a day`() {
        let recorder = LatencyRecorder()
        recorder.record(TimeSpan(microseconds: -5))
        recorder.record(TimeSpan(microseconds: .max))
        #expect(recorder.summary.p50 == 0)
        #expect(recorder.summary.max == 86_400_000)
    }
}

@Suite struct `Slots in use` {
    private func moment(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(microseconds: seconds * 1_000_000)
    }

    @Test func `are averaged over the whole time`() {
        let occupancy = Occupancy(slots: 4)
        occupancy.change(by: 4, at: moment(2))
        occupancy.change(by: -3, at: moment(5))
        occupancy.change(by: -1, at: moment(7))
        // 0 slots for 2 s, 4 for 3 s, 1 for 2 s, 0 for 3 s.
        #expect(
            occupancy.summary(at: moment(10))
                == OccupancySummary(slots: 4, busyMean: 1.4, busyMax: 4, allBusySeconds: 3))
    }

    @Test func `do not run backwards when clock readings arrive out of order`() {
        let occupancy = Occupancy(slots: 2)
        occupancy.change(by: 1, at: moment(3))
        occupancy.change(by: 1, at: moment(2))
        #expect(
            occupancy.summary(at: moment(4))
                == OccupancySummary(slots: 2, busyMean: 0.5, busyMax: 2, allBusySeconds: 1))
    }
}
