import SystemPackage

/// Reads a file or the standard input line by line, as many lines at a time as fit a batch.
struct LineFile {
    private let file: FileDescriptor
    private var rest: [UInt8] = []
    private var isAtEnd = false

    private static let partBytes = 1 << 18
    private static let batchBytesMax = 1 << 20
    private static let batchLinesMax = 1_000

    /// Opens `path`; `-`: the standard input.
    init(path: String) throws(CommandFailure) {
        do {
            file =
                path == "-"
                ? .standardInput
                : try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        } catch {
            let status: ExitStatus =
                error as? Errno == .noSuchFileOrDirectory ? .notFound : .inputOutput
            throw CommandFailure(status, "cannot read the jobs from \(path): \(error)")
        }
    }

    /// The next lines, at least one, with their line feeds; nil: there are no more.
    mutating func batch() throws(CommandFailure) -> [UInt8]? {
        var lineCount = 0
        var position = 0
        while true {
            while let end = rest[position...].firstIndex(of: UInt8(ascii: "\n")) {
                position = end + 1
                lineCount += 1
                if lineCount == Self.batchLinesMax { return take(position) }
            }
            if position > Self.batchBytesMax { return take(position) }
            guard !isAtEnd else { return rest.isEmpty ? nil : take(rest.count) }
            try readMore()
        }
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { rest.removeFirst(count) }
        return Array(rest.prefix(count))
    }

    private mutating func readMore() throws(CommandFailure) {
        var part = [UInt8](repeating: 0, count: Self.partBytes)
        do {
            let count = try unsafe part.withUnsafeMutableBytes { bytes in
                try unsafe file.read(into: bytes)
            }
            isAtEnd = count == 0
            rest += part[..<count]
        } catch {
            throw CommandFailure(.inputOutput, "cannot read the jobs: \(error)")
        }
    }
}
