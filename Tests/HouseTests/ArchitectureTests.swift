import Foundation
import Testing

/// The checkout that this test was built from.
let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Which rooms a room may import, by docs/ARCHITECTURE.md.
private func documentedImports() throws -> [String: Set<String>] {
    let page = try String(contentsOf: root.appending(path: "docs/ARCHITECTURE.md"), encoding: .utf8)
    var rooms: [String: Set<String>] = [:]
    for line in page.split(separator: "\n") where line.hasPrefix("| ") {
        let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count == 5, cells[1] != "room", !cells[1].hasPrefix("-") else { continue }
        rooms[cells[1]] = Set(cells[3].split(separator: " ").map(String.init))
    }
    return rooms
}

/// The modules that the Swift files of a room import.
private func modulesImported(by room: URL) throws -> Set<String> {
    let pattern = /^(?:(?:public|package|internal|private|fileprivate) )?import (\w+)/
    var modules: Set<String> = []
    let files = try FileManager.default.subpathsOfDirectory(atPath: room.path)
    for file in files where file.hasSuffix(".swift") {
        let text = try String(contentsOf: room.appending(path: file), encoding: .utf8)
        for line in text.split(separator: "\n") {
            if let match = line.prefixMatch(of: pattern) { modules.insert(String(match.1)) }
        }
    }
    return modules
}

private func folders(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
}

@Suite struct `The architecture` {
    @Test func `is drawn with exactly the rooms that there are`() throws {
        #expect(try documentedImports().keys.sorted() == folders(in: "Sources"))
    }

    @Test func `has the arrows that are drawn and no others`() throws {
        let documented = try documentedImports()
        for room in try folders(in: "Sources") {
            let imported = try modulesImported(by: root.appending(path: "Sources/\(room)"))
            #expect(imported.intersection(documented.keys) == documented[room], "room \(room)")
        }
    }

    @Test func `has no cycles`() throws {
        var open = try documentedImports()
        while !open.isEmpty {
            let free = open.filter { room in room.value.allSatisfy { open[$0] == nil } }.keys
            try #require(!free.isEmpty, "in a cycle: \(open.keys.sorted())")
            for room in free { open[room] = nil }
        }
    }

    @Test func `keeps Foundation out of the core`() throws {
        let core = [
            "Units", "JobModel", "ByteCoding", "Storage", "EventLog", "JobCoding", "JobState",
            "Engine", "Wire",
        ]
        for room in core {
            let imported = try modulesImported(by: root.appending(path: "Sources/\(room)"))
            #expect(imported.isDisjoint(with: ["Foundation", "FoundationEssentials"]), "\(room)")
        }
    }

    @Test func `lets Foundation into one file of Cron`() throws {
        let folder = root.appending(path: "Sources/Cron")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            file in
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            return text.contains("import Foundation")
        }
        #expect(files == ["ZoneOffsets+Foundation.swift"])
    }

    @Test func `lets only Storage touch files`() throws {
        // A call of the C function: no name or point before it, unlike `storage.rename(`.
        let call = /(?:^|[^.\w])(?:open|pwrite|pwritev|fdatasync|fsync|rename|unlink|ftruncate)\(/
        for room in ["EventLog", "Engine", "JobState", "JobCoding", "ByteCoding"] {
            let folder = root.appending(path: "Sources/\(room)")
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            where file.hasSuffix(".swift") {
                let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                for line in text.split(separator: "\n") where !line.contains("func ") {
                    #expect(line.firstMatch(of: call) == nil, "\(room)/\(file): \(line)")
                }
            }
        }
    }
}
