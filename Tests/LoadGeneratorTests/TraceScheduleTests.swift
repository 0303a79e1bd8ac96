import LoadGenerator
import Testing
import Units

@Suite struct `Schedule of a trace` {
    private let schedule = TraceSchedule(speedup: 1_000, origin: 50)

    @Test func `begins with the first job`() {
        #expect(schedule.submitOffset(of: SWFJob(number: 1, submitSeconds: 50)) == .zero)
    }

    @Test func `divides the time between submits by the speedup`() {
        #expect(
            schedule.submitOffset(of: SWFJob(number: 2, submitSeconds: 86_450))
                == TimeSpan(microseconds: 86_400_000))
    }

    @Test func `divides the run time by the speedup`() {
        #expect(schedule.runTime(seconds: 83) == .milliseconds(83))
    }

    @Test func `runs a job of unknown run time for no time`() {
        #expect(schedule.runTime(seconds: nil) == .zero)
    }

    @Test func `slows down with a speedup under one`() {
        #expect(TraceSchedule(speedup: 0.5, origin: 0).runTime(seconds: 3) == .seconds(6))
    }

    @Test func `rounds to the microsecond`() {
        #expect(
            TraceSchedule(speedup: 3, origin: 0).runTime(seconds: 2)
                == TimeSpan(microseconds: 666_667))
    }

    @Test func `stays in range with the longest time and the least speedup`() {
        let span = TraceSchedule(speedup: 1e-9, origin: 0).runTime(seconds: 3_000_000_000_000)
        #expect(span > .seconds(3_000_000_000_000))
    }
}
