package import Threads

/// Says how long background work is to pause between its steps, so that whoever else needs the processors has them.
///
/// The lowest priority alone does not do that: measured, two processors with more to do than they can finished 3 to 10 %
/// less beside a thread that had it. Work that sees by its own progress that others are in need is suspended, for
/// twice as long each time (Douceur and Bolosky, Progress-based regulation of low-importance processes, 1999). Progress is
/// what the kernel says of the thread: how long it ran, and how long it was ready and others did.
package struct Deference {
    private var last: ThreadTimes?
    private var pauseMilliseconds = 0

    package static let pauseMillisecondsMin = 16
    package static let pauseMillisecondsMax = 512

    package init() {}

    /// How long to pause now.
    ///
    /// - Parameters:
    ///   - times: Of the thread by now; nil where the system does not say: then nobody is given way to.
    ///   - isUrgent: So much is to be done that it cannot be put off any more; asked only where it would be.
    /// - Returns: In milliseconds; 0: the work may go on.
    package mutating func pause(at times: ThreadTimes?, isUrgent: @autoclosure () -> Bool) -> Int {
        let before = last
        last = times
        guard let before, let times, times.hasWaitedLonger(since: before), !isUrgent() else {
            pauseMilliseconds = 0
            return 0
        }
        pauseMilliseconds = min(
            max(2 * pauseMilliseconds, Self.pauseMillisecondsMin), Self.pauseMillisecondsMax)
        return pauseMilliseconds
    }
}

extension ThreadTimes {
    /// Waited for longer than it ran; false where a number went back.
    fileprivate func hasWaitedLonger(since before: ThreadTimes) -> Bool {
        guard ran >= before.ran, waited >= before.waited else { return false }
        return waited - before.waited > ran - before.ran
    }
}
