import Glibc
package import Threads
package import Units

/// How a log is laid out and committed.
package struct LogOptions: Sendable {
    /// Bytes a segment is made with; a group that does not fit begins the next one.
    package var segmentBytes = 64 << 20
    /// Raw bytes at which a block is closed and the next one begun.
    package var groupBytesMax = 256 << 10
    /// Blocks that may be filled, waiting or on their way to the disk; then `append` waits.
    package var blocksMax = 24
    /// Largest block that the writer syncs by itself while the disk is idle.
    package var inlineBytesMax = 64 << 10
    /// How much of a segment is read at a time when the log is opened; a block or group that is longer
    /// is read whole.
    package var windowBytes = LogOptions.windowBytes
    /// Whether sealed segments are rewritten into large blocks, in the background.
    package var rewritesSegments = true
    /// False: no threads; every commit and every new segment is made by the caller, in order.
    ///
    /// What is written is the same; a simulated disk then sees the same operations on every run.
    package var isThreaded = true
    /// What a thread in the background knows of its own progress: it gives way where that is small.
    package var threadTimes: @Sendable () -> ThreadTimes? = { .ofThisThread() }
    /// Civil time for the creation field of segments, which nothing depends on.
    package var wallClock: @Sendable () -> WallTime = { systemTime() }
    /// Where the log's identity and the segments' salts come from.
    package var randomNumber: @Sendable () -> UInt64 = { UInt64.random(in: 0 ... .max) }

    package init() {}

    /// Little enough for a processor's nearer caches to hold while it is checked and decompressed.
    static let windowBytes = 256 << 10

    /// Largest record, in bytes; the smallest has one.
    package static let recordBytesMax = 256 << 10
}

private func systemTime() -> WallTime {
    var time = timespec()
    // The record is this function's own.
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return .earliest }
    return WallTime(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
}
