import Logging
import Subprocess
import Synchronization

/// Keeps the last `bytesMax` bytes of a stream.
final class TailCollector: Sendable {
    static let bytesMax = 4_096

    private let kept = Mutex<[UInt8]>([])

    var bytes: [UInt8] { kept.withLock { $0 } }

    /// Reads until the stream ends, the process has ended or the task is cancelled.
    func collect(_ stream: SubprocessOutputSequence, _ logger: Logger) async {
        do {
            for try await buffer in stream {
                let new = unsafe buffer.withUnsafeBytes { unsafe Array($0.suffix(Self.bytesMax)) }
                kept.withLock { bytes in
                    bytes += new
                    bytes.removeFirst(max(0, bytes.count - Self.bytesMax))
                }
            }
        } catch {
            logger.debug("standard error ended early: \(error)")
        }
    }
}
