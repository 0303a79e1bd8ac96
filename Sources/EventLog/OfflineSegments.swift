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
        var source = try SegmentSource(
            file, expecting: name, windowBytes: directory.windowBytes, reusing: buffer)
        buffer = []
        // One that another follows is sealed and synced: nobody writes to it any more.
        if !isFollowed { try settle(&source, name: name) }
        var joined: SegmentJoin
        if let join {
            joined = join
        } else {
            joined = SegmentJoin(before: try source.header(expecting: name))
        }
        let scan = try SegmentScan(&source, join: &joined, isLast: !isFollowed) {
            header, step, bytes throws(LogError) in
            try visit(header, path, step, bytes)
        }
        buffer = source.releaseBuffer()
        join = joined
        return scan
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

    /// Loads all of the segment; where it looks damaged, again, until two looks agree.
    ///
    /// One look at a segment that is being written can catch a later group and miss an earlier one.
    private func settle(_ source: inout SegmentSource, name: LSN) throws(LogError) {
        var seen: LogError?
        while true {
            try source.loadAll()
            try unwrap { () throws(StorageError) in try source.file.sync() }
            let found = damage(&source, name: name)
            guard let found, found != seen else { return }
            seen = found
        }
    }

    private func damage(_ source: inout SegmentSource, name: LSN) -> LogError? {
        do throws(LogError) {
            var join = SegmentJoin(before: try source.header(expecting: name))
            _ = try SegmentScan(&source, join: &join, isLast: true) { _, _, _ in true }
            return nil
        } catch {
            return error
        }
    }
}

extension SegmentJoin {
    /// What the segment itself says it follows: for a walk that does not begin at the first.
    init(before header: SegmentHeader) {
        self.init(end: header.previous, number: header.number - 1, log: header.log)
    }
}
