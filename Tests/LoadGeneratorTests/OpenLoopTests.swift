import LoadGenerator
import Synchronization
import Testing
import Units

@Suite struct `The open loop` {
    private let clock = LoadClock()

    /// Arrivals at these moments, numbered from 0.
    private func arrivals(_ milliseconds: [Int64]) -> () -> Arrival<Int>? {
        var index = 0
        return {
            guard index < milliseconds.count else { return nil }
            defer { index += 1 }
            return Arrival(
                value: index, due: MonotonicTime(microseconds: milliseconds[index] * 1_000))
        }
    }

    @Test func `starts every arrival, none before its moment`() async throws {
        let loop = OpenLoop(clock: clock, outstandingMax: 10)
        let early = Counter()
        let started = Mutex<[Int]>([])
        try await loop.run(next: arrivals([0, 1, 1, 5, 30])) { [clock] arrival in
            if clock.now < arrival.due { early.add() }
            started.withLock { $0.append(arrival.value) }
        }
        #expect(started.withLock { $0.sorted() } == [0, 1, 2, 3, 4])
        #expect(early.value == 0)
        #expect(loop.startLag.summary.count == 5)
        #expect(loop.heldBack.value == 0)
    }

    @Test func `goes on while earlier arrivals are under way`() async throws {
        let loop = OpenLoop(clock: clock, outstandingMax: 2)
        let secondDone = Counter()
        // The first ends only after the second has: a closed loop would wait for ever.
        try await loop.run(next: arrivals([0, 0])) { arrival in
            if arrival.value == 1 {
                secondDone.add()
            } else {
                while secondDone.value == 0 { await Task.yield() }
            }
        }
        #expect(secondDone.value == 1)
        #expect(loop.heldBack.value == 0)
    }

    @Test func `counts an arrival that finds no place, and starts it later`() async throws {
        let loop = OpenLoop(clock: clock, outstandingMax: 1)
        let done = Counter()
        // The first holds the only place until the second was held back.
        try await loop.run(next: arrivals([0, 0])) { arrival in
            while arrival.value == 0, loop.heldBack.value == 0 { await Task.yield() }
            done.add()
        }
        #expect(done.value == 2)
        #expect(loop.heldBack.value == 1)
    }

    @Test func `ends with the error of its source once what was started has ended`() async throws {
        let loop = OpenLoop(clock: clock, outstandingMax: 4)
        let fault = LoadError.badLine(line: 2, field: "field 1", problem: "is no number")
        let done = Counter()
        var isFirst = true
        await #expect(throws: fault) {
            try await loop.run(
                next: { () async throws(LoadError) -> Arrival<Int>? in
                    guard isFirst else { throw fault }
                    isFirst = false
                    return Arrival(value: 0, due: MonotonicTime(microseconds: 0))
                }, send: { _ in done.add() })
        }
        #expect(done.value == 1)
    }
}
