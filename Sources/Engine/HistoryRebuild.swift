import EventLog
import History
import JobState
import Storage
import Units

/// Builds files of history anew from the log.
///
/// The log is folded from the newest snapshot before, because a job that ended in the range may have been
/// submitted at any time.
struct HistoryRebuild: Sendable {
    let directory: String
    let storage: any Storage
    /// Rows of a file.
    let rowsMax: Int

    /// Those who ended before the range leave memory now and then.
    private static let eventsPerRelease: UInt64 = 4_096

    /// - Parameters:
    ///   - range: What no file covers.
    ///   - goesOn: Told now and then how far the log was read; false ends it, and files that were
    ///     published stay.
    ///   - publish: Gets the files one after another.
    /// - Returns: The last event up to which who had ended is lost, because the log no longer goes back so
    ///   far; nil: nobody is.
    /// - Throws: `RebuildError`; files that were published stay.
    func run(
        _ range: ClosedRange<LSN>, goesOn: (LSN) -> Bool,
        publish: (HistoryBuilder) throws(HistoryError) -> Void
    ) throws(RebuildError) -> LSN? {
        var first = range.lowerBound
        var failure: HistoryError?
        var lost: LSN?
        func isMore(_ lsn: LSN, _ state: inout JobState) -> Bool {
            do throws(HistoryError) {
                try publish(state.takeEnded(covering: first...min(lsn, range.upperBound)))
            } catch {
                failure = error
                return false
            }
            first = lsn.next
            return lsn < range.upperBound && goesOn(lsn)
        }
        try fold(near: LSN(rawValue: first.rawValue - 1)) { state in
            if state.releasedThrough >= range.lowerBound {
                lost = min(state.releasedThrough, range.upperBound)
            }
            guard state.appliedLSN >= range.upperBound else { return true }
            return isMore(state.appliedLSN, &state)
        } _: { lsn, state in
            if lsn < range.lowerBound {
                guard lsn.rawValue % Self.eventsPerRelease == 0 else { return true }
                state.releaseAll(through: lsn)
                return goesOn(lsn)
            }
            if first == range.lowerBound {
                state.releaseAll(through: LSN(rawValue: first.rawValue - 1))
            }
            guard lsn == range.upperBound || state.endedCount >= rowsMax else { return true }
            return isMore(lsn, &state)
        }
        if let failure { throw .history(failure) }
        return lost
    }

    private func fold(
        near lsn: LSN, begin: (inout JobState) -> Bool, _ body: (LSN, inout JobState) -> Bool
    ) throws(RebuildError) {
        var goesOn = true
        do throws(LogError) {
            try LogFold.run(
                directory: directory, storage: storage, near: lsn,
                begin: { _, state in goesOn = begin(&state) },
                { lsn, state in goesOn && body(lsn, &state) })
        } catch {
            throw .log(error)
        }
    }
}

/// Why a file could not be built.
enum RebuildError: Error, CustomStringConvertible {
    case log(LogError)
    case history(HistoryError)

    var description: String {
        switch self {
        case .log(let error):
            "history cannot be built again from the log: \(error)"
                + (isFinal
                    ? "; a job that ended there and is submitted again is taken for new" : "")
        case .history(let error): "\(error)"
        }
    }

    /// Whether trying again cannot help.
    var isFinal: Bool {
        switch self {
        case .log(.corrupt), .log(.noFoundation), .log(.refusedRecord), .log(.newerFormat): true
        case .log, .history: false
        }
    }

    /// As the opening of a log says it.
    var logError: LogError {
        switch self {
        case .log(let error): error
        case .history(let error): error.logError
        }
    }
}

extension JobState {
    /// Has everybody leave memory who ended up to `lsn`.
    mutating func releaseAll(through lsn: LSN) {
        beginRelease(through: lsn)
        _ = release(countMax: endedCount)
    }

    /// Rows of all who ended within the range and are in memory, who leave it.
    fileprivate mutating func takeEnded(covering range: ClosedRange<LSN>) -> HistoryBuilder {
        var builder = HistoryBuilder(covering: range, rows: endedCount)
        _ = collect(into: &builder, from: 0, countMax: endedCount)
        releaseAll(through: range.upperBound)
        return builder
    }
}
