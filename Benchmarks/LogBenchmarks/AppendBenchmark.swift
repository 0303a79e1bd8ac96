import BenchmarkKit
import EventLog
import Storage
import Units

/// Many producers: how close the log comes to LZ4, one write and one sync of the same groups.
struct AppendBenchmark {
    let directory: String
    let stream: SampleStream

    /// The clients to measure.
    var shapes = Shape.all

    private static let rounds = 7
    private static let roundNanoseconds: UInt64 = 400_000_000

    /// How many clients there are and what each does.
    struct Shape {
        var clients: Int
        /// Batches that each client keeps under way.
        var batchesEach = 1
        var batchRecords = 1

        static let all = [
            Shape(clients: 1), Shape(clients: 16), Shape(clients: 64), Shape(clients: 256),
            Shape(clients: 4096), Shape(clients: 2, batchRecords: 1000),
            Shape(clients: 2, batchesEach: 4, batchRecords: 1000),
        ]

        var name: String {
            "\(clients)x\(batchesEach > 1 ? "\(batchesEach)x" : "")\(batchRecords)"
        }
    }

    func run() throws {
        let table = Table(
            "append/200B: median (lowest–highest) of \(Self.rounds) rounds of 0.4 s; limit: the "
                + "same bytes in groups of the same mean size through LZ4, one write, one fdatasync",
            columns: [
                "clients × batch", "events/s", "limit, events/s", "ratio", "syncs/s",
                "events/sync", "ack p50, µs", "p99, µs", "p99.9, µs", "CPU, ns/event",
                "limit's CPU, ns/event", "stored, bytes/event",
            ])
        let path = "\(directory)/limit"
        var limit = try Limit(path: path)
        for shape in shapes {
            progress("append \(shape.name)")
            table.row(try row(shape, &limit))
        }
        try remove(path)
    }

    private func row(_ shape: Shape, _ limit: inout Limit) throws -> [String] {
        let path = "\(directory)/append"
        let storage = WatchedStorage()
        let acknowledgements = Acknowledgements()
        var options = LogOptions()
        // It would take a core of the two; what it costs others is measured with one producer.
        options.rewritesSegments = false
        let log = try openLog(path, storage, options: options, onDurable: acknowledgements.add)
        let producers = Producers(
            log: log, acknowledgements: acknowledgements, stream: stream,
            batchRecords: shape.batchRecords, batchesMax: shape.clients * shape.batchesEach)
        var (subjects, limits): ([Round], [Round]) = ([], [])
        for _ in 0..<Self.rounds {
            storage.waitUntilQuiet()
            let subject = producers.run(nanoseconds: Self.roundNanoseconds)
            storage.waitUntilQuiet()
            limits.append(
                try limit.append(
                    stream, meanGroupRecords: subject.recordsPerSync,
                    nanoseconds: Self.roundNanoseconds))
            subjects.append(subject)
        }
        log.close()
        try remove(path)
        return [shape.name] + cells(subjects, limits)
    }

    private func cells(_ subjects: [Round], _ limits: [Round]) -> [String] {
        let acks = subjects.reduce(into: Latencies()) { $0.add($1.acks) }
        let ratios = zip(subjects, limits).map { $0.recordsPerSecond / $1.recordsPerSecond }
        return [
            Rounds(subjects.map(\.recordsPerSecond)).cell(0),
            decimal(Rounds(limits.map(\.recordsPerSecond)).median, 0),
            Rounds(ratios).cell(2),
            decimal(Rounds(subjects.map { Double($0.syncs) / $0.cost.seconds }).median, 0),
            decimal(Rounds(subjects.map(\.recordsPerSync)).median, 1),
        ] + acks.cells
            + [subjects, limits].map { rounds in
                decimal(
                    Rounds(rounds.map { $0.cost.processorSeconds * 1e9 / Double($0.records) })
                        .median, 0)
            } + [
                decimal(
                    Rounds(subjects.map { Double($0.storedBytes) / Double($0.records) }).median, 1)
            ]
    }
}
