import ByteCoding

/// Some of a segment's bytes in memory, found by where they stand in the file.
struct SegmentWindow: ~Escapable {
    let bytes: RawSpan
    /// Where they begin in the file.
    let start: Int
    /// Bytes of the whole file.
    let fileBytes: Int

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, from start: Int, of fileBytes: Int) {
        self.bytes = bytes
        self.start = start
        self.fileBytes = fileBytes
    }

    var end: Int { start + bytes.byteCount }

    /// True where nothing of the file follows.
    var isLast: Bool { end == fileBytes }

    func word(at offset: Int) -> UInt32 { bytes.fixed(at: offset - start) }

    @_lifetime(copy self)
    func bytes(_ range: Range<Int>) -> RawSpan {
        bytes.extracting(range.lowerBound - start..<range.upperBound - start)
    }
}
