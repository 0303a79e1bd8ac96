import ByteCoding
import Storage
import Synchronization
import Threads
import Units

/// Reads the newest segment and hashes its stream on a thread of its own, while the caller makes the
/// state of what it knows already.
///
/// Nothing is decided here: recovery walks the segment again and decides. What was hashed here need not
/// be decompressed for its hash once more.
final class SegmentAhead: Sendable {
    private let file: any StorageFile
    private let first: LSN
    private let contents = Mutex<Result<SegmentContents, LogError>?>(nil)
    private let isStopped = Atomic(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Begins.
    init(_ file: any StorageFile, in directory: LogDirectory, first: LSN) {
        self.file = file
        self.first = first
        let started = DedicatedThread(name: "log-ahead") { [self] in
            let result = Result { () throws(LogError) in try read(directory) }
            contents.withLock { $0 = result }
        }
        thread.withLock { $0 = started }
    }

    /// The segment, once it has been read to its end.
    ///
    /// - Throws: What reading gave.
    func take() throws(LogError) -> SegmentContents {
        end()
        guard let read = contents.withLock({ $0.take() }) else {
            preconditionFailure("a segment is taken twice")
        }
        return try read.get()
    }

    /// Waits until nothing is read any more, whether it was taken or not.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        end()
    }

    private func end() {
        thread.withLock { $0.take() }?.join()
    }

    private func read(_ directory: LogDirectory) throws(LogError) -> SegmentContents {
        var contents = SegmentContents()
        try contents.load(file, in: directory, expecting: first)
        contents.hash(path: file.path, expecting: first) { isStopped.load(ordering: .relaxed) }
        return contents
    }
}

/// A segment's bytes, and the hash of its stream as far as that is known.
struct SegmentContents {
    /// The segment lies at the front.
    private(set) var buffer: [UInt8] = []
    private(set) var byteCount = 0
    /// Of the stream up to `hashedBytes` of the file.
    private(set) var hash = RunningHash()
    private(set) var hashedBytes = 0

    /// Nothing yet, and memory to read into.
    init(buffer: [UInt8] = []) { self.buffer = buffer }

    /// Reads the segment, and hashes what its stream begins with.
    mutating func load(
        _ file: any StorageFile, in directory: LogDirectory, expecting lsn: LSN
    ) throws(LogError) {
        byteCount = try directory.load(file, into: &buffer, expecting: lsn)
        var hash = RunningHash()
        hash.update(buffer.rawBytes.extracting(Opening.range(in: byteCount)))
        self.hash = hash
        hashedBytes = min(SegmentHeader.byteCount, byteCount)
    }

    /// Hashes the stream on, up to the first thing that is no whole block in its place.
    mutating func hash(path: String, expecting first: LSN, isStopped: () -> Bool) {
        let buffer = buffer
        let bytes = buffer.rawBytes.extracting(0..<byteCount)
        guard let header = try? SegmentHeader.decode(bytes, file: path, expecting: first) else {
            return
        }
        var walk = SegmentWalk(header)
        var records = BlockRecords()
        while !isStopped(), let step = try? walk.next(in: bytes) {
            switch step {
            case .block(let block, let offset, let frame):
                let isLoaded: Void? = try? records.load(
                    bytes.extracting(frame), header: block, at: offset, version: header.version)
                guard isLoaded != nil else { return }
                records.withRaw { hash.update($0) }
            case .mark: break
            case .footer, .end: return
            }
            hashedBytes = walk.offset
        }
    }
}
