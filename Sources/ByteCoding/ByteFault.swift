/// Why bytes could not be read; offsets count from the first byte that the reader was given.
@usableFromInline
package enum ByteFault: Error, Equatable, Sendable {
    /// More bytes were asked for than are left.
    case truncated(offsetBytes: Int)
    /// A varint is longer than its value needs, or than 64 bits can hold.
    case overlongVarint(offsetBytes: Int)
    /// A string's bytes are not UTF-8.
    case invalidUTF8(offsetBytes: Int)
}

extension ByteFault: CustomStringConvertible {
    @usableFromInline
    package var description: String {
        switch self {
        case .truncated(let offsetBytes): "the bytes end too early, at offset \(offsetBytes)"
        case .overlongVarint(let offsetBytes): "the number at offset \(offsetBytes) is too long"
        case .invalidUTF8(let offsetBytes): "the text at offset \(offsetBytes) is not UTF-8"
        }
    }
}
