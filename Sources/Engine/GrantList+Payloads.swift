import ByteCoding
import JobModel
import JobState
import PayloadPacking

extension GrantList {
    /// The jobs as values, their payloads unpacked.
    func grants(_ dictionaries: PayloadDictionaries) -> [Grant] {
        var known = [PayloadDictionary?](repeating: nil, count: kindCount)
        return (0..<count).map { place in
            Grant(
                job: view(place), payload: payload(place, dictionaries, &known),
                checkpoint: checkpoint(place))
        }
    }

    /// Dictionaries are noted in `known` by kind: shared ones lie behind a lock.
    private func payload(
        _ place: Int, _ dictionaries: PayloadDictionaries, _ known: inout [PayloadDictionary?]
    ) -> [UInt8] {
        let kept = payload(place)
        guard isPacked(place) else { return kept.array }
        let kind = kind(place)
        if let dictionary = known[kind] {
            return dictionary.unpack(kept, rawByteCount: rawPayloadBytes(place))
        }
        let dictionary = dictionaries.mustHave(type(ofKind: kind))
        known[kind] = dictionary
        return dictionary.unpack(kept, rawByteCount: rawPayloadBytes(place))
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
