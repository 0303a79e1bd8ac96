import ByteCoding
import Threads

extension SnapshotFile {
    /// Calls `body` with each part of some kinds, kind after kind, and in the order of the file within each.
    ///
    /// - Parameters:
    ///   - isWanted: Which kinds.
    ///   - isThreaded: Whether a thread of its own reads, decompresses and prepares ahead.
    ///   - prepare: Gets a part and its bytes, in the same order. They may be damaged: then `body` does not
    ///     get what it made of them.
    ///   - body: Gets them, too, and what `prepare` made of them.
    /// - Throws: `SnapshotError`, and what `prepare` and `body` throw.
    package func forEachPart<Prepared: Sendable>(
        ofKinds isWanted: (UInt8) -> Bool, isThreaded: Bool,
        prepare: @escaping @Sendable (Part, RawSpan) throws -> Prepared,
        _ body: (Part, RawSpan, Prepared) throws -> Void
    ) throws {
        let ordered = parts.enumerated().filter { isWanted($0.element.kind) }
            .sorted { ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset) }
            .map(\.element)
        guard isThreaded, ordered.count > 2 else {
            var (raw, stored): ([UInt8], [UInt8]) = ([], [])
            for part in ordered {
                try read(part, into: &raw, stored: &stored)
                let bytes = raw.rawBytes.extracting(0..<part.byteCount)
                try body(part, bytes, try prepare(part, bytes))
            }
            return
        }
        let ahead = PartsAhead(self, ordered, prepare)
        ahead.start()
        defer { ahead.stop() }
        for part in ordered {
            let (raw, prepared) = try ahead.take()
            // Here, because the other thread has more to do.
            try check(part, in: raw)
            try body(part, raw.rawBytes.extracting(0..<part.byteCount), prepared)
            ahead.giveBack(raw)
        }
    }
}

/// Reads and prepares parts ahead of the one who uses them, a few at most.
private final class PartsAhead<Prepared: Sendable>: @unchecked Sendable {
    typealias Ready = (raw: [UInt8], prepared: Prepared)
    // Sendable: `thread` belongs to the one who uses the parts; the rest is under the monitor.
    private struct Shared {
        var ready: [Result<Ready, any Error>] = []
        var free: [[UInt8]]
        var isStopped = false
    }

    /// So many parts are ready at most: with more, what was prepared has left the cache when it is used.
    private static var buffersMax: Int { 6 }

    private let file: SnapshotFile
    private let parts: [SnapshotFile.Part]
    private let prepare: @Sendable (SnapshotFile.Part, RawSpan) throws -> Prepared
    private let monitor: Monitor<Shared>
    private var thread: DedicatedThread?

    init(
        _ file: SnapshotFile, _ parts: [SnapshotFile.Part],
        _ prepare: @escaping @Sendable (SnapshotFile.Part, RawSpan) throws -> Prepared
    ) {
        self.file = file
        self.parts = parts
        self.prepare = prepare
        monitor = Monitor(Shared(free: Array(repeating: [], count: Self.buffersMax)))
    }

    func start() {
        thread = DedicatedThread(name: "snapshot-read") { [self] in run() }
    }

    func stop() {
        monitor.change { $0.isStopped = true }
        thread?.join()
    }

    func take() throws -> Ready {
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
            do {
                try file.readUnchecked(part, into: &raw, stored: &stored)
                let prepared = try prepared(part, raw)
                monitor.change { [raw] in $0.ready.append(.success((raw, prepared))) }
            } catch {
                return monitor.change { $0.ready.append(.failure(error)) }
            }
        }
    }

    private func prepared(_ part: SnapshotFile.Part, _ raw: [UInt8]) throws -> Prepared {
        do {
            return try prepare(part, raw.rawBytes.extracting(0..<part.byteCount))
        } catch {
            // What is damaged is told as that, whatever it looks like.
            try file.check(part, in: raw)
            throw error
        }
    }
}
