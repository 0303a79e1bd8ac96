import EventLog
import Synchronization
import TestKit
import Testing
import Threads

@Suite struct `Background work` {
    @Test func `pauses for twice as long each time while others keep it waiting`() {
        var (deference, times) = (Deference(), ThreadTimes(ran: 0, waited: 0))
        var pauses: [Int] = []
        for _ in 0..<9 {
            pauses.append(deference.pause(at: times, isUrgent: false))
            times.ran += 5
            times.waited += 6
        }
        // Nothing is known of what was before the first look.
        #expect(pauses == [0, 16, 32, 64, 128, 256, 512, 512, 512])
    }

    @Test func `goes on, and forgets how long it paused, where it ran for longer than it waited`() {
        var (deference, times) = (Deference(), ThreadTimes(ran: 7, waited: 0))
        var pauses: [Int] = []
        for waited: UInt64 in [9, 9, 5, 9] {
            pauses.append(deference.pause(at: times, isUrgent: false))
            times.ran += 5
            times.waited += waited
        }
        pauses.append(deference.pause(at: times, isUrgent: false))
        #expect(pauses == [0, 16, 32, 0, 16])
    }

    @Test func `is not put off where it is urgent, or where nobody says how it fares`() {
        var (deference, times) = (Deference(), ThreadTimes(ran: 0, waited: 0))
        for isUrgent in [false, true, true] {
            #expect(deference.pause(at: times, isUrgent: isUrgent) == 0)
            times.waited += 100
        }
        #expect(deference.pause(at: nil, isUrgent: false) == 0)
        #expect(deference.pause(at: times, isUrgent: false) == 0)
        // Where a number went back, nothing is known.
        #expect(deference.pause(at: ThreadTimes(ran: 0, waited: 0), isUrgent: false) == 0)
        #expect(deference.pause(at: ThreadTimes(ran: 1, waited: 0), isUrgent: false) == 0)
    }

    @Test(.enabled(if: isLinux, "the system does not say how its threads fare"))
    func `learns from the system how it fares`() throws {
        let before = try #require(ThreadTimes.ofThisThread())
        var sum: UInt64 = 0
        // However coarse the system counts.
        while try #require(ThreadTimes.ofThisThread()).ran == before.ran { sum &+= 1 }
        #expect(try #require(ThreadTimes.ofThisThread()).waited >= before.waited)
    }

    @Test func `rewrites segments all the same, and is asked how it fares`() async throws {
        var options = smallOptions(rewritesSegments: true)
        options.isThreaded = true
        let looks = Looks()
        options.threadTimes = { ThreadTimes(ran: 0, waited: looks.next()) }
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options)
        for first in stride(from: 1, through: 200, by: 10) {
            opened.write(sampleRecords(first...first + 9))
        }
        while opened.log.size.packedSegments < opened.log.size.segments - 1 {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(looks.count > 0)
        opened.log.close()
        #expect(try OpenedLog(disk, options: options).replayed == sampleRecords(1...200))
    }
}

private final class Looks: Sendable {
    private let looks = Mutex<UInt64>(0)

    var count: UInt64 { looks.withLock { $0 } }

    func next() -> UInt64 {
        looks.withLock { looks in
            looks += 1
            return looks
        }
    }
}

#if os(Linux)
    private let isLinux = true
#else
    private let isLinux = false
#endif
