import ByteCoding
import Glibc
import Storage
import Synchronization
package import Units

/// Drops the oldest segments of a log that is open, beside whoever writes and reads it.
///
/// Any thread, but never one of the Swift pool: a call waits for the disk. One call at a time drops.
package final class LogTrimmer: Sendable {
    private let directory: LogDirectory
    private let catalogue: Catalogue
    private let log: LogIdentity
    private let dropped: Mutex<DroppedSegments>

    init(
        directory: LogDirectory, catalogue: Catalogue, log: LogIdentity, dropped: DroppedSegments
    ) {
        self.directory = directory
        self.catalogue = catalogue
        self.log = log
        self.dropped = Mutex(dropped)
    }

    /// The last record that was dropped; zero where none was.
    package var droppedThrough: LSN { catalogue.droppedThrough }

    /// Segments that may be dropped, the oldest first: sealed, and followed by another.
    package var segments: [DroppableSegment] { catalogue.droppable() }

    /// When the segment was begun that is written now.
    package var activeSince: WallTime { catalogue.activeSince }

    /// Drops the segments that hold nothing behind `last`, the oldest first.
    ///
    /// What is gone is written down durably before it goes: a crash anywhere leaves a log that opens.
    /// - Parameters:
    ///   - last: The caller knows what all records up to here come to, and will know it after a crash.
    ///   - archive: A directory that gets a whole copy of each segment first; nil: none does.
    ///   - now: The time to be written down.
    ///   - goesOn: Asked before each copy; false ends the call.
    /// - Returns: Segments that were dropped.
    /// - Throws: `LogError`; what was dropped by then stays dropped, what was not is as it was.
    package func drop(
        through last: LSN, archive: String?, now: WallTime, goesOn: () -> Bool = { true }
    ) throws(LogError) -> Int {
        try dropped.withLock { dropped throws(LogError) in
            let victims = segments.filter { $0.lastLSN <= last }
            guard let archive else {
                try drop(victims, now: now, noting: &dropped)
                return victims.count
            }
            var count = 0
            // One after another: who waits for the space need not wait for all copies.
            for victim in victims where goesOn() {
                if dropped.lastLSN < victim.lastLSN { try store(victim, in: archive) }
                try drop([victim], now: now, noting: &dropped)
                count += 1
            }
            return count
        }
    }

    private func drop(
        _ victims: [DroppableSegment], now: WallTime, noting dropped: inout DroppedSegments
    ) throws(LogError) {
        // Else the line is there from a call that failed behind it.
        let known = dropped.lastLSN
        try note(victims.filter { $0.lastLSN > known }, now: now, in: &dropped)
        for victim in victims { try remove(victim) }
        try unwrap { () throws(StorageError) in
            try directory.storage.syncDirectory(directory.segments)
        }
    }

    /// Writes the segments' ends down, behind the whole lines that are there, and makes that durable.
    private func note(
        _ victims: [DroppableSegment], now: WallTime, in dropped: inout DroppedSegments
    ) throws(LogError) {
        guard !victims.isEmpty else { return }
        var entries: [DroppedSegments.Entry] = []
        for victim in victims { entries.append(try entry(of: victim, now: now)) }
        let lines = dropped.lines(for: entries, of: log)
        try unwrap { () throws(StorageError) in
            let isNew = try !directory.storage.list(directory.segments).contains(
                DroppedSegments.name)
            let file = try directory.storage.open(
                directory.droppedPath, isNew ? .create : .readWrite)
            claim(file, behind: dropped.byteCount + lines.count)
            try file.write(lines.rawBytes, at: UInt64(dropped.byteCount))
            try file.sync()
            // Until the first line is there for certain, nor is the name.
            if dropped.byteCount == 0 { try directory.storage.syncDirectory(directory.segments) }
        }
        dropped = try directory.dropped()
    }

    private func entry(
        of segment: DroppableSegment, now: WallTime
    ) throws(LogError) -> DroppedSegments.Entry {
        let ends = try SegmentEnds(
            segment.path, storage: directory.storage, expecting: segment.firstLSN)
        guard let ends else { throw unsealed(segment) }
        return DroppedSegments.Entry(
            number: ends.header.number, firstLSN: segment.firstLSN, end: ends.end, time: now)
    }

    private func remove(_ segment: DroppableSegment) throws(LogError) {
        try catalogue.drop(segment.firstLSN) { () throws(StorageError) in
            do throws(StorageError) {
                try directory.storage.remove(segment.path)
            } catch {
                // A call that failed may have removed it all the same.
                guard error.errno == ENOENT else { throw error }
            }
        }
    }

    /// Room for the next lines: a full disk must not keep segments from being dropped.
    private func claim(_ file: any StorageFile, behind end: Int) {
        do throws(StorageError) {
            try file.reserve(UInt64(end + Self.claimedBytes))
        } catch {
            // The line itself may fit where this did not.
            return
        }
    }

    private static let claimedBytes = 16 << 10

    private func unsealed(_ segment: DroppableSegment) -> LogError {
        Defect(
            at: 0, "end of a segment that is to be dropped", expected: "a footer", found: "none",
            isTearable: false
        ).corruption(in: segment.path, from: segment.firstLSN, to: segment.lastLSN)
    }

    private func store(_ segment: DroppableSegment, in archive: String) throws(LogError) {
        try SegmentArchive(path: archive, storage: directory.storage).store(
            segment.path, from: segment.firstLSN)
    }
}

/// A sealed segment that another one follows.
package struct DroppableSegment: Sendable {
    package let firstLSN: LSN
    package let lastLSN: LSN
    /// When the next one was begun: no event in this one is later.
    package let end: WallTime
    package let storedBytes: UInt64
    let path: String
}
