import ByteCoding
import EventLog
import Foundation
import Storage
import TestKit
import Testing

/// A log that an earlier version wrote, in `data/golden`.
///
/// Never made anew: logs out there are like them.
struct GoldenLog {
    /// Of its files, in order.
    let names: [String]
    private let files: [[UInt8]]

    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Reads the files of `data/golden/NAME/log`.
    init(_ name: String) throws {
        let log = Self.root.appending(path: "data/golden/\(name)/log")
        names = try FileManager.default.contentsOfDirectory(atPath: log.path).sorted()
        files = try names.map { Array(try Data(contentsOf: log.appending(path: $0))) }
    }

    /// Bytes of the file of this name.
    subscript(name: String) -> [UInt8]? { names.firstIndex(of: name).map { files[$0] } }

    /// The log on a disk that a test may write on.
    func disk() throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        try disk.createDirectory("/data")
        try disk.createDirectory("/data/log")
        for (name, bytes) in zip(names, files) {
            let file = try disk.open("/data/log/\(name)", .create)
            try file.write(bytes.rawBytes, at: 0)
            try file.sync()
        }
        for directory in ["/data/log", "/data", "/"] { try disk.syncDirectory(directory) }
        return disk
    }

    /// The bytes that docs/log-format.md shows of logs: one array for each example, in its order.
    static func documented() throws -> [[UInt8]] {
        let page = try String(
            contentsOf: root.appending(path: "docs/log-format.md"), encoding: .utf8)
        return page.matches(of: /```hex\n((?:.|\n)*?)```/).map { example in
            example.1.split(separator: "\n").flatMap { line in
                line.prefix { $0 != ";" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
            }
        }
    }
}
