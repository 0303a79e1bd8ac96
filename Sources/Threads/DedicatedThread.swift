import CThreads
import Glibc

/// A thread of our own: blocking calls never run on the Swift pool.
package struct DedicatedThread: Sendable {
    // pthread_t is an integer on Linux.
    private let handle: pthread_t

    /// Starts `body` on a thread of this name, of at most 15 bytes.
    ///
    /// A background thread has the lowest priority: it takes what others leave of the processors.
    package init(
        name: String, isBackground: Bool = false, _ body: @escaping @Sendable () -> Void
    ) {
        handle = startThread(Start(name: name, isBackground: isBackground, body: body))
    }

    /// Lets the thread go on by itself; instead of `join`.
    package func detach() {
        let status = pthread_detach(handle)
        precondition(status == 0, "pthread_detach gave \(status)")
    }

    /// Waits until the thread has ended; called once.
    package func join() {
        let status = pthread_join(handle, nil)
        precondition(status == 0, "pthread_join gave \(status)")
    }
}

private final class Start: Sendable {
    let name: String
    let isBackground: Bool
    let body: @Sendable () -> Void

    init(name: String, isBackground: Bool, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.isBackground = isBackground
        self.body = body
    }
}

/// At top level, because a closure formed in isolated code would trap on a thread of its own.
private nonisolated func startThread(_ start: Start) -> pthread_t {
    var handle = pthread_t()
    // The new thread takes the reference that is passed here, exactly once.
    let argument = unsafe Unmanaged.passRetained(start).toOpaque()
    let status = unsafe pthread_create(&handle, nil, { unsafe runThread($0) }, argument)
    precondition(status == 0, "pthread_create gave \(status)")
    return handle
}

private nonisolated func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
{
    guard let argument = unsafe argument else { return nil }
    // The reference that startThread retained for this thread.
    let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    // Swift ends the name with a zero for the time of the call.
    unsafe daybook_name_this_thread(start.name)
    if start.isBackground { daybook_lower_this_thread() }
    start.body()
    return nil
}
