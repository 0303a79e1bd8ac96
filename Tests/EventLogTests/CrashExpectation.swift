import ByteCoding
import EventLog
import Storage
import Synchronization
import TestKit
import Units

/// What a log must hold when it is opened after a crash.
struct CrashExpectation: Sendable {
    /// Everything that was appended, in order; nothing else may be found.
    var records: [[UInt8]] = []
    /// How many of them the log had promised to keep: as many at least must be found.
    var acknowledged = 0
}

/// A moment at which the power may be cut, and what must be there afterwards.
struct CrashPoint: Sendable {
    let cut: PowerCut
    let expectation: CrashExpectation
}

/// Sees a disk before each change, and knows what the log on it has promised by then.
final class CrashWitness: Sendable {
    private struct Contents {
        var log: EventLog?
        var expectation: CrashExpectation
        var points: [CrashPoint] = []
    }

    private let disk: SimulatedStorage
    private let contents: Mutex<Contents>

    /// Watches until `leave`.
    init(_ disk: SimulatedStorage, _ expectation: CrashExpectation = CrashExpectation()) {
        self.disk = disk
        contents = Mutex(Contents(expectation: expectation))
        disk.watch { [self] cut in see(cut) }
    }

    var expectation: CrashExpectation { contents.withLock { $0.expectation } }

    /// Points so far.
    var points: [CrashPoint] { contents.withLock { $0.points } }

    /// Follows a log that has just been opened: what it showed may not be lost any more.
    func follow(_ log: EventLog, showing count: Int) {
        contents.withLock { contents in
            contents.log = log
            contents.expectation.records.removeLast(contents.expectation.records.count - count)
            contents.expectation.acknowledged = count
        }
    }

    /// The log is about to get these.
    func expect(_ records: [[UInt8]]) {
        contents.withLock { $0.expectation.records += records }
    }

    /// The log has reported this.
    func acknowledge(_ lsn: LSN) {
        contents.withLock { contents in
            let count = Int(lsn.rawValue)
            contents.expectation.acknowledged = max(contents.expectation.acknowledged, count)
        }
    }

    /// The log is gone; what it had promised stays promised.
    func forgetLog() {
        if let log = contents.withLock({ $0.log }) { acknowledge(log.durableLSN) }
        contents.withLock { $0.log = nil }
    }

    /// Ends the watch with the state as it is now for the last point.
    func leave() {
        disk.watch(nil)
        see(disk.cutPower())
        forgetLog()
    }

    private func see(_ cut: PowerCut) {
        if let log = contents.withLock({ $0.log }) { acknowledge(log.durableLSN) }
        contents.withLock { contents in
            contents.points.append(CrashPoint(cut: cut, expectation: contents.expectation))
        }
    }
}

/// A log opened after a crash, its records compared with what is expected of it.
struct SurvivingLog {
    let log: EventLog
    /// Records that were there, all of them right.
    let count: Int

    /// - Throws: `CrashFinding` where the log does not open or shows what it must not.
    init(
        _ disk: SimulatedStorage, _ expectation: CrashExpectation, _ options: LogOptions,
        onDurable: @escaping @Sendable (LSN) -> Void = { _ in },
        onFailure: @escaping @Sendable (LogError) -> Void = { _ in }
    ) throws(CrashFinding) {
        var count = 0
        var wrong: LSN?
        do throws(LogError) {
            log = try EventLog.open(
                directory: "/data", storage: disk, options: options,
                replay: { lsn, record in
                    let isRight =
                        lsn.rawValue == UInt64(count + 1) && count < expectation.records.count
                        && record.array == expectation.records[count]
                    if !isRight && wrong == nil { wrong = lsn }
                    count += 1
                },
                onDurable: onDurable, onFailure: onFailure)
        } catch {
            throw CrashFinding("the log does not open: \(error)", error)
        }
        if let wrong { throw CrashFinding("record \(wrong) is not what was appended") }
        guard count >= expectation.acknowledged else {
            throw CrashFinding(
                "\(count) of \(expectation.acknowledged) acknowledged records are there")
        }
        self.count = count
    }

    /// Appends the records as one batch and commits it; gives back how far the log is durable.
    @discardableResult
    func write(_ records: [[UInt8]]) -> Int {
        for record in records { log.append(record.rawBytes) }
        log.commit(now: WallTime(microseconds: 2_000_000))
        return Int(log.durableLSN.rawValue)
    }
}

/// What a campaign found wrong.
struct CrashFinding: Error {
    let what: String
    /// Set where the log refused to open.
    let refusal: LogError?

    init(_ what: String, _ refusal: LogError? = nil) {
        self.what = what
        self.refusal = refusal
    }
}
