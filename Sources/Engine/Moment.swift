package import Units

/// A moment of the past: right after an event, or at a time.
package enum Moment: Hashable, Sendable {
    case event(LSN)
    case time(WallTime)
}
