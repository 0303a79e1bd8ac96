package import Storage
package import Units

package struct LogOptions: Sendable { package var segmentBytes = 0; package init() {} }
package struct RecordRefusal: Error, Sendable {
    package let reason: String; package init(reason: String) { self.reason = reason }
}
package struct LogRecovery: Sendable {
    package var recordsReplayed: UInt64 = 0, bytesRead: UInt64 = 0, bytesTotal: UInt64 = 0;
    package var tornTail: String?
}
package enum LogError: Error, Equatable, Sendable { case io }
package struct LogSize: Sendable {
    package var segments = 0; package var rawBytes: UInt64 = 0, storedBytes: UInt64 = 0
}
package final class EventLog {
    package static func open(
        directory: String, storage: any Storage, options: LogOptions,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void,
        progress: (LogRecovery) -> Void,
        onDurable: @escaping @Sendable (LSN) -> Void,
        onFailure: @escaping @Sendable (LogError) -> Void
    ) throws(LogError) -> EventLog { fatalError() }
    package var lastLSN: LSN { .zero }
    package func append(_ record: RawSpan) -> LSN { .zero }
    package func commit(now: WallTime) {}
    package var durableLSN: LSN { .zero }
    package var size: LogSize { LogSize() }
    package func reader() -> LogReader { fatalError() }
    package func close() {}
}
package final class LogReader: Sendable {
    package func read<T>(_ lsn: LSN, _ body: (RawSpan) throws(RecordRefusal) -> T) throws(LogError)
        -> T?
    { nil }
}
