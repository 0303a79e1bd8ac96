/// Whether the disk has room for the log to grow.
package enum LogSpace: Equatable, Sendable {
    /// The next segment has its space, or is getting it.
    case ample
    /// The next segment could not be made for want of space: so many bytes are left in this one.
    ///
    /// The log tries again each second and says `ample` once it has succeeded.
    case short(roomBytes: Int, segmentBytes: Int)
}
