import ByteCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// Jobs handed to a worker, as the writer's thread copied them: made into values by who receives them.
struct GrantBatch: Sendable {
    private(set) var items: [GrantItem] = []
    private(set) var bytes = ByteWriter(capacity: 0)

    /// Names and packed payload of most jobs; more are made room for as they come.
    private static let bytesEach = 128

    /// Makes room for so many jobs in all.
    mutating func expect(_ count: Int) {
        items.reserveCapacity(count)
        bytes.expect(count * Self.bytesEach)
    }

    var isEmpty: Bool { items.isEmpty }
    var count: Int { items.count }
    var byteCount: Int { bytes.count }

    /// Copies what a worker is to know of a job that it has just been granted.
    mutating func add(
        _ job: JobSlot, of state: inout JobState, worker: WorkerName, leaseUntil: WallTime
    ) {
        items.append(state.grant(job, worker: worker, leaseUntil: leaseUntil, into: &bytes))
    }

    /// The jobs as values, their payloads unpacked.
    func grants(_ dictionaries: PayloadDictionaries) -> [Grant] {
        items.map { item in
            let payload = bytes.bytes.extracting(item.payload)
            return Grant(
                job: item.view(bytes.bytes),
                payload: item.isPacked
                    ? dictionaries.unpack(
                        payload, ofType: item.type, rawByteCount: item.rawPayloadBytes)
                    : payload.array,
                checkpoint: item.checkpoint)
        }
    }
}

extension PayloadDictionaries {
    /// A payload as it was submitted.
    ///
    /// - Precondition: it was packed with the dictionary of its type.
    func unpack(_ payload: RawSpan, ofType type: JobType, rawByteCount: Int) -> [UInt8] {
        let name = Array(type.text.utf8)
        guard let dictionary = dictionary(for: name.rawBytes) else {
            preconditionFailure("a payload of type \(type) was packed without a dictionary")
        }
        return dictionary.unpack(payload, rawByteCount: rawByteCount)
    }

    func unpack(_ kept: KeptPayload, ofType type: JobType) -> [UInt8] {
        guard kept.isPacked else { return kept.bytes }
        return unpack(kept.bytes.rawBytes, ofType: type, rawByteCount: kept.rawByteCount)
    }
}
