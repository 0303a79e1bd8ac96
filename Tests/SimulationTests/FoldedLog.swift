import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import Storage
import TestKit
import Units

/// A log read from its first record, into a state of its own: by another path than recovery, event by
/// event, without snapshots.
struct FoldedLog {
    private(set) var events: [Event] = []
    let position: LSN
    let digest: UInt64

    init(of storage: SimulatedStorage, options: LogOptions) throws(Finding) {
        var events: [Event] = []
        var state = JobState(hash: KeyedHash(low: 0, high: 0))
        let whole: SimulatedStorage
        do throws(StorageError) {
            whole = try storage.withWholeLog()
        } catch {
            throw Finding("dropped segments cannot be put back: \(error)")
        }
        do throws(LogError) {
            let log = try EventLog.open(
                directory: "/data", storage: whole, options: options,
                begin: { state = JobState(hash: KeyedHash(low: $0.low, high: $0.high)) },
                replay: { lsn, record throws(RecordRefusal) in
                    do throws(EventFault) {
                        let event = try Event(decoding: record)
                        events.append(event)
                        state.apply(event, at: lsn)
                    } catch {
                        throw RecordRefusal(reason: "\(error)")
                    }
                },
                onDurable: { _ in }, onFailure: { _ in })
            log.close()
        } catch {
            throw Finding("the day's log cannot be read: \(error)")
        }
        self.events = events
        position = state.appliedLSN
        digest = state.digest()
    }
}
