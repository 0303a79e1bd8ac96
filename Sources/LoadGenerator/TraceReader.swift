/// The jobs of a trace one after another, read as they are asked for.
package struct TraceReader {
    private let source: ByteSource
    private var parser = SWFParser()
    private var jobs: [SWFJob] = []
    private var position = 0
    private var isAtEnd = false

    package init(_ source: ByteSource) {
        self.source = source
    }

    /// Seconds since 1970 of submit time 0, once the header was read.
    package var unixStartSeconds: Int64? { parser.unixStartSeconds }

    /// How many jobs the header promises, once it was read.
    package var jobsPromised: Int? { parser.jobsPromised }

    /// The next job; nil at the end.
    package mutating func next() async throws(LoadError) -> SWFJob? {
        while position == jobs.count {
            if isAtEnd { return nil }
            position = 0
            if let bytes = try await source.next() {
                jobs = try parser.feed(bytes)
            } else {
                isAtEnd = true
                jobs = try parser.finish()
            }
        }
        defer { position += 1 }
        return jobs[position]
    }
}
