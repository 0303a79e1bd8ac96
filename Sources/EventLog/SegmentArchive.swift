import ByteCoding
import Storage
import Units

/// A directory that keeps whole segments which the log drops, under the same names.
struct SegmentArchive {
    /// Must be there, or the directory that it is in.
    let path: String
    let storage: any Storage

    private static let writingSuffix = ".writing"
    private static let damagedSuffix = ".damaged"

    /// Copies a segment, reads all of the copy, and only then gives it its name; durable on return.
    ///
    /// One that is there already, whole and the same, is left alone; a damaged one gets another name.
    /// - Throws: `LogError.archiveTaken` where the name is taken by a segment of another log, or of another
    ///   past of this one.
    func store(_ source: String, from first: LSN) throws(LogError) {
        try unwrap { () throws(StorageError) in try storage.createDirectory(path) }
        let name = LogDirectory.name(from: first)
        let names = try unwrap { () throws(StorageError) in try storage.list(path) }
        let wanted = try SegmentEnds(source, storage: storage, expecting: first)?.outline
        let place = "\(path)/\(name)"
        if names.contains(name) {
            if let there = outline(of: place, first) {
                guard there == wanted else { throw .archiveTaken(file: place) }
                return try syncDirectory()
            }
            try unwrap { () throws(StorageError) in
                try storage.rename(place, to: place + Self.damagedSuffix)
            }
        }
        let writing = place + Self.writingSuffix
        if names.contains(name + Self.writingSuffix) {
            try unwrap { () throws(StorageError) in try storage.remove(writing) }
        }
        try copy(source, to: writing)
        try check(writing, from: first)
        try unwrap { () throws(StorageError) in
            try storage.rename(writing, to: place)
        }
        try syncDirectory()
    }

    /// Nil where the file is no whole segment.
    private func outline(of file: String, _ first: LSN) -> SegmentOutline? {
        do throws(LogError) {
            return try SegmentEnds(file, storage: storage, expecting: first)?.outline
        } catch {
            return nil
        }
    }

    private func syncDirectory() throws(LogError) {
        try unwrap { () throws(StorageError) in
            try storage.syncDirectory(path)
            try storage.syncDirectory(LogDirectory.parent(of: path))
        }
    }

    private func copy(_ source: String, to target: String) throws(LogError) {
        try unwrap { () throws(StorageError) in
            let from = try storage.open(source, .read)
            var pace = WritePace(file: try storage.open(target, .create))
            var piece: [UInt8] = []
            while true {
                let count = try from.read(
                    WritePace.stepBytes, at: UInt64(pace.byteCount), into: &piece)
                guard count > 0 else { break }
                try pace.write(piece.rawBytes.extracting(0..<count))
            }
            try pace.sync()
        }
    }

    /// Every checksum, every record, and the hash of the raw stream.
    private func check(_ copy: String, from first: LSN) throws(LogError) {
        let file = try unwrap { () throws(StorageError) in try storage.open(copy, .read) }
        var source = try SegmentSource(file, expecting: first)
        var join = SegmentJoin(before: try source.header(expecting: first))
        var hashing = HashCheck()
        _ = try SegmentScan(&source, join: &join, isLast: false) {
            header, step, bytes throws(LogError) in
            try hashing.take(step, header: header, path: copy, bytes)
            return true
        }
    }
}
