package import Units

/// What opening a log has done so far, for progress lines.
package struct LogRecovery: Equatable, Sendable {
    /// Records up to this one were known and not replayed.
    package var resumedAfter = LSN.zero
    package var recordsReplayed: UInt64 = 0
    package var bytesRead: UInt64 = 0
    package var bytesTotal: UInt64 = 0
    /// Set in the last report if an incomplete group was cut off.
    package var tornTail: TornTail?

    package init() {}
}

/// The end of the log that a crash left incomplete; none of it was ever acknowledged.
package struct TornTail: Equatable, Sendable {
    package let file: String
    /// Where the file was cut.
    package let offsetBytes: Int
    /// Where the cut bytes are kept.
    package let keptIn: String
    /// Bytes that were cut.
    package let byteCount: Int
    /// Last record before the cut.
    package let lastLSN: LSN
    /// What was wrong with the bytes.
    package let what: String
}

/// How much a log holds.
package struct LogSize: Equatable, Sendable {
    package var segments = 0
    /// Bytes of the raw stream: what `lz4 -dc` gives.
    package var rawBytes: UInt64 = 0
    /// Bytes of the segments up to their last group; zero-filled rests are not counted.
    package var storedBytes: UInt64 = 0
    /// Segments that were rewritten into large blocks, their bytes now and before.
    package var packedSegments = 0
    package var packedBytes: UInt64 = 0
    package var unpackedBytes: UInt64 = 0
    /// Why the newest rewriting failed, in words for people; nil where nothing is wrong.
    package var trouble: String?

    package init() {}
}
