import ByteCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// Jobs handed to a worker, as the writer's thread copied them: made into values by who receives them.
struct GrantBatch: Sendable {
    private(set) var items: [GrantItem] = []
    private(set) var bytes = ByteWriter(capacity: 0)

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
                    ? unpack(payload, of: item, dictionaries) : payload.array,
                checkpoint: item.checkpoint)
        }
    }

    private func unpack(
        _ payload: RawSpan, of item: GrantItem, _ dictionaries: PayloadDictionaries
    ) -> [UInt8] {
        let type = Array(item.type.text.utf8)
        guard let dictionary = dictionaries.dictionary(for: type.rawBytes) else {
            preconditionFailure("a payload of type \(item.type) was packed without a dictionary")
        }
        return dictionary.unpack(payload, rawByteCount: item.rawPayloadBytes)
    }
}
