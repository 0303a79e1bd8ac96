import ByteCoding
package import Storage
package import Units

/// Makes a damaged log fit to be opened again: keeps all records before the damage, sets everything
/// else aside.
///
/// Records behind the damage build on those that are gone, so none of them is kept; nothing is deleted
/// either: whole copies stay beside the segments under other names, for whoever can do more with them.
package struct LogRepair: Sendable {
    /// What keeps the log from being opened.
    package let corruption: Corruption
    /// Last record that stays.
    package let keptLSN: LSN
    /// Last record that the files set aside speak of; nil where they speak of none.
    package let lastSeenLSN: LSN?
    /// The damaged segment and all after it, oldest first.
    package let files: [String]

    private let directory: LogDirectory
    /// What the damaged segment's file becomes; empty: it goes.
    private let kept: [UInt8]

    /// Looks for damage without changing anything.
    ///
    /// - Parameters:
    ///   - path: The data directory.
    ///   - storage: Where the reads go.
    /// - Returns: What there is to repair; nil where the log can be opened as it is.
    /// - Throws: `LogError`, but not `.corrupt`.
    package static func find(
        directory path: String, storage: any Storage
    ) throws(LogError) -> LogRepair? {
        let directory = LogDirectory(path: path, storage: storage)
        let contents = try directory.contents()
        let firsts = contents.firsts
        var join = contents.join
        for (index, first) in firsts.enumerated() {
            var prefix = GoodPrefix(after: join.end.lastLSN)
            let path = directory.segment(from: first)
            var source = try SegmentSource(try file(path, in: directory), expecting: first)
            // All of it: what was found good is what is kept, not what another read may give.
            try source.loadRest(from: 0)
            do throws(LogError) {
                try walk(
                    &source, first: first, isLast: index == firsts.count - 1, join: &join,
                    prefix: &prefix)
            } catch .corrupt(let corruption) {
                let files = firsts[index...].map { directory.segment(from: $0) }
                let kept = prefix.kept(of: source.window.bytes)
                return LogRepair(
                    corruption: corruption, keptLSN: prefix.lastLSN,
                    lastSeenLSN: try lastSeen(files, in: directory), files: files,
                    directory: directory, kept: kept)
            }
        }
        return nil
    }

    /// Does it: holds the directory's lock meanwhile; may be run again after a crash.
    ///
    /// - Parameter first: Called before anything is changed, with the lock held.
    /// - Returns: The file with a report in words; the ending of its name is that of all files set aside.
    /// - Throws: `LogError.directoryInUse` while a daemon runs, `.io`.
    package func run(
        first: () throws(LogError) -> Void = {}
    ) throws(LogError) -> String {
        let lock = try directory.lock()
        defer { lock.release() }
        try first()
        let suffix = try freeSuffix()
        let reportPath = "\(directory.segments)/report\(suffix)"
        do throws(StorageError) {
            try write(Array(report.utf8), to: reportPath)
            try setAside(suffix)
        } catch {
            throw .io(error)
        }
        return reportPath
    }

    /// From the newest to the damaged one: cut short anywhere, the damage stays and is found again.
    private func setAside(_ suffix: String) throws(StorageError) {
        let storage = directory.storage
        for path in files.dropFirst().reversed() { try storage.rename(path, to: path + suffix) }
        guard let damaged = files.first else { return }
        try write(try Self.bytes(of: damaged, in: storage), to: damaged + suffix)
        try storage.syncDirectory(directory.segments)
        if kept.isEmpty {
            try storage.remove(damaged)
        } else {
            let target = directory.packing(damaged)
            if try storage.list(directory.segments).contains(Self.name(of: target)) {
                try storage.remove(target)
            }
            try write(kept, to: target)
            try storage.rename(target, to: damaged)
        }
        try storage.syncDirectory(directory.segments)
    }

    private var report: String {
        let names = files.map { "  " + Self.name(of: $0) }.joined(separator: "\n")
        return """
            \(corruption)
            Kept: every record up to \(keptLSN).
            Set aside, whole and unchanged, under these names and this report's ending:
            \(names)
            Records in them: \(keptLSN.next) to \(lastSeenLSN.map(String.init) ?? "unknown"), \
            as far as they can be read.

            """
    }

    private func write(_ bytes: [UInt8], to path: String) throws(StorageError) {
        let file = try directory.storage.open(path, .create)
        try file.write(bytes.rawBytes, at: 0)
        try file.sync()
    }

    private func freeSuffix() throws(LogError) -> String {
        let names = Set(try directory.list())
        var number = 1
        while names.contains("report.set-aside-\(number)") { number += 1 }
        return ".set-aside-\(number)"
    }

    private static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

extension LogRepair {
    /// As an opening walks it, and each record looked at.
    private static func walk(
        _ source: inout SegmentSource, first: LSN, isLast: Bool, join: inout SegmentJoin,
        prefix: inout GoodPrefix
    ) throws(LogError) {
        let path = source.file.path
        let scan = try SegmentScan(&source, join: &join, isLast: isLast) {
            header, step, bytes throws(LogError) in
            try prefix.take(step, header, path: path, bytes)
            return true
        }
        guard scan.header.firstLSN == first else {
            throw Defect(
                at: 0, "name of the segment", expected: "\(scan.header.firstLSN)",
                found: "\(first)", isTearable: false
            ).corruption(in: path, from: first)
        }
    }

    private static func file(
        _ path: String, in directory: LogDirectory
    ) throws(LogError) -> any StorageFile {
        try unwrap { () throws(StorageError) in try directory.storage.open(path, .read) }
    }

    private static func read(_ path: String, in directory: LogDirectory) throws(LogError) -> [UInt8]
    {
        try unwrap { () throws(StorageError) in try bytes(of: path, in: directory.storage) }
    }

    private static func bytes(
        of path: String, in storage: any Storage
    ) throws(StorageError) -> [UInt8] {
        let file = try storage.open(path, .read)
        var buffer: [UInt8] = []
        let count = try file.read(Int(try file.size()), at: 0, into: &buffer)
        buffer.removeLast(buffer.count - count)
        return buffer
    }

    /// The last LSN of which a whole block header in these files speaks.
    private static func lastSeen(
        _ files: [String], in directory: LogDirectory
    ) throws(LogError) -> LSN? {
        var last: LSN?
        for path in files {
            let bytes = try read(path, in: directory)
            guard bytes.count >= SegmentHeader.byteCount else { continue }
            // The salt stands where it always does, whatever else is damaged.
            let salt: UInt64 = bytes.rawBytes.fixed(at: 48)
            let seed = UInt32(truncatingIfNeeded: salt ^ (salt >> 32))
            var offset = 0
            while let frame = SegmentWalk.firstFrame(bytes.rawBytes, from: offset) {
                last = max(last ?? .zero, lastLSN(bytes.rawBytes, at: frame, seed: seed) ?? .zero)
                offset = frame + 1
            }
        }
        return last
    }

    private static func lastLSN(_ bytes: RawSpan, at offset: Int, seed: UInt32) -> LSN? {
        do throws(Defect) {
            let block = try BlockHeader.decode(bytes, at: offset, seed: seed)
            return block.isMark ? nil : block.lastLSN
        } catch {
            // A footer, or damaged: another frame speaks for it.
            return nil
        }
    }
}
