import History
import JobState
import Threads
import Units

/// Does what history needs beside the writer: writes files, builds those anew that are missing, merges
/// small ones.
final class HistoryWorker: Sendable {
    /// What became of a file.
    enum Outcome: Sendable {
        case written
        case failed(String)
    }

    private struct Shared {
        var builder: HistoryBuilder?
        var outcome: Outcome?
        /// Files are to cover all up to here.
        var covered: LSN
        var isClosing = false
    }

    private enum Work {
        case publish(HistoryBuilder)
        case tend
        case end
    }

    let set: HistorySet
    let isThreaded: Bool
    private let rules: HistoryRules
    private let rebuild: HistoryRebuild
    private let shared: Monitor<Shared>
    private let condition = Monitor(HistoryCondition())

    /// Between two steps of a merge: it takes at most half of a disk that writes 100 MB a second.
    private static let restMilliseconds = 20
    /// How long a failure is let be, and how often missing files are looked for.
    private static let patienceMilliseconds = 2_000

    /// - Parameters:
    ///   - set: The files.
    ///   - covered: Files are to cover all up to here: who ended there is not in memory.
    ///   - rules: How fast.
    ///   - rebuild: Builds what is missing.
    ///   - isThreaded: Whether `start` will be called.
    init(
        set: HistorySet, covered: LSN, rules: HistoryRules, rebuild: HistoryRebuild,
        isThreaded: Bool
    ) {
        shared = Monitor(Shared(covered: covered))
        self.set = set
        self.rules = rules
        self.rebuild = rebuild
        self.isThreaded = isThreaded
    }

    /// What there is to say of history beside its size.
    var state: HistoryCondition { condition.withLock { $0 } }

    /// Writes a file of it; `takeOutcome` tells what became of it.
    func put(_ builder: HistoryBuilder) {
        shared.change { $0.builder = builder }
    }

    func takeOutcome() -> Outcome? {
        shared.withLock { $0.outcome.take() }
    }

    /// Has a thread of its own do the work; else `workOff` does it.
    func start() -> DedicatedThread {
        DedicatedThread(name: "history") { [self] in run() }
    }

    func close() {
        shared.change { $0.isClosing = true }
    }

    /// Does one thing that there is to do.
    func workOff() {
        if let builder = shared.withLock({ $0.builder.take() }) { return publish(builder) }
        _ = tend()
    }

    private func run() {
        var rest = 0
        while true {
            let work: Work =
                shared.wait(milliseconds: rest) { shared in
                    if let builder = shared.builder.take() { return .publish(builder) }
                    return shared.isClosing ? .end : nil
                } ?? .tend
            switch work {
            case .publish(let builder):
                publish(builder)
                rest = 0
            case .tend: rest = tend() ? Self.restMilliseconds : Self.patienceMilliseconds
            case .end: return
            }
        }
    }

    private func publish(_ builder: HistoryBuilder) {
        var outcome = Outcome.written
        do throws(HistoryError) {
            try set.publish(builder)
        } catch {
            outcome = .failed("\(error)")
        }
        shared.change { shared in
            shared.outcome = outcome
            if case .written = outcome {
                shared.covered = max(shared.covered, builder.range.upperBound)
            }
        }
    }

    /// Builds a missing file, or takes a merge a step further; false where nothing can be done now.
    private func tend() -> Bool {
        do {
            if try rebuildGap() { return true }
            let isMore = try set.mergeStep(byteBudget: rules.mergeStepBytes)
            condition.withLock { $0.trouble = nil }
            return isMore
        } catch {
            condition.withLock { condition in
                condition.rebuilding = nil
                condition.trouble = "\(error)"
            }
            return false
        }
    }

    /// Builds what no file covers; false where all is covered.
    ///
    /// - Throws: `RebuildError`; what was built by then stays.
    func rebuildGap() throws(RebuildError) -> Bool {
        guard let gap = set.gaps(through: shared.withLock({ $0.covered })).first else {
            return false
        }
        condition.withLock { $0.rebuilding = gap }
        defer { condition.withLock { $0.rebuilding = nil } }
        do throws(RebuildError) {
            let lost = try rebuild.run(gap, goesOn: { lsn in goesOn(lsn, gap) }) {
                [set] builder throws(HistoryError) in try set.publish(builder)
            }
            if let lost { condition.withLock { $0.lost = gap.lowerBound...lost } }
            return true
        } catch {
            // Submits are not to be refused for ever because of a log that cannot be read.
            if error.isFinal { set.giveUpExpected() }
            throw error
        }
    }
}

extension HistoryWorker {
    private func goesOn(_ lsn: LSN, _ gap: ClosedRange<LSN>) -> Bool {
        condition.withLock { $0.percent = Int(100 * lsn.rawValue / gap.upperBound.rawValue) }
        return shared.withLock { !$0.isClosing }
    }
}

/// What there is to say of history beside its size.
struct HistoryCondition: Sendable {
    /// Jobs that ended in this range of the log are not found until their file is built again, and
    /// submits that may be of one of them are refused.
    var rebuilding: ClosedRange<LSN>?
    /// How much of the log was read for it.
    var percent = 0
    /// Jobs that ended in this range and whose file was damaged: the log no longer goes back to them.
    var lost: ClosedRange<LSN>?
    /// What cannot be done, and is tried again.
    var trouble: String?
}
