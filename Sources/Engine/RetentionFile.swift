import ByteCoding
import EventLog
import Storage
import Units

/// Where the rules of retention are kept: lines of text in the data directory, the last one a checksum.
struct RetentionFile {
    /// The data directory.
    let directory: String
    let storage: any Storage

    private static let opening = "daybook retention 1"
    private static let writingSuffix = ".writing"
    private var path: String { directory + "/retention" }

    /// What is set; nil where nothing was ever set.
    ///
    /// - Throws: `LogError.io`, `.newerFormat` where the file is not what was written.
    func read() throws(LogError) -> RetentionRules? {
        let bytes: [UInt8]?
        do throws(StorageError) {
            bytes = try storage.contents(of: path)
        } catch {
            throw .io(error)
        }
        guard let bytes else { return nil }
        guard let rules = Self.decode(String(decoding: bytes, as: UTF8.self)) else {
            throw .newerFormat(
                file: path, found: "other lines, or a damaged file",
                supported: "'\(Self.opening)'; remove the file to keep everything")
        }
        return rules
    }

    /// Sets the rules durably, in one step.
    func write(_ rules: RetentionRules) throws(StorageError) {
        try storage.replace(
            path, with: Array(Self.encode(rules).utf8).rawBytes,
            writing: path + Self.writingSuffix)
        try storage.syncDirectory(directory)
    }

    private static func encode(_ rules: RetentionRules) -> String {
        let age = rules.age.map { "\($0.microseconds)" } ?? "any"
        let bytes = rules.bytesMax.map { "\($0)" } ?? "any"
        let text = "\(opening)\nage \(age)\nbytes \(bytes)\n"
        return "\(text)checksum \(String(crc32c(Array(text.utf8).rawBytes), radix: 16))\n"
    }

    private static func decode(_ text: String) -> RetentionRules? {
        let lines = text.split(separator: "\n")
        guard lines.count == 4, lines[1].hasPrefix("age "), lines[2].hasPrefix("bytes ") else {
            return nil
        }
        let rules = RetentionRules(
            age: Int64(lines[1].dropFirst(4)).map(TimeSpan.init(microseconds:)),
            bytesMax: UInt64(lines[2].dropFirst(6)))
        return encode(rules) == text ? rules : nil
    }
}
