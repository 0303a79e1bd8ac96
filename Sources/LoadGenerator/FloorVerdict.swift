/// What decides whether a rate was carried.
package struct FloorFigures: Equatable, Sendable {
    /// Jobs a second.
    package var askedRate: Double
    package var offeredRate: Double
    package var acknowledgedRate: Double
    package var completedRate: Double
    /// Submits that were refused or not answered.
    package var refusals: Int
    /// Attempts that ended without success.
    package var lostAttempts: Int
    /// Arrivals that were started late because too many submits were unanswered.
    package var heldBack: Int
    /// Acknowledged and not completed jobs when half and all of the arrivals had been started.
    package var backlogAtHalf: Int
    package var backlogAtEnd: Int

    package init(
        askedRate: Double, offeredRate: Double, acknowledgedRate: Double, completedRate: Double,
        refusals: Int, lostAttempts: Int, heldBack: Int, backlogAtHalf: Int, backlogAtEnd: Int
    ) {
        self.askedRate = askedRate
        self.offeredRate = offeredRate
        self.acknowledgedRate = acknowledgedRate
        self.completedRate = completedRate
        self.refusals = refusals
        self.lostAttempts = lostAttempts
        self.heldBack = heldBack
        self.backlogAtHalf = backlogAtHalf
        self.backlogAtEnd = backlogAtEnd
    }
}

/// Says why a floor was missed.
package enum FloorVerdict {
    /// The part of the asked rate that has to be reached.
    package static let rateShareMin = 0.99
    /// How much the backlog may grow in the second half of the run, in seconds of arrivals.
    package static let backlogGrowthSecondsMax = 0.5

    /// One sentence for each reason; none: the floor was held.
    package static func reasons(_ figures: FloorFigures) -> [String] {
        var reasons: [String] = []
        let wanted = figures.askedRate * rateShareMin
        let rates = [
            ("offered", figures.offeredRate, " (the generator itself was too slow)"),
            ("acknowledged", figures.acknowledgedRate, ""),
            ("completed", figures.completedRate, ""),
        ]
        for (name, rate, hint) in rates where rate < wanted {
            reasons.append(
                "\(name) \(ReportTable.number(rate)) jobs/s, under 99 % of the "
                    + "\(ReportTable.number(figures.askedRate)) asked for\(hint)")
        }
        if figures.refusals > 0 {
            reasons.append("\(figures.refusals) submits were refused or not answered")
        }
        if figures.lostAttempts > 0 {
            reasons.append("\(figures.lostAttempts) attempts ended without success")
        }
        if figures.heldBack > 0 {
            reasons.append(
                "\(figures.heldBack) arrivals had to wait because too many submits were unanswered")
        }
        let growth = figures.backlogAtEnd - figures.backlogAtHalf
        if Double(growth) > figures.askedRate * backlogGrowthSecondsMax {
            reasons.append(
                "the backlog was growing: \(figures.backlogAtHalf) jobs at half time, "
                    + "\(figures.backlogAtEnd) at the end")
        }
        return reasons
    }
}
