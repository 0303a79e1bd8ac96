import ByteCoding
import Storage
import Units

/// Walks a log's segments read-only, also while a daemon writes to them: for inspection and scans.
///
/// Takes no lock. The unsealed segment is synced before any of it is shown, so that nothing is shown
/// that could still be lost; what is being written at that moment is left out.
struct OfflineSegments {
    let directory: LogDirectory
    private var buffer: [UInt8] = []
    private var loadedBytes = 0

    init(directory: String, storage: any Storage) {
        self.directory = LogDirectory(path: directory, storage: storage)
    }

    /// Walks all segments, or those from the one that holds `first` on.
    ///
    /// `visit` gets each segment's path, header and parts, and stops all by returning false;
    /// `finished` gets each segment's end.
    mutating func walk(
        from first: LSN = .zero,
        visit: (SegmentHeader, String, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool,
        finished: (SegmentScan) throws(LogError) -> Void = { _ in }
    ) throws(LogError) {
        var names = try directory.listSegments()
        let skipped = names.lastIndex { $0 <= first } ?? 0
        // The first file must be the log's first segment; a later one says itself what it follows.
        var join = skipped == 0 ? SegmentJoin() : nil
        names.removeFirst(skipped)
        while let name = names.first {
            names.removeFirst()
            let scan = try scan(name, join: &join, isFollowed: !names.isEmpty, visit: visit)
            try finished(scan)
            guard case .sealed = scan.ending else { return }
            // A daemon may have gone on to a segment that the list did not hold.
            if names.isEmpty {
                names = try directory.listSegments().filter { $0 > scan.header.firstLSN }
            }
        }
    }

    /// Bytes of all segments.
    func measure() throws(LogError) -> UInt64 {
        var total: UInt64 = 0
        for name in try directory.listSegments() {
            total += try unwrap { () throws(StorageError) in
                try directory.storage.open(directory.segment(from: name), .read).size()
            }
        }
        return total
    }

    private mutating func scan(
        _ name: LSN, join: inout SegmentJoin?, isFollowed: Bool,
        visit: (SegmentHeader, String, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool
    ) throws(LogError) -> SegmentScan {
        let path = directory.segment(from: name)
        let file = try unwrap { () throws(StorageError) in
            try directory.storage.open(path, .read)
        }
        // One that another follows is sealed and synced: nobody writes to it any more.
        if isFollowed {
            loadedBytes = try directory.load(file, into: &buffer, expecting: name)
        } else {
            try settle(file, name: name)
        }
        let bytes = buffer
        let span = bytes.rawBytes.extracting(0..<loadedBytes)
        var joined: SegmentJoin
        if let join {
            joined = join
        } else {
            joined = SegmentJoin(before: try .decode(span, file: path, expecting: name))
        }
        let scan = try SegmentScan(span, path: path, join: &joined, isLast: !isFollowed) {
            header, step, bytes throws(LogError) in
            try visit(header, path, step, bytes)
        }
        join = joined
        return scan
    }

    /// Loads the segment; where it looks damaged, again, until two looks agree.
    ///
    /// One look at a segment that is being written can catch a later group and miss an earlier one.
    private mutating func settle(_ file: any StorageFile, name: LSN) throws(LogError) {
        var seen: LogError?
        while true {
            loadedBytes = try directory.load(file, into: &buffer, expecting: name)
            try unwrap { () throws(StorageError) in try file.sync() }
            let found = damage(file.path, name: name)
            guard let found, found != seen else { return }
            seen = found
        }
    }

    private func damage(_ path: String, name: LSN) -> LogError? {
        let span = buffer.rawBytes.extracting(0..<loadedBytes)
        do throws(LogError) {
            let header = try SegmentHeader.decode(span, file: path, expecting: name)
            var join = SegmentJoin(before: header)
            _ = try SegmentScan(span, path: path, join: &join, isLast: true) { _, _, _ in true }
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
