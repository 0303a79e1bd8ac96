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
        var known: [UInt32: PayloadDictionary] = [:]
        // In place: a copy of an item counts five references up and down.
        return items.indices.map { index in
            Grant(
                job: items[index].view(bytes.bytes),
                payload: payload(index, dictionaries, &known),
                checkpoint: items[index].checkpoint)
        }
    }

    /// Dictionaries are noted in `known` by their types' numbers: shared ones lie behind a lock.
    private func payload(
        _ index: Int, _ dictionaries: PayloadDictionaries,
        _ known: inout [UInt32: PayloadDictionary]
    ) -> [UInt8] {
        let payload = bytes.bytes.extracting(items[index].payload)
        guard items[index].isPacked else { return payload.array }
        let type = items[index].typeNumber
        if let dictionary = known[type] {
            return dictionary.unpack(payload, rawByteCount: items[index].rawPayloadBytes)
        }
        let dictionary = dictionaries.mustHave(items[index].type)
        known[type] = dictionary
        return dictionary.unpack(payload, rawByteCount: items[index].rawPayloadBytes)
    }
}

extension PayloadDictionaries {
    /// The dictionary of a type.
    ///
    /// - Precondition: a payload was packed with it.
    fileprivate func mustHave(_ type: JobType) -> PayloadDictionary {
        let name = Array(type.text.utf8)
        guard let dictionary = dictionary(for: name.rawBytes) else {
            preconditionFailure("a payload of type \(type) was packed without a dictionary")
        }
        return dictionary
    }

    /// A payload as it was submitted.
    func unpack(_ kept: KeptPayload, ofType type: JobType) -> [UInt8] {
        guard kept.isPacked else { return kept.bytes }
        return mustHave(type).unpack(kept.bytes.rawBytes, rawByteCount: kept.rawByteCount)
    }
}
