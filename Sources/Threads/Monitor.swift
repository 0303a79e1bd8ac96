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
        unsafe pthread_cond_init(condition, nil)
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

    private func lock() {
        let status = unsafe pthread_mutex_lock(mutex)
        precondition(status == 0, "pthread_mutex_lock gave \(status)")
    }

    private func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }
}
