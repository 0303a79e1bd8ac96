import ByteCoding
import EventLog
import History
import JobState
import Storage
import Units

/// Opens history while a log is opened, so that whoever is in it need not be kept in memory.
struct HistoryLoading {
    let directory: String
    let storage: any Storage
    let rules: HistoryRules
    private var opened: Result<HistorySet, HistoryError>?
    /// Who ended up to here need not be kept in memory.
    private(set) var covered = LSN.zero

    init(directory: String, storage: any Storage, rules: HistoryRules) {
        self.directory = directory
        self.storage = storage
        self.rules = rules
    }

    mutating func open(of identity: LogIdentity, note: (String) -> Void) {
        // The same in every run of a simulation.
        let salts = Salts(KeyedHash(low: identity.low, high: identity.high))
        var options = HistoryOptions { salts.next() }
        options.fanIn = rules.fanIn
        options.sharedRowsMax = rules.sharedRowsMax
        do throws(HistoryError) {
            let set = try HistorySet(
                "\(directory)/history", log: identity.low, storage: storage, options: options)
            for entry in set.opening.setAside {
                note("\(entry.error); it is now \(entry.path), and is built again from the log")
            }
            covered = set.coveredThrough
            opened = .success(set)
        } catch {
            opened = .failure(error)
        }
    }

    /// What the writer goes on with, once all of the log was read.
    func desk(
        state: inout JobState, isThreaded: Bool, note: (String) -> Void
    ) throws(LogError) -> HistoryDesk {
        guard let opened else { preconditionFailure("a log that was opened has an identity") }
        let set: HistorySet
        do throws(HistoryError) {
            set = try opened.get()
            try set.setAside(after: state.appliedLSN)
        } catch {
            throw error.logError
        }
        state.releaseAll(through: min(covered, state.appliedLSN))
        let missing = set.gaps(through: state.releasedThrough)
        set.expect(missing)
        if let first = missing.first, let last = missing.last {
            note(
                "history lacks jobs that ended from event \(first.lowerBound) to "
                    + "\(last.upperBound): it is built again from the log")
        }
        let rebuild = HistoryRebuild(
            directory: directory, storage: storage, rowsMax: rules.rowsMin)
        let worker = HistoryWorker(
            set: set, covered: state.releasedThrough, rules: rules, rebuild: rebuild,
            isThreaded: isThreaded)
        return HistoryDesk(rules: rules, worker: worker)
    }
}

extension HistoryError {
    /// As the opening of a log says it.
    var logError: LogError {
        switch self {
        case .io(let error): .io(error)
        case .damaged, .missing: preconditionFailure("\(self), which opening sets aside")
        }
    }
}
