import TestKit
import Testing

@Suite(.timeLimit(minutesMax("DAYBOOK_CYCLES")))
struct `A log whose writer is killed again and again` {
    /// `DAYBOOK_CYCLES` says how often.
    @Test func `loses nothing that was acknowledged`() async throws {
        let cycles = repetitions("DAYBOOK_CYCLES", ordinarily: 200)
        var ledger = LogLedger()
        var directory = try TemporaryDirectory()
        for cycle in 0..<cycles {
            if cycle % 20 == 0 {
                directory = try TemporaryDirectory()
                ledger.beginLog()
            }
            let life = try await LogWriterLife.run(
                in: directory.file("data"), randomWriter(), at: randomMoment())
            ledger.note(life, "cycle \(cycle)")
        }
        let last = try await LogWriterLife.run(
            in: directory.file("data"), ["--batches", "1"], at: .never)
        ledger.note(last, "at the end")
        #expect(ledger.lost.isEmpty)
        #expect(ledger.refused.isEmpty)
        #expect(ledger.total >= cycles * 20)
        print("log: \(cycles) kills, \(ledger.total) records acknowledged")
    }
}
