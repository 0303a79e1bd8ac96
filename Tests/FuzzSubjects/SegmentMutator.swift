import ByteCoding

/// Mutates segments by their parts and repairs them to a random depth.
struct SegmentMutator {
    /// Mutates bytes in place to at most as many as the number says; libFuzzer's own way.
    typealias ByteMutator = (_ bytes: inout [UInt8], _ countMax: Int) -> Void

    private let mutateBytes: ByteMutator
    private var random: SeededRandom

    init(seed: UInt64, mutateBytes: @escaping ByteMutator) {
        random = SeededRandom(seed: seed)
        self.mutateBytes = mutateBytes
    }

    /// One in eight stays without any repair.
    mutating func mutate(_ input: [UInt8], countMax: Int) -> [UInt8] {
        var bytes = input
        guard Int.random(in: 0..<8, using: &random) > 0 else {
            mutateBytes(&bytes, countMax)
            return bytes
        }
        var segments = SegmentParts(bytes)
        for _ in 0..<Int.random(in: 1...3, using: &random) { change(&segments) }
        let depth = SegmentRepair.Depth.allCases.randomElement(using: &random) ?? .all
        var repair = SegmentRepair(depth: depth)
        repair.run(&segments)
        return Array(segments.bytes.prefix(countMax))
    }

    private mutating func change(_ segments: inout SegmentParts) {
        guard let index = segments.parts.indices.randomElement(using: &random) else {
            segments.parts.append(.init(kind: .rest, bytes: mutated([], countMax: 64)))
            return
        }
        switch Int.random(in: 0..<16, using: &random) {
        case 0: segments.parts.remove(at: index)
        case 1: segments.parts.insert(segments.parts[index], at: index)
        case 2:
            let other = Int.random(in: 0..<segments.parts.count, using: &random)
            segments.parts.swapAt(index, other)
        case 3: segments.parts[index].bytes.removeLast(tail(of: segments.parts[index].bytes))
        case 4: segments.parts.removeSubrange((index + 1)...)
        default: changeInside(&segments.parts[index])
        }
        // A part cut short is of no known kind any more.
        segments = SegmentParts(segments.bytes)
    }

    private mutating func tail(of bytes: [UInt8]) -> Int {
        Int.random(in: 0...bytes.count, using: &random)
    }

    private mutating func changeInside(_ part: inout SegmentParts.Part) {
        switch part.kind {
        case .header:
            // Its fields, or its copy in the opening of the raw stream; between them are zeros.
            let fields = Bool.random(using: &random) ? 0..<152 : 4001..<4096
            change(&part.bytes, in: fields, mayGrow: false)
        case .footer:
            change(&part.bytes, in: 0..<part.bytes.count, mayGrow: false)
        case .rest:
            change(&part.bytes, in: 0..<part.bytes.count, mayGrow: true)
        case .block:
            changeBlock(&part.bytes)
        }
    }

    private mutating func changeBlock(_ bytes: inout [UInt8]) {
        let header = SegmentParts.blockHeaderBytes
        let choice = Int.random(in: 0..<4, using: &random)
        guard choice > 0, bytes.count > header + 15 else {
            return change(&bytes, in: 0..<header, mayGrow: false)
        }
        if choice == 1 {
            let block = header + SegmentParts.frameBlockOffset..<bytes.count - 4
            return change(&bytes, in: block, mayGrow: true)
        }
        // Behind the compression: records and their lengths.
        let said: UInt32 = bytes.rawBytes.fixed(at: 20)
        guard let raw = RawCoding.raw(ofFrame: bytes[header...], rawBytes: Int(said)) else {
            return
        }
        let changed = mutated(raw, countMax: raw.count + 64)
        let isPlain = Bool.random(using: &random)
        bytes.replaceSubrange(header..., with: RawCoding.frame(of: changed, isPlain: isPlain))
        bytes.patch(UInt32(changed.count), at: 20)
    }

    private mutating func change(_ bytes: inout [UInt8], in range: Range<Int>, mayGrow: Bool) {
        var slice = mutated(Array(bytes[range]), countMax: range.count + (mayGrow ? 64 : 0))
        if !mayGrow { slice += bytes[range].dropFirst(slice.count) }
        bytes.replaceSubrange(range, with: slice)
    }

    private mutating func mutated(_ bytes: [UInt8], countMax: Int) -> [UInt8] {
        var bytes = bytes
        mutateBytes(&bytes, max(countMax, 1))
        return bytes
    }
}

extension FuzzSubject {
    /// The input, changed; `mutateBytes` knows nothing of formats and mutates within a count.
    package func mutated(
        _ input: [UInt8], countMax: Int, seed: UInt64,
        mutateBytes: @escaping (inout [UInt8], Int) -> Void
    ) -> [UInt8] {
        var mutator = SegmentMutator(seed: seed, mutateBytes: mutateBytes)
        switch self {
        case .segment:
            return mutator.mutate(input, countMax: countMax)
        case .block:
            let header = BlockSubject.header(input.first ?? 0)
            let whole = mutator.mutate(
                header + input.dropFirst(), countMax: countMax + header.count)
            return [input.first ?? 0] + whole.dropFirst(header.count).prefix(countMax - 1)
        case .event, .json, .snapshot, .history:
            var bytes = input
            mutateBytes(&bytes, countMax)
            return bytes
        }
    }
}
