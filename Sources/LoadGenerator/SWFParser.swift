/// Reads the Standard Workload Format: 18 fields a line, parted by blanks; `;` starts a comment.
///
/// Bytes may come in pieces of any size. The fields that are used must be whole numbers, the others
/// numbers of any kind; -1 means unknown, which the job number and the submit time may not be.
package struct SWFParser {
    /// Seconds since 1970 of submit time 0, from the header's `UnixStartTime`; nil until it was read.
    package private(set) var unixStartSeconds: Int64?
    /// How many jobs the header's `MaxJobs` promises; nil until it was read.
    package private(set) var jobsPromised: Int?

    private var lineNumber = 0
    private var rest: [UInt8] = []
    private var lastSubmitSeconds: Int64?

    package init() {}

    /// The jobs on the lines that end in `bytes`; what follows the last line end waits for more.
    package mutating func feed(_ bytes: [UInt8]) throws(LoadError) -> [SWFJob] {
        var jobs: [SWFJob] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if rest.isEmpty {
                try read(line: bytes[start..<end], into: &jobs)
            } else {
                rest += bytes[start..<end]
                let line = rest
                rest = []
                try read(line: line[...], into: &jobs)
            }
            start = end + 1
        }
        rest += bytes[start...]
        guard rest.count <= Self.lineBytesMax else {
            throw .badLine(
                line: lineNumber + 1, field: "the line",
                problem: "is longer than \(Self.lineBytesMax) bytes: this is no trace")
        }
        return jobs
    }

    /// The job on a last line that has no line end.
    package mutating func finish() throws(LoadError) -> [SWFJob] {
        var jobs: [SWFJob] = []
        if !rest.isEmpty { try read(line: rest[...], into: &jobs) }
        rest = []
        return jobs
    }

    private mutating func read(
        line: ArraySlice<UInt8>, into jobs: inout [SWFJob]
    ) throws(LoadError) {
        lineNumber += 1
        let words = line.split(whereSeparator: Self.isBlank)
        guard let first = words.first?.first else { return }
        if first == UInt8(ascii: ";") {
            readHeader(line)
        } else {
            jobs.append(try job(of: words))
        }
    }

    /// `; Name: value`; comments of any other form say nothing to us.
    private mutating func readHeader(_ line: ArraySlice<UInt8>) {
        let words = line.split { Self.isBlank($0) || $0 == UInt8(ascii: ";") }
        guard words.count == 2 else { return }
        let value = String(decoding: words[1], as: UTF8.self)
        switch String(decoding: words[0], as: UTF8.self) {
        case "UnixStartTime:": unixStartSeconds = Int64(value)
        case "MaxJobs:": jobsPromised = Int(value)
        default: break
        }
    }

    private mutating func job(of words: [ArraySlice<UInt8>]) throws(LoadError) -> SWFJob {
        guard words.count == Self.fieldCount else {
            throw .badLine(
                line: lineNumber, field: "the line",
                problem: "has \(words.count) fields instead of \(Self.fieldCount)")
        }
        for (index, word) in words.enumerated() where !Self.used.contains(index + 1) {
            guard Double(String(decoding: word, as: UTF8.self)) != nil else {
                throw bad(index + 1, word, "is no number")
            }
        }
        let job = SWFJob(
            number: try known(1, words), submitSeconds: try known(2, words),
            runSeconds: try number(4, words), requestedSeconds: try number(9, words),
            user: try number(12, words), group: try number(13, words),
            site: try number(16, words))
        if let last = lastSubmitSeconds, job.submitSeconds < last {
            throw bad(2, words[1], "is before the line above (\(last)): sort the trace by field 2")
        }
        lastSubmitSeconds = job.submitSeconds
        return job
    }

    private func known(_ field: Int, _ words: [ArraySlice<UInt8>]) throws(LoadError) -> Int64 {
        guard let value = try number(field, words) else {
            throw bad(field, words[field - 1], "must be known: a job cannot do without it")
        }
        return value
    }

    private func number(_ field: Int, _ words: [ArraySlice<UInt8>]) throws(LoadError) -> Int64? {
        let word = words[field - 1]
        guard let value = Int64(String(decoding: word, as: UTF8.self)) else {
            throw bad(field, word, "is no whole number")
        }
        guard (-1...Self.valueMax).contains(value) else {
            throw bad(field, word, "is out of range: give -1 to \(Self.valueMax)")
        }
        return value == -1 ? nil : value
    }

    private func bad(_ field: Int, _ word: ArraySlice<UInt8>, _ problem: String) -> LoadError {
        let name = Self.names[field].map { " (\($0))" } ?? ""
        let shown = String(decoding: word.prefix(40), as: UTF8.self)
        return .badLine(
            line: lineNumber, field: "field \(field)\(name)", problem: "'\(shown)' \(problem)")
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static let fieldCount = 18
    private static let lineBytesMax = 65_536
    /// A hundred thousand years of seconds: sums of microseconds stay far inside 64 bits.
    private static let valueMax: Int64 = 3_000_000_000_000
    private static let names: [Int: String] = [
        1: "job number", 2: "submit time", 4: "run time", 9: "requested time", 12: "user",
        13: "group", 16: "partition",
    ]
    private static let used = Set(names.keys)
}
