import Testing
import Foundation

@Suite struct SimulationTests {
    @Test func `days`() throws {
        let first = UInt64(ProcessInfo.processInfo.environment["SIM_SEED"] ?? "1")!
        let count = UInt64(ProcessInfo.processInfo.environment["SIM_DAYS"] ?? "20")!
        for seed in first..<first + count {
            let clock = ContinuousClock()
            let day = SimulatedDay(seed: seed)
            var t2 = Duration.zero
            let t = clock.measure { do { try day.run() ; var c = DayCheck(day)
                t2 = clock.measure { do { try c.run() } catch { print("seed \(seed)", error) } } 
            } catch { print("seed \(seed)", error) } }
            print(seed, t, t2, day.record.turns.count, day.record.exchanges.count, day.record.lives.count, day.record.turns.last?.end as Any, day.submitted, day.record.digestsCompared)
        }
    }
}
