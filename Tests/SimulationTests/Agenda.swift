import Engine
import HeapModule
import JobModel
import Units

/// What is going to happen, earliest first; what is planned for one moment happens in order of planning.
struct Agenda {
    enum Act {
        case submit, resubmit, tamper, read, operate, undo(ControlScope, ControlChange)
        case poll(worker: Int)
        case step(attempt: Int)
        case jump(TimeSpan)
        case fault(EngineFault)
        case open
        case freeDisk
        case look, cancel(JobKey)
        case snapshot, healFiles, drop
    }

    private struct Entry: Comparable {
        let at: MonotonicTime
        let number: Int
        let act: Act

        static func < (left: Entry, right: Entry) -> Bool {
            (left.at, left.number) < (right.at, right.number)
        }

        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    private var entries = Heap<Entry>()
    private var number = 0

    var next: MonotonicTime? { entries.min?.at }

    mutating func plan(_ act: Act, at time: MonotonicTime) {
        number += 1
        entries.insert(Entry(at: time, number: number, act: act))
    }

    /// Takes what is to happen by `now`.
    mutating func take(by now: MonotonicTime) -> Act? {
        guard let next = entries.min, next.at <= now else { return nil }
        return entries.removeMin().act
    }
}

/// How the engine's life ends, or what makes it hard.
enum EngineFault: CaseIterable {
    case close, powerCut, kill, failSync, failWrite, fillDisk, failSnapshot, failHistory
}
