import LoadGenerator
import Testing
import Units

@Suite struct `A duration as text` {
    @Test(arguments: [
        ("500ms", Int64(500)), ("60s", 60_000), ("1.5m", 90_000), ("10m", 600_000),
        ("2h", 7_200_000),
    ])
    func `is a number and a unit`(text: String, milliseconds: Int64) {
        #expect(TimeSpan(durationText: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "60", "s", "-1s", "1 s", "1d", "1..5s", "8761h"])
    func `is nothing else`(text: String) {
        #expect(TimeSpan(durationText: text) == nil)
    }
}
