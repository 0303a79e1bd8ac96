import NIOCore

/// Cuts a stream of bytes at its line feeds; holds one line at most.
struct LineSplitter {
    enum Line {
        case text([UInt8])
        /// Its bytes were passed over.
        case tooLong
    }

    /// The longest line, without its line feed.
    let bytesMax: Int
    private var bytes: [UInt8] = []
    /// Where in `bytes` the line begins that comes next.
    private var position = 0
    /// The begin of this line is gone: it is too long.
    private var isPassingOver = false

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    mutating func feed(_ part: ByteBufferView) {
        bytes.removeFirst(position)
        position = 0
        bytes.append(contentsOf: part)
    }

    /// The next line that is complete; nil: feed more.
    mutating func next() -> Line? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count - position > bytesMax {
                bytes.removeAll(keepingCapacity: true)
                position = 0
                isPassingOver = true
            }
            return nil
        }
        defer { position = end + 1 }
        return line(to: end)
    }

    /// What stands behind the last line feed once there is no more; nil: nothing.
    mutating func last() -> Line? {
        guard isPassingOver || position < bytes.count else { return nil }
        defer { position = bytes.count }
        return line(to: bytes.count)
    }

    private mutating func line(to end: Int) -> Line {
        defer { isPassingOver = false }
        return isPassingOver || end - position > bytesMax
            ? .tooLong : .text(Array(bytes[position..<end]))
    }
}
