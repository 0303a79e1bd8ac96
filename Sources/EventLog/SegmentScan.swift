import ByteCoding
import Storage
import Units

/// One segment, walked from its header to its end: what recovery and all tools share.
struct SegmentScan {
    let path: String
    let header: SegmentHeader
    /// Where the walk ended.
    private(set) var walk: SegmentWalk
    private(set) var ending = Ending.open
    /// What a crash left behind the footer of the last segment; nil where there are only zeros.
    private(set) var leftover: Defect?
    /// Bytes of the file.
    private(set) var fileBytes = 0
    /// Only the last segment, and not one that was made whole before it got its name.
    private let mayBeOpen: Bool

    enum Ending: Equatable {
        /// No footer; zeros or nothing after the last group.
        case open
        case sealed(SegmentFooter)
        /// A group that a crash left incomplete, or that is being written at this moment.
        case torn(Defect)
        /// The visitor wanted no more.
        case stopped
    }

    /// Walks the segment; `visit` gets every part in order and may stop by returning false.
    ///
    /// - Parameters:
    ///   - source: The file; the newest group is in memory afterwards, and where something is wrong with
    ///     its end, all that follows.
    ///   - join: What the segment must follow; moved on past this segment.
    ///   - start: Where the walk begins; nil: at the header.
    ///   - isLast: Only the last segment may end without a footer.
    ///   - visit: Gets each part and its bytes.
    /// - Throws: `LogError.corrupt`, `.io` or `.newerFormat`, and what `visit` throws.
    init(
        _ source: inout SegmentSource, join: inout SegmentJoin, from start: SegmentWalk? = nil,
        isLast: Bool,
        visit: (SegmentHeader, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool
    ) throws(LogError) {
        path = source.file.path
        walk =
            if let start {
                start
            } else {
                SegmentWalk(try source.header(expecting: join.end.lastLSN.next))
            }
        header = walk.header
        mayBeOpen = isLast && !header.isPacked
        try join.check(header, path: path)
        try run(&source, visit)
        fileBytes = source.byteCount
        if case .sealed(let footer) = ending {
            join.end = SegmentEnd(
                byteCount: header.isPacked ? header.unpackedBytes : UInt64(walk.offset),
                lastLSN: footer.lastLSN,
                lastGroup: footer.lastGroup, hash: footer.hash)
            join.number = header.number
            join.log = header.log
        } else if !mayBeOpen && ending != .stopped {
            throw missingFooter().corruption(in: path, from: walk.nextLSN)
        }
    }

    private mutating func run(
        _ source: inout SegmentSource,
        _ visit: (SegmentHeader, SegmentWalk.Step, RawSpan) throws(LogError) -> Bool
    ) throws(LogError) {
        while true {
            let start = walk.offset
            guard let step = try nextStep(&source) else { return }
            switch step {
            case .end: return
            case .footer(let footer, _): ending = .sealed(footer)
            case .block, .mark:
                guard case .open = ending else { throw afterFooter(step) }
            }
            guard try visit(header, step, source.window.bytes(start..<walk.offset)) else {
                ending = .stopped
                return
            }
        }
    }

    /// Nil at a torn tail; throws at corruption.
    private mutating func nextStep(
        _ source: inout SegmentSource
    ) throws(LogError) -> SegmentWalk.Step? {
        if let step = try source.next(&walk) { return step }
        try source.loadRest(from: walk.groupOffset)
        do throws(Defect) {
            guard case .part(let step) = try walk.next(in: source.window) else {
                preconditionFailure("\(path) goes on behind its end")
            }
            return step
        } catch {
            let reach = walk.lastLSNInDoubt(after: error, in: source.window)
            guard case .corrupt(let last) = reach else {
                if case .sealed = ending {
                    // Sealed means that the footer was written with a rest behind it and that the
                    // file was to be cut next: a crash leaves any part of that rest.
                    guard mayBeOpen || isHalfCut(source.window) else {
                        throw error.corruption(in: path, from: walk.nextLSN)
                    }
                    if mayBeOpen { leftover = error }
                    return nil
                }
                ending = .torn(error)
                return nil
            }
            throw error.corruption(in: path, from: walk.nextLSN, to: last)
        }
    }

    /// True where each byte behind the footer is zero or as the rest had it.
    ///
    /// The file is cut there once the next segment stands; a crash may leave zeros in some sectors
    /// and the old length.
    private func isHalfCut(_ window: SegmentWindow) -> Bool {
        let found = window.bytes(walk.offset..<window.fileBytes)
        let restBytes = found.byteCount
        guard !header.isPacked, restBytes >= RestFrame.headerBytes else { return false }
        var rest = ByteWriter(capacity: RestFrame.headerBytes)
        RestFrame.write(over: restBytes, to: &rest)
        let isRest = (0..<RestFrame.headerBytes).allSatisfy { index in
            let byte: UInt8 = found.fixed(at: index)
            return byte == 0 || byte == rest.bytes.fixed(at: index)
        }
        return isRest && firstNonZero(found, from: RestFrame.headerBytes) == nil
    }

    private func missingFooter() -> Defect {
        if case .torn(let defect) = ending { return defect }
        return Defect(
            at: walk.offset, "end of a segment that must be sealed", expected: "a footer",
            found: "none", isTearable: false)
    }

    private func afterFooter(_ step: SegmentWalk.Step) -> LogError {
        Defect(
            at: walk.offset, "bytes after the footer", expected: "none", found: "a block",
            isTearable: false
        ).corruption(in: path, from: walk.nextLSN)
    }
}

/// What the next segment must follow.
struct SegmentJoin {
    var end = SegmentEnd()
    var number: UInt64 = 0
    /// Nil before the first segment.
    var log: LogIdentity?

    func check(_ header: SegmentHeader, path: String) throws(LogError) {
        let first = end.lastLSN.next
        // The texts take longer than the walk through a small segment.
        let isJoined =
            header.previous == end && header.number == number + 1 && header.firstLSN == first
            && header.log == log ?? header.log
        if isJoined { return }
        let fields: [(what: String, expected: String, found: String)] = [
            ("segment number", "\(number + 1)", "\(header.number)"),
            ("first LSN", "\(first)", "\(header.firstLSN)"),
            ("length of the segment before", "\(end.byteCount)", "\(header.previous.byteCount)"),
            ("last LSN of the segment before", "\(end.lastLSN)", "\(header.previous.lastLSN)"),
            (
                "last group of the segment before", "\(end.lastGroup)",
                "\(header.previous.lastGroup)"
            ),
            ("hash of the segment before", "\(end.hash)", "\(header.previous.hash)"),
            ("identity of the log", "\(log ?? header.log)", "\(header.log)"),
        ]
        if let wrong = fields.first(where: { $0.expected != $0.found }) {
            throw Defect(
                at: 0, wrong.what, expected: wrong.expected, found: wrong.found, isTearable: false
            ).corruption(
                in: path, from: first,
                to: header.firstLSN > first ? LSN(rawValue: header.firstLSN.rawValue - 1) : nil)
        }
    }
}
