import BenchmarkKit
import Glibc
import Storage

/// Measures the log on the disk that holds a directory, each part against a limit measured in turn.
///
/// Nothing passes or fails here: a shared disk drifts by a fifth and more, so read the ratios.
@main
struct LogBenchmarks {
    /// What can be run alone.
    private enum Part: String, CaseIterable {
        case append, depth1, replay, size, drop
    }

    private struct Order {
        var directory: String
        var parts: [Part]
        var shapes: [AppendBenchmark.Shape]
    }

    static func main() throws {
        guard let order = order(CommandLine.arguments.dropFirst()) else {
            let names = Part.allCases.map(\.rawValue) + AppendBenchmark.Shape.all.map(\.name)
            print("usage: LogBenchmarks DIRECTORY [\(names.joined(separator: "|"))]...")
            print("DIRECTORY: a new or empty one, on the disk to be measured, with 4 GB to spare.")
            print("Names, any number: parts to run, or shapes (clients x batch) to append in.")
            exit(64)
        }
        try PosixStorage().createDirectory(order.directory)
        guard try PosixStorage().list(order.directory).isEmpty else {
            print("\(order.directory) is not empty; name a new directory.")
            exit(64)
        }
        let stream = SampleStream()
        print("Records: \(SampleStream.recordBytes) bytes, LZ4 ratio \(decimal(stream.ratio, 2)).")
        for part in order.parts { try run(part, order, stream) }
    }

    private static func run(_ part: Part, _ order: Order, _ stream: SampleStream) throws {
        let directory = order.directory
        switch part {
        case .append:
            try AppendBenchmark(directory: directory, stream: stream, shapes: order.shapes).run()
        case .depth1: try DepthOneBenchmark(directory: directory, stream: stream).run()
        case .replay: try ReplayBenchmark(directory: directory, stream: stream).run()
        case .size: try SizeBenchmark(directory: directory, stream: stream).run()
        case .drop: try DropBenchmark(directory: directory, stream: stream).run()
        }
    }

    /// What to run, in the order of declaration; nil for bad input.
    private static func order(_ arguments: ArraySlice<String>) -> Order? {
        guard let directory = arguments.first, !directory.isEmpty, !directory.hasPrefix("-")
        else { return nil }
        let names = arguments.dropFirst()
        let parts = Part.allCases.filter { names.contains($0.rawValue) }
        let shapes = AppendBenchmark.Shape.all.filter { names.contains($0.name) }
        guard parts.count + shapes.count == Set(names).count else { return nil }
        if names.isEmpty {
            return Order(
                directory: directory, parts: Part.allCases, shapes: AppendBenchmark.Shape.all)
        }
        return Order(
            directory: directory,
            parts: shapes.isEmpty || parts.contains(.append) ? parts : [.append] + parts,
            shapes: shapes.isEmpty ? AppendBenchmark.Shape.all : shapes)
    }
}
