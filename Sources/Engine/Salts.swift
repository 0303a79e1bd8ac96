import ByteCoding
import Synchronization

/// Numbers that differ and that nobody can guess who does not know the log's secret.
final class Salts: Sendable {
    private let hash: KeyedHash
    private let drawn = Atomic<UInt64>(0)

    init(_ hash: KeyedHash) {
        self.hash = hash
    }

    func next() -> UInt64 {
        let number = drawn.wrappingAdd(1, ordering: .relaxed).newValue
        return hash.hash(ByteWriter(capacity: 0).bytes, salt: number)
    }
}
