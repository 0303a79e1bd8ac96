import ByteCoding
import Synchronization

/// The dictionaries of all job types: each is made of the first payloads of its type.
package final class PayloadDictionaries: Sendable {
    private struct Contents {
        var made: [[UInt8]: PayloadDictionary] = [:]
        var samples: [[UInt8]: Samples] = [:]
    }

    fileprivate struct Samples {
        var bytes: [UInt8] = []
        var count = 0
    }

    private let contents = Mutex(Contents())

    /// Payloads that a dictionary is made of.
    private static let samplesWanted = 11
    /// Types that get one; the payloads of others are kept as they are.
    private static let typesMax = 1_024

    package init() {}

    /// The dictionary of a type; nil while too few of its payloads were seen.
    package func dictionary(for type: RawSpan) -> PayloadDictionary? {
        let name = type.array
        return contents.withLock { $0.made[name] }
    }

    /// All that were made, in order of their types' names: what a snapshot must hold.
    package func all() -> [(type: [UInt8], bytes: [UInt8])] {
        let made = contents.withLock { $0.made }
        return made.map { (type: $0.key, bytes: $0.value.bytes) }
            .sorted { $0.type.lexicographicallyPrecedes($1.type) }
    }

    /// Takes a dictionary from a snapshot: payloads were packed with it.
    package func restore(_ bytes: [UInt8], ofType type: [UInt8]) {
        let dictionary = PayloadDictionary(samples: bytes)
        contents.withLock { contents in
            contents.made[type] = dictionary
            // As after it was made: its place is taken.
            contents.samples[type] = Samples()
        }
    }

    /// Looks at a payload of a type that has no dictionary yet.
    package func note(_ payload: RawSpan, ofType type: RawSpan) {
        guard PayloadPacker.rawBytes.contains(payload.byteCount) else { return }
        let name = type.array
        let bytes = payload.array
        contents.withLock { contents in
            guard contents.made[name] == nil else { return }
            guard contents.samples[name] != nil || contents.samples.count < Self.typesMax else {
                return
            }
            contents.samples[name, default: Samples()].add(bytes)
            guard let samples = contents.samples[name], samples.count == Self.samplesWanted else {
                return
            }
            contents.made[name] = PayloadDictionary(samples: samples.bytes)
            // Its place stays taken, so that there are never more types than may be.
            contents.samples[name]?.bytes = []
        }
    }
}

extension PayloadDictionaries.Samples {
    fileprivate mutating func add(_ payload: [UInt8]) {
        bytes.append(contentsOf: payload)
        if bytes.count > 2 * PayloadDictionary.bytesMax {
            bytes.removeFirst(bytes.count - PayloadDictionary.bytesMax)
        }
        count += 1
    }
}
