import CThreads

/// What the system says of a thread since it began, in nanoseconds.
package struct ThreadTimes: Sendable {
    package var ran: UInt64
    /// It was ready to run, and others did.
    package var waited: UInt64

    package init(ran: UInt64, waited: UInt64) {
        self.ran = ran
        self.waited = waited
    }

    /// Of the calling thread; nil where the system does not say.
    package static func ofThisThread() -> ThreadTimes? {
        var times = ThreadTimes(ran: 0, waited: 0)
        // Both numbers are this function's own.
        let status = unsafe daybook_thread_times(&times.ran, &times.waited)
        return status == 0 ? times : nil
    }
}
