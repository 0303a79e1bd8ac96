import FuzzSubjects
import Testing

/// A fuzzer whose inputs all end at the first checksum finds nothing and looks as if all were well.
@Suite struct `Mutated segments` {
    @Test(arguments: [FuzzSubject.segment, .block])
    func `get behind the checksums, to every kind of verdict`(subject: FuzzSubject) throws {
        var reasons: Set<String> = []
        var accepted = 0
        for (number, sample) in try subject.samples().enumerated() {
            for round in 0..<40 {
                let seed = UInt64(number * 1_000 + round)
                let input = subject.mutated(
                    sample, countMax: 16_384, seed: seed, mutateBytes: Self.flip(seed))
                switch try subject.run(input) {
                case .refused(let text): reasons.insert(Self.reason(text))
                case .torn, .accepted: accepted += 1
                }
            }
        }
        #expect(accepted > 50)
        for reason in [
            "checksum of the block", "LZ4 frame", "first LSN", "limits of the block header",
            "counts of the footer",
        ] {
            #expect(reasons.contains(reason), "never refused for it; only for \(reasons.sorted())")
        }
    }

    /// Changes one byte, as the crudest of mutators would.
    private static func flip(_ seed: UInt64) -> (inout [UInt8], Int) -> Void {
        { bytes, _ in
            guard !bytes.isEmpty else { return }
            let place = Int(seed &* 0x9E37_79B9_7F4A_7C15 >> 32) % bytes.count
            bytes[place] ^= UInt8(truncatingIfNeeded: seed) | 1
        }
    }

    /// What was checked: in messages it stands between the offset and what was expected.
    private static func reason(_ message: String) -> String {
        let parts = message.split(separator: ": ")
        return parts.count > 1 ? String(parts[1]) : message
    }
}
