import ByteCoding
import Threads

extension SnapshotFile {
    /// Calls `body` with each part, kind after kind, and in the order of the file within each.
    ///
    /// - Parameters:
    ///   - isThreaded: Whether a thread of its own reads and decompresses ahead.
    ///   - body: Gets a part and its bytes.
    /// - Throws: `SnapshotError`, and what `body` throws.
    package func forEachPart(
        isThreaded: Bool, _ body: (Part, RawSpan) throws -> Void
    ) throws {
        let ordered = parts.enumerated().sorted {
            ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset)
        }
        .map(\.element)
        guard isThreaded, ordered.count > 2 else {
            var (raw, stored): ([UInt8], [UInt8]) = ([], [])
            for part in ordered {
                try read(part, into: &raw, stored: &stored)
                try body(part, raw.rawBytes.extracting(0..<part.byteCount))
            }
            return
        }
        let ahead = PartsAhead(self, ordered)
        ahead.start()
        defer { ahead.stop() }
        for part in ordered {
            let raw = try ahead.take()
            try body(part, raw.rawBytes.extracting(0..<part.byteCount))
            ahead.giveBack(raw)
        }
    }
}

/// Reads parts ahead of the one who uses them, a few at most.
private final class PartsAhead: @unchecked Sendable {
    // Sendable: `thread` belongs to the one who uses the parts; the rest is under the monitor.
    private struct Shared {
        var ready: [Result<[UInt8], SnapshotError>] = []
        var free: [[UInt8]]
        var isStopped = false
    }

    private static let buffers = 6
    private let file: SnapshotFile
    private let parts: [SnapshotFile.Part]
    private let monitor: Monitor<Shared>
    private var thread: DedicatedThread?

    init(_ file: SnapshotFile, _ parts: [SnapshotFile.Part]) {
        self.file = file
        self.parts = parts
        monitor = Monitor(Shared(free: Array(repeating: [], count: Self.buffers)))
    }

    func start() {
        thread = DedicatedThread(name: "snapshot-read") { [self] in run() }
    }

    func stop() {
        monitor.change { $0.isStopped = true }
        thread?.join()
    }

    func take() throws(SnapshotError) -> [UInt8] {
        let next = monitor.wait { $0.ready.isEmpty ? nil : $0.ready.removeFirst() }
        return try next.get()
    }

    func giveBack(_ raw: consuming [UInt8]) {
        monitor.change { [raw] in $0.free.append(raw) }
    }

    private func run() {
        var stored: [UInt8] = []
        for part in parts {
            let room = monitor.wait { shared -> [UInt8]?? in
                if shared.isStopped { return .some(nil) }
                guard let room = shared.free.popLast() else { return nil }
                return .some(room)
            }
            guard var raw = room else { return }
            do throws(SnapshotError) {
                try file.read(part, into: &raw, stored: &stored)
                monitor.change { [raw] in $0.ready.append(.success(raw)) }
            } catch {
                return monitor.change { $0.ready.append(.failure(error)) }
            }
        }
    }
}
