import LoadGenerator
import Testing

@Suite struct `The floor` {
    private let held = FloorFigures(
        askedRate: 1_000, offeredRate: 1_000, acknowledgedRate: 999, completedRate: 991,
        refusals: 0, lostAttempts: 0, heldBack: 0, backlogAtHalf: 10, backlogAtEnd: 500)

    @Test func `is held with all rates at 99 percent and a backlog that grows little`() {
        #expect(FloorVerdict.reasons(held).isEmpty)
    }

    @Test(arguments: [
        \FloorFigures.offeredRate, \FloorFigures.acknowledgedRate, \FloorFigures.completedRate,
    ])
    func `is missed by any rate under 99 percent`(
        rate: any WritableKeyPath<FloorFigures, Double> & Sendable
    ) throws {
        var figures = held
        figures[keyPath: rate] = 989.9
        let reason = try #require(FloorVerdict.reasons(figures).first)
        #expect(reason.contains("under 99 % of the 1000.0 asked for"))
        #expect(FloorVerdict.reasons(figures).count == 1)
    }

    @Test(arguments: [
        \FloorFigures.refusals, \FloorFigures.lostAttempts, \FloorFigures.heldBack,
    ])
    func `is missed by one refusal, lost attempt or late arrival`(
        count: any WritableKeyPath<FloorFigures, Int> & Sendable
    ) {
        var figures = held
        figures[keyPath: count] = 1
        #expect(FloorVerdict.reasons(figures).count == 1)
    }

    @Test func `is missed when the backlog grows by more than half a second of arrivals`() {
        var figures = held
        figures.backlogAtEnd = 511
        #expect(
            FloorVerdict.reasons(figures) == [
                "the backlog was growing: 10 jobs at half time, 511 at the end"
            ])
    }

    @Test func `names every reason`() {
        var figures = held
        figures.completedRate = 500
        figures.refusals = 3
        figures.backlogAtEnd = 40_000
        #expect(FloorVerdict.reasons(figures).count == 3)
    }
}
