/// Draws one of the disks that a power cut may leave.
struct CrashDrawing {
    private let disk: SimulatedDisk
    private var generator: SeededGenerator
    private(set) var damage: Set<CrashDamage> = []
    private var image = SimulatedDisk()
    /// Numbers of the files in the image, by their numbers on the disk.
    private var numbers: [Int: Int] = [:]

    /// What happens to all files and names alike, or to each by itself.
    enum Plan: CaseIterable {
        case lost, kept, prefix, torn, grown, mixed
    }

    init(_ disk: SimulatedDisk, seed: UInt64) {
        self.disk = disk
        generator = SeededGenerator(seed: seed)
    }

    mutating func draw() -> SimulatedDisk {
        // Half of the images have a different fate for each file.
        draw(generator.strikes(onceIn: 2) ? .mixed : generator.pick(Plan.allCases))
    }

    mutating func draw(_ plan: Plan) -> SimulatedDisk {
        // In order, and parents before children, so that the seed alone decides.
        for path in disk.directories.keys.sorted() {
            guard let directory = disk.directories[path], isThere(path) else { continue }
            let versions = drawVersions(of: directory, plan)
            note(directory, versions)
            var entries: [String: SimulatedDirectory.Entry] = [:]
            for name in versions.keys.sorted() {
                guard let history = directory.names[name], let version = versions[name],
                    let entry = history.versions[version]
                else { continue }
                entries[name] = draw(entry, plan)
            }
            image.addDirectory(path, entries)
        }
        if damage.contains(.lostWrites) && damage.contains(.keptWrites) {
            damage.insert(.reorderedFiles)
        }
        return image
    }

    private func isThere(_ path: String) -> Bool {
        if path == "/" { return true }
        let (parent, name) = SimulatedDisk.split(path)
        return image.directories[parent]?[name] == .directory
    }

    /// The file's place in the image; one with two names gets one.
    private mutating func draw(
        _ entry: SimulatedDirectory.Entry, _ plan: Plan
    ) -> SimulatedDirectory.Entry {
        guard case .file(let number) = entry else { return entry }
        if let known = numbers[number] { return .file(known) }
        let content = draw(disk.nodes[number], plan)
        let new = image.add(SimulatedNode(durable: content))
        numbers[number] = new
        return .file(new)
    }
}

extension CrashDrawing {
    /// For each name which of its versions is found.
    private mutating func drawVersions(
        of directory: SimulatedDirectory, _ plan: Plan
    ) -> [String: Int] {
        var versions: [String: Int] = [:]
        for name in directory.names.keys.sorted() {
            guard let history = directory.names[name] else { continue }
            let newest = history.versions.count - 1
            versions[name] =
                switch plan {
                case .lost: 0
                case .kept: newest
                case .prefix, .torn, .grown, .mixed: generator.number(below: newest + 1)
                }
        }
        keepRenamed(directory, &versions)
        return versions
    }

    /// A file that had a durable name keeps one through a rename: file systems see to that.
    private func keepRenamed(_ directory: SimulatedDirectory, _ versions: inout [String: Int]) {
        for rename in directory.renames {
            guard let old = directory.names[rename.old], let new = directory.names[rename.new],
                let durable = old.durable
            else { continue }
            let isAtOld = versions[rename.old].flatMap { old.versions[$0] } == durable
            let isAtNew = versions[rename.new].flatMap { new.versions[$0] } == durable
            if !isAtOld && !isAtNew { versions[rename.old] = 0 }
        }
    }

    private mutating func note(_ directory: SimulatedDirectory, _ versions: [String: Int]) {
        func found(_ name: String) -> SimulatedDirectory.Entry? {
            guard let version = versions[name] else { return nil }
            return directory.names[name]?.versions[version]
        }
        for (name, history) in directory.names where !history.isSettled {
            switch (history.durable, history.visible, found(name)) {
            case (nil, .directory, nil): damage.insert(.lostDirectory)
            case (nil, .file, nil): damage.insert(.lostName)
            case (nil, .file, .file): damage.insert(.keptName)
            case (.file, nil, .file): damage.insert(.revivedName)
            default: break
            }
        }
        for rename in directory.renames {
            guard let moved = directory[rename.new] else { continue }
            switch (found(rename.old) == moved, found(rename.new) == moved) {
            case (true, false):
                damage.insert(.renameOldName)
                if found(rename.new) != nil { damage.insert(.replacedFileKept) }
            case (true, true): damage.insert(.renameBothNames)
            case (false, true): damage.insert(.renameNewName)
            case (false, false): break
            }
        }
    }
}

