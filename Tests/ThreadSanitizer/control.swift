// Shows that a silent `make tsan` means something: it must be silent about this program, which locks,
// awaits and resumes, and must not be where an argument asks for a race.
import Glibc
import Synchronization

private final class Shared: Sendable {
    let numbers = Mutex<[Int]>([])
}

nonisolated(unsafe) private var unguarded = 0

@main
private struct Control {
    static func main() async {
        let isRacing = CommandLine.arguments.count > 1
        let shared = Shared()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { contend(shared, task: task, isRacing: isRacing) }
            }
        }
        for count in 0..<100 {
            let numbers = await withUnsafeContinuation { resume($0, with: count) }
            precondition(numbers.count == count, "another result than the one that was sent")
        }
    }

    /// Long enough for the lock to be found taken.
    private static func contend(_ shared: Shared, task: Int, isRacing: Bool) {
        for number in 0..<20_000 {
            shared.numbers.withLock { numbers in
                if numbers.count > 100 { numbers.removeAll() }
                numbers.append(number)
            }
        }
        if isRacing { unguarded += task }
    }
}

private final class Message {
    let continuation: UnsafeContinuation<[Int], Never>
    let count: Int

    init(_ continuation: UnsafeContinuation<[Int], Never>, count: Int) {
        self.continuation = continuation
        self.count = count
    }
}

/// Resumes from a thread that the Swift runtime knows nothing of.
private func resume(_ continuation: UnsafeContinuation<[Int], Never>, with count: Int) {
    let message = Unmanaged.passRetained(Message(continuation, count: count))
    var thread = pthread_t()
    let error = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            let message = Unmanaged<Message>.fromOpaque(argument).takeRetainedValue()
            message.continuation.resume(returning: Array(0..<message.count))
            return nil
        }, message.toOpaque())
    precondition(error == 0, "no thread: \(error)")
    pthread_detach(thread)
}
