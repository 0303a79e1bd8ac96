import ByteCoding
import EventLog
import Storage
import Units

// Segments, one after another: those the backup has are kept, the others are copied.
extension Backup {
    /// Takes a sealed segment that the backup has already; false where it must be copied.
    ///
    /// It was read back whole before it got its name, so its ends are enough here. A rewritten
    /// segment has the hash that it had before.
    mutating func keep(_ first: LSN) throws(BackupError) -> Bool {
        let here = try reading { () throws(LogError) in try source.outline(of: first) }
        guard let here, let kept = passOver(first) else { return false }
        guard kept.log == here.log else {
            throw .otherLog(directory: target.path, found: kept.log, wanted: here.log)
        }
        guard kept == here else {
            throw .otherHistory(
                directory: target.path,
                reason: "records \(here.firstLSN) to \(here.lastLSN) differ.")
        }
        add(kept, copiedBytes: nil)
        return true
    }

    /// Nil where the backup does not hold the segment, or not as it was.
    private mutating func passOver(_ first: LSN) -> SegmentOutline? {
        var next = chain
        do throws(LogError) {
            guard let kept = try next.pass(over: target.sealed(first), from: first) else {
                return nil
            }
            chain = next
            return kept
        } catch {
            // Copied again, and so repaired.
            return nil
        }
    }

    mutating func copy(from first: LSN) throws(BackupError) {
        let source = source
        do throws(LogCopyFault<BackupError>) {
            try source.run(
                from: first,
                append: { segment, bytes throws(BackupError) in
                    try append(bytes, to: segment)
                },
                finish: { first, last, isSealed throws(BackupError) in
                    try finish(first, last, isSealed: isSealed)
                })
        } catch {
            switch error {
            case .log(let error): try reading { () throws(LogError) in throw error }
            case .refused(let error): throw error
            }
        }
    }

    private mutating func append(_ bytes: RawSpan, to segment: LSN) throws(BackupError) {
        do throws(StorageError) {
            var open: FileWriter
            if let writer {
                open = writer
            } else {
                open = try FileWriter(target.writing(segment), storage: storage)
            }
            writer = nil
            try open.append(bytes)
            writer = open
        } catch {
            throw .io(error)
        }
    }

    /// Reads back what was written and gives it its name.
    private mutating func finish(
        _ first: LSN, _ last: LSN, isSealed: Bool
    ) throws(BackupError) {
        let writing = target.writing(first)
        let byteCount = try finishWriting()
        var next = chain
        let written = try checking { () throws(LogError) in try next.read(writing, from: first) }
        guard written.log == log, written.lastLSN == last, written.isSealed == isSealed else {
            throw .damaged(file: writing, what: "it does not end as it was written")
        }
        if let contradiction = next.contradiction(isAtEnd: !isSealed) {
            throw refusal(contradiction)
        }
        try checkPast(written)
        let isThere = holds(written)
        chain = next
        try unwrap { () throws(StorageError) in
            guard !isThere else { return try storage.remove(writing) }
            try storage.rename(writing, to: target.file(of: BackupManifest.Segment(written)))
        }
        add(written, copiedBytes: isThere ? nil : byteCount)
    }

    /// What lies before the former backup's head must be what that backup has of it.
    ///
    /// Seen before the segment takes a name under which it would be kept later.
    private func checkPast(_ written: SegmentOutline) throws(BackupError) {
        guard let former, max(written.firstLSN, written.lastLSN) <= former.head.lsn else { return }
        let isSame = former.segments.contains {
            $0.firstLSN == written.firstLSN && $0.head == written.head
        }
        guard !isSame else { return }
        throw .otherHistory(
            directory: target.path,
            reason: "records \(written.firstLSN) to \(written.lastLSN) differ.")
    }

    private mutating func finishWriting() throws(BackupError) -> UInt64 {
        guard var open = writer else { preconditionFailure("a segment without a header") }
        writer = nil
        do throws(StorageError) {
            return try open.finish()
        } catch {
            throw .io(error)
        }
    }

    /// Whether the former backup has the same segment, and has it still.
    private func holds(_ written: SegmentOutline) -> Bool {
        let segment = BackupManifest.Segment(written)
        guard former?.segments.contains(segment) == true else { return false }
        var probe = chain
        do throws(LogError) {
            return try probe.read(target.file(of: segment), from: segment.firstLSN) == written
        } catch {
            // Replaced by the one just written.
            return false
        }
    }
}