extension CrashDrawing {
    private mutating func draw(_ node: SimulatedNode, _ plan: Plan) -> SimulatedContent {
        guard !node.isSettled else { return node.durable }
        var fate = plan
        while case .mixed = fate { fate = generator.pick(Plan.allCases) }
        var content: SimulatedContent
        switch fate {
        case .lost, .mixed: content = node.durable
        case .kept: content = node.visible
        case .prefix: content = drawPrefix(node)
        case .torn: content = drawTorn(node)
        case .grown: content = drawGrown(node)
        }
        drawDoomed(node, &content, plan)
        note(node, fate, content)
        return content
    }

    /// The changes up to one of them, of which a write may have got only some way.
    private mutating func drawPrefix(_ node: SimulatedNode) -> SimulatedContent {
        guard !node.pending.isEmpty else { return node.durable }
        let count = generator.number(below: node.pending.count)
        let before = count == 0 ? node.durable : node.pending[count - 1].content
        let change = node.pending[count]
        guard !change.isResize else { return before }
        let part = change.sectors.prefix(generator.number(below: change.sectors.count + 1))
        var content = before
        let end = min(change.content.byteCount, part.endIndex * SimulatedContent.sectorBytes)
        if !part.isEmpty && content.byteCount < end { content.resize(to: end) }
        for sector in part { content.setSector(sector, to: change.content.sector(sector)) }
        return content
    }

    /// Each sector as one of the changes left it, whatever became of the others.
    private mutating func drawTorn(_ node: SimulatedNode) -> SimulatedContent {
        let sizes = [node.durable.byteCount] + node.pending.map(\.content.byteCount)
        var content = node.durable
        content.resize(to: sizes.max() ?? 0)
        for change in node.pending {
            for sector in change.sectors where generator.strikes(onceIn: 2) {
                content.setSector(sector, to: change.content.sector(sector))
            }
        }
        content.resize(to: generator.pick(sizes))
        return content
    }

    /// The new length with the old bytes.
    private mutating func drawGrown(_ node: SimulatedNode) -> SimulatedContent {
        let size = ([node.visible] + node.pending.map(\.content)).map(\.byteCount).max() ?? 0
        var content = node.durable
        guard size > content.byteCount else { return content }
        let sectors = SimulatedContent.sectors(from: content.byteCount, to: size)
        let isGarbage = generator.strikes(onceIn: 2)
        damage.insert(isGarbage ? .grownWithGarbage : .grownWithZeros)
        let durableBytes = content.byteCount
        content.resize(to: size)
        // A file's last sector is filled up with zeros when it is written.
        for sector in sectors
        where isGarbage && sector * SimulatedContent.sectorBytes >= durableBytes {
            content.setSector(sector, to: garbage())
        }
        return content
    }

    /// What a sector held before: anything, or a sector of another file.
    private mutating func garbage() -> ArraySlice<UInt8> {
        if generator.strikes(onceIn: 2) {
            let other = generator.pick(disk.nodes).durable
            let sectors = other.byteCount / SimulatedContent.sectorBytes
            if sectors > 0 { return other.sector(generator.number(below: sectors)) }
        }
        return (0..<SimulatedContent.sectorBytes).map { _ in
            UInt8(truncatingIfNeeded: generator.next())
        }[...]
    }

    /// Sectors whose sync has failed may have reached the disk, and may not.
    private mutating func drawDoomed(
        _ node: SimulatedNode, _ content: inout SimulatedContent, _ plan: Plan
    ) {
        guard !node.doomed.isEmpty else { return }
        let isLost = plan == .lost || generator.strikes(onceIn: 2)
        damage.insert(isLost ? .lostAfterFailedSync : .keptAfterFailedSync)
        for sector in node.doomed.sorted() {
            let isKept = !isLost && !generator.strikes(onceIn: 4)
            content.setSector(sector, to: (isKept ? node.visible : node.durable).sector(sector))
        }
    }

    private mutating func note(
        _ node: SimulatedNode, _ fate: Plan, _ content: SimulatedContent
    ) {
        guard !node.pending.isEmpty else { return }
        switch fate {
        case .lost, .mixed: damage.insert(.lostWrites)
        case .kept: damage.insert(.keptWrites)
        case .prefix: damage.insert(.keptPrefix)
        case .torn: damage.insert(.tornSectors)
        case .grown: break
        }
        let isCut = node.visible.byteCount < node.durable.byteCount
        if isCut && content.byteCount > node.visible.byteCount { damage.insert(.lostTruncation) }
    }
}
