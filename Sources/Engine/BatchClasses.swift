import ByteCoding
import JobState
import PayloadPacking

/// The classes of jobs, a type and a policy each, that a batch or a replay has met: numbered from 0 in the order in which they came,
/// and each with its type's dictionary, because shared ones lie behind a lock.
struct BatchClasses: Sendable {
    private struct Entry: BitwiseCopyable {
        /// Where in `names` its type and its policy lie, side by side as in an event.
        let start: Int
        let end: Int
        let typeBytes: Int
        let checksum: UInt32
    }

    private var entries: [Entry] = []
    private var names = ByteWriter(capacity: 0)
    /// By number; nil while the type has none.
    private var dictionaries: [PayloadDictionary?] = []
    /// Numbers plus one, each at the first free place from where its checksum says; 0: free, as half of them are.
    private var places = [UInt16](repeating: 0, count: 16)

    /// Classes beyond these have no number, and cost more.
    static let countMax = 1_024
    /// Nor has one for which so many places were looked at in vain: somebody may have made checksums alike.
    private static let looksMax = 16

    var count: Int { entries.count }
    var isFull: Bool { entries.count == Self.countMax }

    /// The number of a class, which gets one if it has none; nil: there are no more.
    mutating func number(of name: RawSpan, typeBytes: Int) -> UInt16? {
        let checksum = crc32c(name)
        switch search(name, typeBytes: typeBytes, checksum) {
        case .found(let number): return number
        case .free(let place): return add(name, typeBytes: typeBytes, checksum, at: place)
        case .none: return nil
        }
    }

    /// The number of a class; nil: it has none.
    func known(_ name: RawSpan, typeBytes: Int) -> UInt16? {
        guard case .found(let number) = search(name, typeBytes: typeBytes, crc32c(name)) else {
            return nil
        }
        return number
    }

    private enum Place {
        case found(UInt16)
        case free(Int)
        case none
    }

    private func search(_ name: RawSpan, typeBytes: Int, _ checksum: UInt32) -> Place {
        var place = Int(checksum) & (places.count - 1)
        var looks = 0
        while places[place] != 0 {
            let number = places[place] - 1
            if isEntry(Int(number), name, typeBytes: typeBytes, checksum) { return .found(number) }
            looks += 1
            guard looks < Self.looksMax else { return .none }
            place = (place + 1) & (places.count - 1)
        }
        return isFull ? .none : .free(place)
    }

    private mutating func add(
        _ name: RawSpan, typeBytes: Int, _ checksum: UInt32, at place: Int
    ) -> UInt16 {
        let start = names.count
        names.write(name)
        entries.append(
            Entry(start: start, end: names.count, typeBytes: typeBytes, checksum: checksum))
        dictionaries.append(nil)
        places[place] = UInt16(entries.count)
        if entries.count * 2 > places.count { grow() }
        return UInt16(entries.count - 1)
    }

    /// The dictionary of a class's type; nil: there is none yet.
    mutating func dictionary(
        of classNumber: UInt16, in shared: PayloadDictionaries
    ) -> PayloadDictionary? {
        let number = Int(classNumber)
        if let known = dictionaries[number] { return known }
        let start = entries[number].start
        dictionaries[number] = shared.dictionary(
            for: names.bytes.extracting(start..<start + entries[number].typeBytes))
        return dictionaries[number]
    }

    private func isEntry(
        _ number: Int, _ name: RawSpan, typeBytes: Int, _ checksum: UInt32
    ) -> Bool {
        let entry = entries[number]
        return entry.checksum == checksum && entry.typeBytes == typeBytes
            && names.bytes.extracting(entry.start..<entry.end).isEqual(to: name)
    }

    private mutating func grow() {
        places = [UInt16](repeating: 0, count: places.count * 2)
        for (number, entry) in entries.enumerated() {
            var place = Int(entry.checksum) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = UInt16(number + 1)
        }
    }
}
