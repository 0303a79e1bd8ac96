import ByteCoding
import Synchronization

/// Salts of history's files: another for each file that one engine writes, and the same in every run that
/// does the same.
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
