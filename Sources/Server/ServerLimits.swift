package import Units

/// What the server allows a client to take up.
package struct ServerLimits: Sendable {
    /// The longest request body, in bytes; a longer one is answered with 413.
    package var bodyBytesMax: Int = 256 << 10
    /// How long a request may take to arrive once it has begun; then it is answered with 408.
    package var bodyTimeout: TimeSpan = .seconds(30)
    /// How long a connection may stay open without a request.
    package var idleTimeout: TimeSpan = .seconds(120)
    /// How long a refused client is listened to, so that it can read why, before it is cut off.
    package var lingerTimeout: TimeSpan = .seconds(2)
    /// Events that one timeline shows.
    package var timelineEventsMax: Int = 1_000
    /// How many pages the engine is asked for while none of their jobs passes a list's filters.
    package var emptyPagesMax: Int = 32

    package init() {}
}
