import LoadGenerator
import Testing
import Units
import Wire

@Suite struct `Poisson arrivals` {
    private func all(rate: Double, seconds: Int64, seed: UInt64) -> [Int64] {
        var arrivals = PoissonArrivals(
            ratePerSecond: rate, duration: .seconds(seconds), seed: seed)
        var moments: [Int64] = []
        while let moment = arrivals.next() { moments.append(moment.microseconds) }
        return moments
    }

    @Test(arguments: [(50.0, Int64(2), 100), (1_157, 60, 69_420), (0.5, 3, 2), (0.1, 1, 0)])
    func `are exactly as many as rate and duration ask for`(
        rate: Double, seconds: Int64, count: Int
    ) {
        #expect(all(rate: rate, seconds: seconds, seed: 1).count == count)
    }

    @Test func `come in order and inside the duration`() {
        let moments = all(rate: 1_000, seconds: 30, seed: 7)
        #expect(moments == moments.sorted())
        #expect(moments.allSatisfy { (0...30_000_000).contains($0) })
    }

    @Test func `are repeated by their seed and by no other`() {
        #expect(all(rate: 100, seconds: 5, seed: 3) == all(rate: 100, seconds: 5, seed: 3))
        #expect(all(rate: 100, seconds: 5, seed: 3) != all(rate: 100, seconds: 5, seed: 4))
    }

    @Test func `fill every tenth of the duration alike`() {
        let moments = all(rate: 10_000, seconds: 10, seed: 11)
        for tenth in 0..<10 {
            let span = Int64(tenth) * 1_000_000..<Int64(tenth + 1) * 1_000_000
            // A Poisson count of 10 000 has a deviation of 100; the seed is fixed.
            #expect(abs(moments.count { span.contains($0) } - 10_000) < 500)
        }
    }

    @Test func `lie as far apart as those of independent callers`() {
        let moments = all(rate: 1_000, seconds: 100, seed: 5)
        let gaps = zip(moments.dropFirst(), moments).map { $0 - $1 }
        // Exponential gaps: a part of 1/e is longer than the mean, and their deviation is the mean.
        let longer = Double(gaps.count { $0 > 1_000 }) / Double(gaps.count)
        #expect(abs(longer - 0.3679) < 0.01)
        let variance =
            gaps.reduce(0.0) { $0 + (Double($1) - 1_000) * (Double($1) - 1_000) }
            / Double(gaps.count)
        #expect(abs(variance.squareRoot() - 1_000) < 30)
    }
}

@Suite struct `Jobs of the ingest bench` {
    private let mix = IngestMix(userCount: 1_000, typeCount: 10, seed: 9, run: 1)
    private let due = WallTime(microseconds: 1_800_000_000_000_000)

    @Test func `are repeated by their seed`() {
        let again = IngestMix(userCount: 1_000, typeCount: 10, seed: 9, run: 1)
        #expect(mix.job(5, executionTime: due) == again.job(5, executionTime: due))
    }

    @Test func `are spread over all users and types`() {
        let jobs = (0..<20_000).map { mix.job($0, executionTime: due) }
        #expect(Set(jobs.map(\.user)).count == 1_000)
        #expect(Set(jobs.map(\.request.type)) == Set(mix.types))
        #expect(Set(jobs.map(\.request.job)).count == 20_000)
    }

    @Test func `carry about 200 bytes of JSON that differ from job to job`() throws {
        let payloads = (0..<1_000).compactMap { mix.job($0, executionTime: due).request.payload }
        #expect(Set(payloads).count == 1_000)
        #expect(payloads.allSatisfy { (190...230).contains($0.count) })
        let text = String(decoding: try #require(payloads.first), as: UTF8.self)
        #expect(text.hasPrefix("{\"order\":\"") && text.hasSuffix("\"}") && !text.contains("#"))
    }

    @Test func `have other ids in another run`() {
        let other = IngestMix(userCount: 1_000, typeCount: 10, seed: 9, run: 2)
        #expect(
            mix.job(0, executionTime: due).request.job
                != other.job(0, executionTime: due).request.job)
    }
}
