import Glibc

/// Everything on a simulated disk; a value, so that a copy is a photograph that costs little.
///
/// Changes give the errno of a refusal, or nil where they were made.
struct SimulatedDisk: Sendable {
    /// Files by number; those without a name stay, because someone may have them open.
    private(set) var nodes: [SimulatedNode] = []
    /// Directories by path, also those whose name was lost.
    private(set) var directories = ["/": SimulatedDirectory()]
    /// Directories that a program has locked.
    var locked: Set<String> = []
    /// Bytes that all files together may take up; nil: no bound.
    var capacityBytes: Int?

    /// True where a power cut can leave nothing but what programs see.
    var isSettled: Bool {
        nodes.allSatisfy(\.isSettled) && directories.values.allSatisfy(\.isSettled)
    }

    /// Paths of the files that programs see, in order.
    var filePaths: [String] {
        directories.flatMap { path, directory in
            directory.names.compactMap { name, history in
                guard case .file = history.visible else { return nil }
                return Self.join(path, name)
            }
        }.sorted()
    }

    /// Paths of the directories that programs see, in order.
    var directoryPaths: [String] {
        directories.keys.filter { path in
            let (parent, name) = Self.split(path)
            return path == "/" || directories[parent]?[name] == .directory
        }.sorted()
    }

    func fileNumber(_ path: String) -> Int? {
        let (parent, name) = Self.split(path)
        guard case .file(let number) = directories[parent]?[name] else { return nil }
        return number
    }

    func names(in path: String) -> [String]? {
        directories[path]?.names.compactMap { $0.value.visible == nil ? nil : $0.key }.sorted()
    }

    mutating func createFile(_ path: String) -> Int32? {
        let (parent, name) = Self.split(path)
        guard let directory = directories[parent] else { return ENOENT }
        guard directory[name] == nil else { return EEXIST }
        guard freeBytes > 0 else { return ENOSPC }
        let number = add(SimulatedNode())
        directories[parent]?.set(name, to: .file(number))
        return nil
    }

    mutating func createDirectory(_ path: String) -> Int32? {
        let (parent, name) = Self.split(path)
        guard let directory = directories[parent] else { return ENOENT }
        switch directory[name] {
        case .directory: return nil
        case .file: return ENOTDIR
        case nil: break
        }
        directories[parent]?.set(name, to: .directory)
        if directories[path] == nil { directories[path] = SimulatedDirectory() }
        return nil
    }

    mutating func syncDirectory(_ path: String) -> Int32? {
        guard directories[path] != nil else { return ENOENT }
        directories[path]?.sync()
        return nil
    }

    mutating func rename(_ path: String, to newPath: String) -> Int32? {
        let (parent, name) = Self.split(path)
        let (newParent, newName) = Self.split(newPath)
        precondition(parent == newParent, "renames from one directory to another are not simulated")
        guard case .file = directories[parent]?[name] else { return ENOENT }
        directories[parent]?.rename(name, to: newName)
        return nil
    }

    mutating func remove(_ path: String) -> Int32? {
        let (parent, name) = Self.split(path)
        guard case .file = directories[parent]?[name] else { return ENOENT }
        directories[parent]?.set(name, to: nil)
        return nil
    }

    /// Writes as much as there is space for.
    mutating func write(_ bytes: [UInt8], at offset: Int, to number: Int) -> Int32? {
        var room = bytes.count
        if capacityBytes != nil, nodes[number].growth(to: offset + bytes.count) > freeBytes {
            room = max(0, min(room, nodes[number].allocatedBytes + wholeFreePages - offset))
        }
        nodes[number].write(bytes.prefix(room), at: offset)
        return room < bytes.count ? ENOSPC : nil
    }

    mutating func sync(_ number: Int) -> Int32? {
        nodes[number].sync()
        return nil
    }

    mutating func failToSync(_ number: Int) { nodes[number].failToSync() }

    /// Claims as much as there is.
    mutating func reserve(_ byteCount: Int, for number: Int) -> Int32? {
        let isTooMuch = nodes[number].growth(to: byteCount) > freeBytes
        let end = isTooMuch ? nodes[number].allocatedBytes + wholeFreePages : byteCount
        if end > nodes[number].visible.byteCount { nodes[number].resize(to: end) }
        nodes[number].reserve(end)
        return isTooMuch ? ENOSPC : nil
    }

    mutating func truncate(_ number: Int, to byteCount: Int) -> Int32? {
        nodes[number].resize(to: byteCount)
        return nil
    }

    /// Puts other bytes on the disk, behind everyone's back.
    mutating func replace(_ number: Int, with content: SimulatedContent) {
        nodes[number] = SimulatedNode(durable: content)
    }

    mutating func add(_ node: SimulatedNode) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    /// Gives a directory of a disk that is being made its names, all of them durable.
    mutating func addDirectory(_ path: String, _ entries: [String: SimulatedDirectory.Entry]) {
        var directory = SimulatedDirectory()
        for (name, entry) in entries { directory.set(name, to: entry) }
        directory.sync()
        directories[path] = directory
    }

    /// What files with a name take up together.
    var usedBytes: Int {
        var used = 0
        for directory in directories.values {
            for history in directory.names.values {
                if case .file(let number) = history.visible {
                    used += nodes[number].allocatedBytes
                }
            }
        }
        return used
    }

    private var freeBytes: Int { capacityBytes.map { max(0, $0 - usedBytes) } ?? .max }

    private var wholeFreePages: Int {
        freeBytes / SimulatedContent.pageBytes * SimulatedContent.pageBytes
    }

    static func split(_ path: String) -> (parent: String, name: String) {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return ("/", path) }
        let name = String(path[bytes.index(after: slash)...])
        return (slash == bytes.startIndex ? "/" : String(path[..<slash]), name)
    }

    static func join(_ parent: String, _ name: String) -> String {
        parent == "/" ? "/" + name : parent + "/" + name
    }
}
