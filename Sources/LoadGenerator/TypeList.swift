import Synchronization

/// The types that the workers ask for; grows while a trace is read.
final class TypeList: Sendable {
    private struct State {
        var names: [String] = []
        var known: Set<String> = []
    }

    private let state = Mutex(State())

    init(_ names: [String] = []) {
        for name in names { add(name) }
    }

    func add(_ name: String) {
        state.withLock { state in
            if state.known.insert(name).inserted { state.names.append(name) }
        }
    }

    var all: [String] { state.withLock { $0.names } }

    /// As many types as one claim may name: a different part each round where there are more.
    func part(_ round: Int) -> [String] {
        let names = all
        guard names.count > Self.partMax else { return names }
        let parts = (names.count + Self.partMax - 1) / Self.partMax
        let start = round % parts * Self.partMax
        return Array(names[start..<min(start + Self.partMax, names.count)])
    }

    /// `JobLimits.claimTypesMax` of the daemon.
    private static let partMax = 64
}
