package import Units

/// Something that is to happen at a moment.
package struct Arrival<Value: Sendable>: Sendable {
    package var value: Value
    package var due: MonotonicTime

    package init(value: Value, due: MonotonicTime) {
        self.value = value
        self.due = due
    }
}

/// Starts arrivals at their moments, whatever became of those before.
///
/// At most `outstandingMax` are under way at once. An arrival that has to wait for that is counted:
/// from there on it is the daemon that sets the pace, and the loop is open no more.
package struct OpenLoop: Sendable {
    private let clock: LoadClock
    private let outstanding: Slots
    /// How late arrivals were started: the generator's own share of every latency.
    package let startLag = LatencyRecorder()
    /// Arrivals that waited because `outstandingMax` were under way.
    package let heldBack = Counter()

    package init(clock: LoadClock, outstandingMax: Int) {
        self.clock = clock
        outstanding = Slots(outstandingMax)
    }

    /// Runs `send` for everything that `next` gives until it gives nil; returns when all have ended.
    ///
    /// Ends early, without an error, where the task is cancelled.
    package func run<Value>(
        next: () async throws(LoadError) -> Arrival<Value>?,
        send: @escaping @Sendable (Arrival<Value>) async -> Void
    ) async throws(LoadError) {
        let outcome = await withDiscardingTaskGroup(returning: Result<Void, LoadError>.self) {
            group in
            do throws(LoadError) {
                while let arrival = try await next(), await clock.sleep(until: arrival.due) {
                    await takePlace()
                    startLag.record(clock.now.span(since: arrival.due))
                    group.addTask {
                        await send(arrival)
                        outstanding.give(1)
                    }
                }
                return .success(())
            } catch {
                group.cancelAll()
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func takePlace() async {
        if outstanding.takeAtOnce(upTo: 1) == 1 { return }
        heldBack.add()
        _ = await outstanding.take(upTo: 1)
    }
}
