/// The names in a directory of a simulated disk: those programs see, and those a power cut may leave.
struct SimulatedDirectory: Sendable {
    enum Entry: Equatable, Sendable {
        /// A file, by its number on the disk.
        case file(Int)
        case directory
    }

    /// What a name stood for at the last sync of the directory, then after each change of it since.
    struct History: Sendable {
        fileprivate(set) var versions: [Entry?]

        var durable: Entry? { versions[0] }
        var visible: Entry? { versions[versions.count - 1] }
        var isSettled: Bool { versions.count == 1 }
    }

    struct Rename: Sendable {
        let old: String
        let new: String
    }

    private(set) var names: [String: History] = [:]
    /// Renames since the last sync.
    private(set) var renames: [Rename] = []

    /// True where a power cut can leave nothing but what programs see.
    var isSettled: Bool { names.values.allSatisfy(\.isSettled) }

    subscript(name: String) -> Entry? { names[name]?.visible }

    /// Lets a name stand for something else, or for nothing; not durable before a sync.
    mutating func set(_ name: String, to entry: Entry?) {
        names[name, default: History(versions: [nil])].versions.append(entry)
    }

    mutating func rename(_ old: String, to new: String) {
        guard old != new else { return }
        let entry = self[old]
        set(old, to: nil)
        set(new, to: entry)
        renames.append(Rename(old: old, new: new))
    }

    mutating func sync() {
        renames = []
        guard !isSettled else { return }
        var synced: [String: History] = [:]
        for (name, history) in names {
            if let entry = history.visible { synced[name] = History(versions: [entry]) }
        }
        names = synced
    }
}
