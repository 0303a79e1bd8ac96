package import Storage
package import Units

/// Says what a log's files hold, without opening it.
package enum LogInspection {
    /// A segment, with the fields of its header.
    package struct Segment: Equatable, Sendable {
        package var file: String
        package var number: UInt64
        package var epoch: UInt64
        package var creation: WallTime
        package var firstLSN: LSN
        /// Before `firstLSN` where there are no records.
        package var lastLSN: LSN
        package var blocks: UInt64
        package var rawBytes: UInt64
        /// Bytes up to and with the last group or the footer.
        package var storedBytes: UInt64
        package var fileBytes: Int
        package var isSealed: Bool
        /// Rewritten into large blocks.
        package var isPacked: Bool
        /// Bytes up to and with the footer before it was rewritten; 0 where it was not.
        package var unpackedBytes: UInt64
        /// The hash in the footer; nil where there is no footer yet.
        package var hash: LogHash?
        /// What is wrong with the bytes after the last whole group; nil where they are zeros.
        package var tornTail: String?
    }

    /// A block or mark, its checksums found good.
    package struct Block: Equatable, Sendable {
        package var file: String
        package var offsetBytes: Int
        package var group: UInt64
        package var indexInGroup: Int
        package var blocksInGroup: Int
        package var epoch: UInt64
        package var time: WallTime
        package var firstLSN: LSN
        package var recordCount: Int
        package var rawBytes: Int
        package var storedBytes: Int
        package var kind: Kind

        package enum Kind: String, Equatable, Sendable {
            case compressed, plain, opened, closed
        }
    }

    /// Calls `onBlock` for every block as it comes and `onSegment` at the end of each segment.
    ///
    /// Ends with `LogError.corrupt` where a checksum or a join is wrong.
    package static func run(
        directory: String, storage: any Storage, onSegment: (Segment) -> Void,
        onBlock: (Block) -> Void = { _ in }
    ) throws(LogError) {
        var segments = OfflineSegments(directory: directory, storage: storage)
        try segments.walk(
            visit: { _, path, step, _ throws(LogError) in
                switch step {
                case .block(let header, let offset), .mark(let header, let offset):
                    onBlock(Block(header, file: path, offsetBytes: offset))
                case .footer, .end: break
                }
                return true
            },
            finished: { scan throws(LogError) in onSegment(Segment(scan)) })
    }
}

extension LogInspection.Block {
    init(_ header: BlockHeader, file: String, offsetBytes: Int) {
        self.init(
            file: file, offsetBytes: offsetBytes, group: header.group,
            indexInGroup: Int(header.indexInGroup), blocksInGroup: Int(header.blocksInGroup),
            epoch: header.epoch, time: header.time, firstLSN: header.firstLSN,
            recordCount: Int(header.recordCount), rawBytes: Int(header.rawBytes),
            storedBytes: Int(header.storedBytes), kind: Kind(header))
    }
}

extension LogInspection.Block.Kind {
    init(_ header: BlockHeader) {
        if header.flags & BlockHeader.openedFlag != 0 {
            self = .opened
        } else if header.flags & BlockHeader.closedFlag != 0 {
            self = .closed
        } else {
            self = header.isPlain ? .plain : .compressed
        }
    }
}

extension LogInspection.Segment {
    init(_ scan: SegmentScan) {
        self.init(
            file: scan.path, number: scan.header.number, epoch: scan.header.epoch,
            creation: scan.header.creation, firstLSN: scan.header.firstLSN,
            lastLSN: scan.walk.lastLSN, blocks: scan.walk.blockCount, rawBytes: scan.walk.rawBytes,
            storedBytes: UInt64(scan.walk.offset), fileBytes: scan.fileBytes, isSealed: false,
            isPacked: scan.header.isPacked, unpackedBytes: scan.header.unpackedBytes)
        switch scan.ending {
        case .sealed(let footer):
            isSealed = true
            hash = footer.hash
        case .torn(let defect): tornTail = defect.what
        case .open, .stopped: break
        }
    }
}
