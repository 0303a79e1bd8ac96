import ByteCoding
import Glibc
import Storage
import Units

/// Walks a log's segments read-only, also while a daemon writes to them: for inspection and scans.
///
/// Takes no lock. The unsealed segment is synced before any of it is shown, so that nothing is shown
/// that could still be lost; what is being written at that moment is left out.
struct OfflineSegments {
    let directory: LogDirectory
    private var buffer: [UInt8] = []

    init(directory: String, storage: any Storage, archive: String? = nil) {
        self.directory = LogDirectory(path: directory, storage: storage, archive: archive)
    }

    /// Walks all segments that there are, or those from the one that holds `first` on.
    ///
    /// `visit` gets each segment's path, header and parts, and stops all by returning false;
    /// `finished` gets each segment's end.
    mutating func walk(
        from first: LSN = .zero,
        visit: (SegmentHeader, String, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool,
        finished: (SegmentScan) throws(LogError) -> Void = { _ in }
    ) throws(LogError) {
        let contents = try directory.contents()
        var names = contents.firsts
        // Missing without having been dropped is damage, which the join shows.
        if let oldest = names.first, first > .zero, first < oldest,
            first <= contents.dropped.lastLSN
        {
            throw .dropped(through: LSN(rawValue: oldest.rawValue - 1))
        }
        let skipped = names.lastIndex { $0 <= first } ?? 0
        // The first file must follow what was dropped; a later one says itself what it follows.
        var join = skipped == 0 ? contents.join : nil
        names.removeFirst(skipped)
        while let name = names.first {
            names.removeFirst()
            let path = contents.archived[name] ?? directory.segment(from: name)
            let scan = try scan(name, path, join: &join, isFollowed: !names.isEmpty, visit: visit)
            try finished(scan)
            guard case .sealed = scan.ending else { return }
            // A daemon may have gone on to a segment that the list did not hold.
            if names.isEmpty {
                names = try directory.contents().firsts.filter { $0 > scan.header.firstLSN }
            }
        }
    }

    /// Bytes of all segments.
    func measure() throws(LogError) -> UInt64 {
        var total: UInt64 = 0
        let contents = try directory.contents()
        for name in contents.firsts {
            let path = contents.archived[name] ?? directory.segment(from: name)
            let file = try segment(name, at: path)
            total += try unwrap { () throws(StorageError) in try file.size() }
        }
        return total
    }

    private mutating func scan(
        _ name: LSN, _ path: String, join: inout SegmentJoin?, isFollowed: Bool,
        visit: (SegmentHeader, String, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool
    ) throws(LogError) -> SegmentScan {
        let file = try segment(name, at: path)
        // One that another follows is sealed and synced: nobody writes to it any more.
        let settled = isFollowed ? nil : try settle(file, name, join)
        var source = try source(file, name, limit: settled?.walk.offset ?? .max)
        var joined = try self.join(join, before: &source, name)
        let scan = try SegmentScan(&source, join: &joined, isLast: !isFollowed) {
            header, step, bytes throws(LogError) in
            try visit(header, path, step, bytes)
        }
        buffer = source.releaseBuffer()
        join = joined
        if settled != nil, case .torn(let defect) = scan.ending {
            // It was whole a moment ago.
            throw defect.corruption(in: path, from: scan.walk.nextLSN)
        }
        // Ends before where a daemon has taken back a group meanwhile that was not acknowledged.
        guard let settled, scan.ending != .stopped, scan.walk.offset == settled.walk.offset else {
            return scan
        }
        return settled
    }

    /// What the segment must follow; where that is not known, what it says itself.
    private func join(
        _ known: SegmentJoin?, before source: inout SegmentSource, _ name: LSN
    ) throws(LogError) -> SegmentJoin {
        if let known { return known }
        return SegmentJoin(before: try source.header(expecting: name))
    }

    /// Takes the buffer, which the caller gives back.
    private mutating func source(
        _ file: any StorageFile, _ name: LSN, limit: Int = .max
    ) throws(LogError) -> SegmentSource {
        let reused = buffer
        buffer = []
        return try SegmentSource(
            file, expecting: name, limit: limit, windowBytes: directory.windowBytes,
            reusing: reused)
    }

    /// Opens a segment; one that a daemon has dropped meanwhile is told as such.
    private func segment(_ name: LSN, at path: String) throws(LogError) -> any StorageFile {
        do throws(StorageError) {
            return try directory.storage.open(path, .read)
        } catch {
            let dropped = error.errno == ENOENT ? try directory.dropped().lastLSN : .zero
            throw name <= dropped ? .dropped(through: dropped) : .io(error)
        }
    }

    /// Walks the segment up to where it is whole, and makes that durable; where it looks damaged, again,
    /// until two looks agree.
    ///
    /// One look at a segment that is being written can catch a later group and miss an earlier one.
    private mutating func settle(
        _ file: any StorageFile, _ name: LSN, _ join: SegmentJoin?
    ) throws(LogError) -> SegmentScan {
        var seen: LogError?
        while true {
            let found = Result { () throws(LogError) in try look(file, name, join) }
            try unwrap { () throws(StorageError) in try file.sync() }
            guard case .failure(let error) = found, error != seen else { return try found.get() }
            seen = error
        }
    }

    private mutating func look(
        _ file: any StorageFile, _ name: LSN, _ join: SegmentJoin?
    ) throws(LogError) -> SegmentScan {
        var source = try source(file, name)
        var joined = try self.join(join, before: &source, name)
        let scan = try SegmentScan(&source, join: &joined, isLast: true) { _, _, _ in true }
        buffer = source.releaseBuffer()
        return scan
    }
}

extension SegmentJoin {
    /// What the segment itself says it follows: for a walk that does not begin at the first.
    init(before header: SegmentHeader) {
        self.init(end: header.previous, number: header.number - 1, log: header.log)
    }
}
