import Testing

@Suite struct SimulationTests {
    @Test func `days`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let clock = ContinuousClock()
            let day = SimulatedDay(seed: seed)
            let t = clock.measure { do { try day.run() } catch { print("seed \(seed)", error) } }
            print(seed, t, day.record.turns.count, day.record.exchanges.count, day.record.lives.count, day.record.turns.last?.end as Any, day.submitted, day.record.fired.sorted { $0.key < $1.key })
        }
    }
}
