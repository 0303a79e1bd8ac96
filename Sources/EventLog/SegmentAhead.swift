import ByteCoding
import Storage
import Synchronization
import Threads
import Units

/// Reads the newest segment and hashes its stream on a thread of its own, while the caller makes the
/// state of what it knows already.
///
/// Nothing is decided here: recovery reads the segment again and decides. What was hashed here need not
/// be decompressed for its hash once more.
final class SegmentAhead: Sendable {
    private let file: any StorageFile
    private let first: LSN
    private let windowBytes: Int
    private let front = Mutex<Result<HashedFront, LogError>?>(nil)
    private let isStopped = Atomic(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Begins.
    init(_ file: any StorageFile, first: LSN, windowBytes: Int) {
        self.file = file
        self.first = first
        self.windowBytes = windowBytes
        let started = DedicatedThread(name: "log-ahead") { [self] in
            let result = Result { () throws(LogError) in try hash() }
            front.withLock { $0 = result }
        }
        thread.withLock { $0 = started }
    }

    /// The hash of the segment's whole blocks, once it has been read to their end.
    ///
    /// - Throws: What reading gave.
    func take() throws(LogError) -> HashedFront {
        end()
        guard let hashed = front.withLock({ $0.take() }) else {
            preconditionFailure("a segment is taken twice")
        }
        return try hashed.get()
    }

    /// Waits until nothing is read any more, whether it was taken or not.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        end()
    }

    private func end() {
        thread.withLock { $0.take() }?.join()
    }

    /// Up to the first thing that is no whole block in its place.
    private func hash() throws(LogError) -> HashedFront {
        var source = try SegmentSource(file, expecting: first, windowBytes: windowBytes)
        let header = try source.header(expecting: first)
        var front = HashedFront(header)
        var walk = SegmentWalk(header)
        var records = BlockRecords()
        while !isStopped.load(ordering: .relaxed) {
            let start = walk.offset
            guard let step = try source.next(&walk) else { break }
            switch step {
            case .block(let block, let offset):
                let frame = SegmentWalk.frame(of: source.window.bytes(start..<walk.offset))
                let isLoaded: Void? = try? records.load(
                    frame, header: block, at: offset, version: header.version)
                guard isLoaded != nil else { return front }
                records.withRaw { front.hash.update($0) }
            case .mark: break
            case .footer, .end: return front
            }
            front.byteCount = walk.offset
        }
        return front
    }
}

/// The hash of what a segment's stream begins with.
struct HashedFront {
    var hash = RunningHash()
    /// Bytes of the file whose stream was hashed.
    var byteCount = SegmentHeader.byteCount

    /// The opening, which the header holds.
    init(_ header: SegmentHeader) {
        hash.update(header.opening.encoded().bytes)
    }
}
