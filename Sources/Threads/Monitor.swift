import Glibc

/// A value under a mutex, with a condition to wait for.
///
/// `Synchronization.Mutex` has no condition variable, and the writer and the disk thread must sleep.
@safe
package final class Monitor<State>: @unchecked Sendable {
    // Sendable: `state` is touched only with `mutex` held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state: State

    package init(_ state: State) {
        self.state = state
        // On the heap, because neither may move; initialised before any thread can see them.
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        // The record is this function's own and outlives its use.
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // The last reference is gone: no thread waits or holds the mutex.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Looks at or changes the value; wakes nobody.
    package func withLock<T>(_ body: (inout State) -> T) -> T {
        lock()
        defer { unlock() }
        return body(&state)
    }

    /// Changes the value and wakes all who wait.
    package func change<T>(_ body: (inout State) -> T) -> T {
        lock()
        defer {
            unsafe pthread_cond_broadcast(condition)
            unlock()
        }
        return body(&state)
    }

    /// Calls `body` until it gives a value, sleeping between the tries until something changes.
    ///
    /// `body` is called afresh after each sleep: no access to the value spans one.
    package func wait<T>(_ body: (inout State) -> T?) -> T {
        lock()
        defer { unlock() }
        while true {
            if let result = body(&state) { return result }
            unsafe pthread_cond_wait(condition, mutex)
        }
    }

    /// The same, but gives up: nil where `body` gave no value for so long.
    package func wait<T>(milliseconds: Int, _ body: (inout State) -> T?) -> T? {
        var end = timespec()
        // The record is this function's own.
        unsafe clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_sec += milliseconds / 1000
        end.tv_nsec += milliseconds % 1000 * 1_000_000
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        lock()
        defer { unlock() }
        while true {
            if let result = body(&state) { return result }
            let status = unsafe pthread_cond_timedwait(condition, mutex, &end)
            if status == ETIMEDOUT { return body(&state) }
        }
    }

    private func lock() {
        let status = unsafe pthread_mutex_lock(mutex)
        precondition(status == 0, "pthread_mutex_lock gave \(status)")
    }

    private func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }
}
