import Client
import Units

/// How a caller who can wait treats a daemon that does not answer or is too busy.
struct Patience {
    private let clock: LoadClock
    private let until: MonotonicTime
    private var pause = TimeSpan.milliseconds(50)

    /// Gives up `limit` from now.
    init(_ limit: TimeSpan, clock: LoadClock) {
        self.clock = clock
        until = clock.now.advanced(by: limit)
    }

    /// Waits before the call is repeated; false if it should not be: the error is final, time is up
    /// or the task was cancelled.
    mutating func shouldRepeat(after error: ClientError) async -> Bool {
        guard Self.isPassing(error), clock.now < until else { return false }
        let slept = await clock.sleep(for: pause)
        pause = min(TimeSpan(microseconds: pause.microseconds * 2), .seconds(2))
        return slept
    }

    private static func isPassing(_ error: ClientError) -> Bool {
        switch error {
        case .refused(let status, _): status == 429 || status == 503
        case .unreachable: true
        case .unexpectedAnswer: false
        }
    }
}
