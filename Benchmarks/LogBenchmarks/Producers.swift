import BenchmarkKit
import ByteCoding
import EventLog
import Units

/// Clients that each submit a batch and wait for it, or keep several under way, played by one thread.
///
/// It owns the log as an engine's writer does: a turn takes the batches that are ready, up to a
/// number of records, appends them and commits once. It sleeps while all clients wait.
struct Producers {
    /// Records of one turn, unless a single batch has more: what 64 KiB of commands come to.
    private static let turnRecordsMax = 256

    let log: EventLog
    let acknowledgements: Acknowledgements
    let stream: SampleStream
    let batchRecords: Int
    /// Batches under way at once.
    let batchesMax: Int

    private struct Batch {
        var lsn: LSN
        var submitted: UInt64
    }

    /// Lets the clients submit for this long and waits for their last batch.
    func run(nanoseconds: UInt64) -> Round {
        var turns = Turns(round: Round(), end: monotonicNanoseconds() + nanoseconds)
        let storedBytes = log.size.storedBytes
        turns.ready = Array(repeating: monotonicNanoseconds(), count: batchesMax)
        let cost = Cost.of {
            while !turns.ready.isEmpty || !turns.waiting.isEmpty {
                submit(&turns)
                collect(&turns)
            }
        }
        turns.round.cost = cost
        turns.round.storedBytes = Int(log.size.storedBytes - storedBytes)
        return turns.round
    }

    /// Where the run stands.
    private struct Turns {
        var round: Round
        var end: UInt64
        /// When each batch that is not yet appended was submitted: its client's last acknowledgement.
        var ready: [UInt64] = []
        var waiting = Queue<Batch>()
        var moments: [Acknowledgements.Moment] = []
    }

    private func submit(_ turns: inout Turns) {
        let count = min(turns.ready.count, max(Self.turnRecordsMax / batchRecords, 1))
        guard count > 0 else { return }
        let bytes = stream.bytes
        for submitted in turns.ready.prefix(count) {
            for _ in 0..<batchRecords {
                log.append(
                    bytes.rawBytes.extracting(SampleStream.range(ofRecord: turns.round.records)))
                turns.round.records += 1
            }
            turns.waiting.append(Batch(lsn: log.lastLSN, submitted: submitted))
        }
        turns.ready.removeFirst(count)
        log.commit(now: WallTime(microseconds: Int64(monotonicNanoseconds() / 1000)))
    }

    private func collect(_ turns: inout Turns) {
        acknowledgements.exchange(&turns.moments, isWaiting: turns.ready.isEmpty)
        for moment in turns.moments {
            turns.round.syncs += 1
            while let batch = turns.waiting.first, batch.lsn <= moment.lsn {
                turns.waiting.removeFirst()
                turns.round.acks.add(moment.nanoseconds - batch.submitted)
                if moment.nanoseconds < turns.end { turns.ready.append(moment.nanoseconds) }
            }
        }
    }
}

/// First in, first out.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() {
        head += 1
        // Seldom, so that it costs each element one move at most.
        if head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
    }
}
