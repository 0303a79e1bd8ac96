package import Units

/// What an executor runs for the jobs of one type: text for `/bin/sh -c`.
///
/// It comes from whoever starts the executor. Nothing in a job can choose or change it.
package struct ExecutorCommand: Equatable, Sendable {
    package let shellText: String

    package init(shellText: String) {
        self.shellText = shellText
    }
}

/// How an executor works.
package struct ExecutorOptions: Sendable {
    /// The command for each job type; the executor claims jobs of these types only.
    package var commands: [String: ExecutorCommand]
    /// The name that leases show to people.
    package var worker: String
    /// Commands that may run at once.
    package var slots: Int
    /// How long a lease lasts without a heartbeat; nil: each job's own.
    package var leaseDuration: TimeSpan?
    /// The directory that results must lie in; nil: wherever this process may write.
    package var resultRoot: String?
    /// How long running commands may go on once the executor is asked to stop.
    package var stopGrace: TimeSpan = .seconds(20)
    /// How long a command that must end has between TERM and KILL.
    package var killGrace: TimeSpan = .seconds(5)
    /// How long one claim waits for a job to become due.
    ///
    /// A stopping executor lets it end by
    /// itself: a claim that is broken off might still be answered, to nobody.
    package var claimWait: TimeSpan = .seconds(2)
    /// How long a finished attempt is kept to be reported while the daemon cannot be reached.
    package var reportPatience: TimeSpan = .seconds(3_600)

    package init(
        commands: [String: ExecutorCommand], worker: String, slots: Int,
        leaseDuration: TimeSpan? = nil, resultRoot: String? = nil
    ) {
        self.commands = commands
        self.worker = worker
        self.slots = slots
        self.leaseDuration = leaseDuration
        self.resultRoot = resultRoot
    }
}
