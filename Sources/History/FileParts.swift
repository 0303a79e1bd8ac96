import ByteCoding
import Storage
import Units

/// What is read of a file when it is opened: everything but rows, keys and users.
struct FileParts {
    let header: HistoryHeader
    let seed: UInt32
    let footer: HistoryFooter
    let directory: FileDirectory
    let filter: KeyFilter

    init(_ file: any StorageFile) throws(Flaw) {
        let (header, footer) = try Self.ends(of: file)
        let seed = header.seed
        let filterBytes = Int(footer.directoryOffset - footer.filterOffset)
        let filter = try Self.bytes(file, at: footer.filterOffset, count: filterBytes)
        let directoryBytes =
            Int(footer.fileBytes - footer.directoryOffset) - HistoryFooter.byteCount
        let directory = try Self.bytes(file, at: footer.directoryOffset, count: directoryBytes)
        self.header = header
        self.seed = seed
        self.footer = footer
        self.filter = try KeyFilter(Self.body(filter.rawBytes, .filter, 0, seed).body.array)
        self.directory = try FileDirectory(
            decoding: Self.body(directory.rawBytes, .directory, 0, seed).body)
        try Self.check(self.directory, header, footer)
    }

    /// What stands at both ends of a file.
    static func ends(
        of file: any StorageFile
    ) throws(Flaw) -> (header: HistoryHeader, footer: HistoryFooter) {
        let head = try Self.bytes(file, at: 0, count: HistoryHeader.byteCount)
        let header = try HistoryHeader(decoding: head.rawBytes)
        let footer = try Self.footer(file, seed: header.seed)
        guard footer.ends.total == UInt64(header.rows) else { throw Flaw("count of rows") }
        return (header, footer)
    }

    private static func footer(
        _ file: any StorageFile, seed: UInt32
    ) throws(Flaw) -> HistoryFooter {
        let size: UInt64
        do throws(StorageError) { size = try file.size() } catch { throw Flaw(refused: error) }
        guard size >= UInt64(HistoryHeader.byteCount + HistoryFooter.byteCount) else {
            throw Flaw("the file is cut short")
        }
        let bytes = try bytes(
            file, at: size - UInt64(HistoryFooter.byteCount), count: HistoryFooter.byteCount)
        return try HistoryFooter(decoding: bytes.rawBytes, seed: seed, fileBytes: size)
    }

    static func bytes(
        _ file: any StorageFile, at offset: UInt64, count: Int
    ) throws(Flaw) -> [UInt8] {
        var buffer: [UInt8] = []
        let got: Int
        do throws(StorageError) {
            got = try file.read(count, at: offset, into: &buffer)
        } catch {
            throw Flaw(refused: error)
        }
        guard got == count else { throw Flaw("the file is cut short", at: offset) }
        return buffer
    }

    /// What is inside a frame that must be of this kind and number.
    @_lifetime(copy frame)
    static func body(
        _ frame: RawSpan, _ kind: Frame.Kind, _ number: Int, _ seed: UInt32
    ) throws(Flaw) -> FrameBody {
        let head = try Frame(head: frame)
        guard frame.byteCount == Frame.headBytes + head.bodyBytes else {
            throw Flaw("length of a frame")
        }
        try Frame.check(frame, seed: seed)
        guard head.kind == kind, head.number == number else { throw Flaw("place of a frame") }
        return FrameBody(body: frame.extracting(Frame.headBytes...), count: head.count)
    }

    private static func check(
        _ directory: FileDirectory, _ header: HistoryHeader, _ footer: HistoryFooter
    ) throws(Flaw) {
        guard
            directory.blockOffsets.count == (header.rows + RowBlock.rowsMax - 1) / RowBlock.rowsMax,
            directory.keyOffsets.count == KeyIndex.pages(rows: header.rows)
        else { throw Flaw("counts of the directory") }
        let offsets = directory.offsets + [footer.typesOffset]
        guard offsets[0] == UInt64(HistoryHeader.byteCount),
            zip(offsets, offsets.dropFirst()).allSatisfy({ $0 < $1 && $1 - $0 >= 16 })
        else { throw Flaw("offsets of the directory") }
    }
}
