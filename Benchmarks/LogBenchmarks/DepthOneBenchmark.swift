import BenchmarkKit
import ByteCoding
import EventLog
import Storage
import Units

/// One event at a time: against a bare overwrite of a page, and with background work beside it.
struct DepthOneBenchmark {
    let directory: String
    let stream: SampleStream

    private static let rounds = 10
    private static let eventsPerRound = 400
    /// So large that neither log begins a new one, or so small that it always does.
    private static let largeSegmentBytes = 256 << 20
    private static let smallSegmentBytes = 4 << 20
    /// A batch between the events, so that small segments fill up.
    private static let fillerRecords = 1000
    private static let eventsPerFiller = 2

    func run() throws {
        let path = "\(directory)/limit"
        var limit = try Limit(path: path)
        try measureAlone(&limit)
        try remove(path)
        try measureBeside()
    }

    private func measureAlone(_ limit: inout Limit) throws {
        progress("depth1 alone")
        let log = try SingleProducer("\(directory)/depth1", stream, Self.largeSegmentBytes)
        var (events, pages) = (Latencies(), Latencies())
        var ratios: [Double] = []
        for _ in 0..<Self.rounds {
            log.waitUntilQuiet()
            let round = log.run(events: Self.eventsPerRound).events
            let limits = try limit.overwritePages(count: Self.eventsPerRound)
            ratios.append(round.percentile(50) / limits.percentile(50))
            events.add(round)
            pages.add(limits)
        }
        try log.end()
        let table = Table(
            "depth1/200B: one event, then the next, beside one overwrite of 4 KiB and fdatasync; "
                + "\(Self.rounds) rounds of \(Self.eventsPerRound)",
            columns: ["", "p50, µs", "p99, µs", "p99.9, µs", "ratio of p50"])
        table.row(["one event, durable"] + events.cells + [Rounds(ratios).cell(2)])
        table.row(["overwrite 4 KiB + fdatasync"] + pages.cells + [""])
    }

    private func measureBeside() throws {
        progress("depth1 with background work")
        let quiet = try SingleProducer("\(directory)/quiet", stream, Self.largeSegmentBytes)
        let busy = try SingleProducer("\(directory)/busy", stream, Self.smallSegmentBytes)
        var (quietSum, busySum) = (Timings(), Timings())
        for _ in 0..<Self.rounds {
            for (log, isBusy) in [(quiet, false), (busy, true)] {
                quiet.waitUntilQuiet()
                busy.waitUntilQuiet()
                let round = log.run(
                    events: Self.eventsPerRound, fillerRecords: Self.fillerRecords,
                    eventsPerFiller: Self.eventsPerFiller)
                if isBusy { busySum.add(round) } else { quietSum.add(round) }
            }
        }
        let table = Table(
            "depth1/200B/background: after every \(Self.eventsPerFiller) events a batch of "
                + "\(Self.fillerRecords); \(Self.rounds) rounds of \(Self.eventsPerRound) events",
            columns: [
                "", "p50, µs", "p99, µs", "p99.9, µs", "batch p50, µs", "p99, µs", "p99.9, µs",
                "segments begun",
            ])
        table.row(
            ["no background work"] + quietSum.events.cells + quietSum.fillers.cells
                + ["\(quiet.segments)"])
        table.row(
            ["zero-filling, sealing, rewriting"] + busySum.events.cells + busySum.fillers.cells
                + ["\(busy.segments)"])
        table.row(["ratio"] + busySum.ratios(to: quietSum) + [""])
        try quiet.end()
        try busy.end()
    }
}

/// Latencies of single events and of the batches between them.
private struct Timings {
    var events = Latencies()
    var fillers = Latencies()

    mutating func add(_ other: Timings) {
        events.add(other.events)
        fillers.add(other.fillers)
    }

    func ratios(to other: Timings) -> [String] {
        let pairs = [(events, other.events), (fillers, other.fillers)]
        return pairs.flatMap { mine, theirs in
            [50, 99, 99.9].map { decimal(mine.percentile($0) / theirs.percentile($0), 2) }
        }
    }
}

/// A log and the one producer that waits for each of its batches.
private struct SingleProducer {
    private let directory: String
    private let storage = WatchedStorage()
    private let acknowledgements = Acknowledgements()
    private let stream: SampleStream
    private let log: EventLog

    init(_ directory: String, _ stream: SampleStream, _ segmentBytes: Int) throws {
        var options = LogOptions()
        options.segmentBytes = segmentBytes
        self.directory = directory
        self.stream = stream
        log = try openLog(directory, storage, options: options, onDurable: acknowledgements.add)
    }

    var segments: Int { log.size.segments }

    func waitUntilQuiet() { storage.waitUntilQuiet() }

    /// Commits this many single events, and between them batches, if any.
    func run(events: Int, fillerRecords: Int = 0, eventsPerFiller: Int = 1) -> Timings {
        var timings = Timings()
        for number in 0..<events {
            timings.events.add(commit(records: 1))
            if fillerRecords > 0 && number % eventsPerFiller == eventsPerFiller - 1 {
                timings.fillers.add(commit(records: fillerRecords))
            }
        }
        return timings
    }

    func end() throws {
        log.close()
        try remove(directory)
    }

    /// Nanoseconds until they are durable.
    private func commit(records: Int) -> UInt64 {
        let bytes = stream.bytes
        let first = Int(log.lastLSN.rawValue)
        let start = monotonicNanoseconds()
        for number in first..<first + records {
            log.append(bytes.rawBytes.extracting(SampleStream.range(ofRecord: number)))
        }
        log.commit(now: WallTime(microseconds: Int64(start / 1000)))
        var moments: [Acknowledgements.Moment] = []
        while log.durableLSN < log.lastLSN || moments.isEmpty {
            acknowledgements.exchange(&moments, isWaiting: true)
            if let last = moments.last, last.lsn >= log.lastLSN { break }
        }
        return monotonicNanoseconds() - start
    }
}
