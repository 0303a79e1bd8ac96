import ByteCoding
import Glibc
import Storage
import Units

/// A segment's file, of which a window is in memory while a walk goes through it.
///
/// A walk needs little at a time. Only what decides about damage looks at all that follows at once.
struct SegmentSource {
    let file: any StorageFile
    /// Bytes of the file; fewer once it turned out to be shorter.
    private(set) var byteCount: Int
    /// Which bytes of the file lie at the front of the buffer.
    private var range = 0..<0
    private var buffer: [UInt8]
    private let windowBytes: Int
    private let zerosFrom: Int

    /// No segment file is larger: checked before one is read into memory.
    private static let byteCountMax = 1 << 30

    /// Nothing is read yet.
    ///
    /// - Parameters:
    ///   - file: The segment.
    ///   - lsn: Its first record, for messages.
    ///   - limit: Bytes behind these are left out.
    ///   - start: The first byte that is wanted.
    ///   - zerosFrom: From here on the file is known to hold zeros alone, but for the header of a rest.
    ///   - windowBytes: How much is read at a time.
    ///   - buffer: Memory to read into.
    /// - Throws: `LogError.io`, or `.corrupt` where the file is longer than any segment.
    init(
        _ file: any StorageFile, expecting lsn: LSN, limit: Int = .max,
        from start: Int = 0, zerosFrom: Int = .max,
        windowBytes: Int = LogOptions.windowBytes, reusing buffer: [UInt8] = []
    ) throws(LogError) {
        let fileBytes = try unwrap { () throws(StorageError) in try file.size() }
        guard fileBytes <= UInt64(Self.byteCountMax) else {
            let defect = Defect(
                at: 0, "size of the segment", expected: "\(Self.byteCountMax) or less",
                found: "\(fileBytes)", isTearable: false)
            throw defect.corruption(in: file.path, from: lsn)
        }
        self.file = file
        range = start..<start
        self.zerosFrom = zerosFrom
        byteCount = min(Int(fileBytes), limit)
        precondition(windowBytes > 0, "a window of \(windowBytes) bytes")
        self.windowBytes = windowBytes
        self.buffer = buffer
    }

    /// What is in memory.
    var window: SegmentWindow {
        @_lifetime(borrow self)
        get {
            SegmentWindow(
                buffer.rawBytes.extracting(0..<range.count), from: range.lowerBound, of: byteCount)
        }
    }

    /// Memory that is free to be used again.
    consuming func releaseBuffer() -> [UInt8] { buffer }

    /// Reads the header; before a walk.
    mutating func header(expecting lsn: LSN) throws(LogError) -> SegmentHeader {
        precondition(range.lowerBound == 0, "the header has been passed")
        if range.upperBound < SegmentHeader.byteCount {
            try move(to: 0, through: SegmentHeader.byteCount)
        }
        return try SegmentHeader.decode(window.bytes, file: file.path, expecting: lsn)
    }

    /// The walk's next part, read where it is not in memory; nil where only a look at all that follows
    /// can tell what it is.
    mutating func next(_ walk: inout SegmentWalk) throws(LogError) -> SegmentWalk.Step? {
        while true {
            let sight: SegmentWalk.Sight
            do throws(Defect) {
                sight = try walk.next(in: window)
            } catch {
                return nil
            }
            switch sight {
            case .part(let step): return step
            // The newest group stays: recovery writes what it has seen of it once more.
            case .beyond(let end): try move(to: walk.groupOffset, through: end)
            case .rest(let start): return try isZero(from: start) ? .end : nil
            }
        }
    }

    /// Reads all of the file from `start` on; what is in memory of that stays as it is.
    mutating func loadRest(from start: Int) throws(LogError) {
        guard !window.isLast else { return }
        try move(to: start, through: byteCount)
    }

    /// Moves the window to `start`, and on to `end` or further where the file goes so far.
    private mutating func move(to start: Int, through end: Int) throws(LogError) {
        let kept = start..<range.upperBound
        keep(kept)
        let wanted = min(byteCount, max(end, kept.upperBound + windowBytes)) - kept.upperBound
        let count = try unwrap { () throws(StorageError) in
            try file.read(wanted, at: UInt64(kept.upperBound), into: &buffer, from: kept.count)
        }
        if count < wanted { byteCount = kept.upperBound + count }
        range = start..<kept.upperBound + count
    }

    /// Brings a range of the window to the front of the buffer.
    private mutating func keep(_ kept: Range<Int>) {
        let offset = kept.lowerBound - range.lowerBound
        guard offset > 0, !kept.isEmpty else { return }
        // In bounds: what is kept is part of the window, which is in the buffer.
        unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe memmove(base, base + offset, kept.count)
        }
    }

    /// True where there are only zeros from `start` to the end of the file.
    private func isZero(from start: Int) throws(LogError) -> Bool {
        if start >= zerosFrom { return true }
        if start < window.end, firstNonZero(window.bytes(start..<window.end), from: 0) != nil {
            return false
        }
        var piece: [UInt8] = []
        var offset = max(start, window.end)
        while offset < byteCount {
            let count = try unwrap { () throws(StorageError) in
                try file.read(
                    min(windowBytes, byteCount - offset), at: UInt64(offset), into: &piece)
            }
            guard count > 0 else { return true }
            if firstNonZero(piece.rawBytes.extracting(0..<count), from: 0) != nil { return false }
            offset += count
        }
        return true
    }
}
