/// SipHash-1-3 (Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012, with one and three
/// rounds): who does not know the key cannot look for inputs that collide.
///
/// The same key gives the same hashes for ever, on every machine: they are written to disk.
@usableFromInline
package struct KeyedHash: Sendable {
    @usableFromInline
    let low: UInt64
    @usableFromInline
    let high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The hash of `bytes`; another `salt` gives another hash of the same bytes.
    @inlinable
    package func hash(_ bytes: RawSpan, salt: UInt64 = 0) -> UInt64 {
        var state = SipState(low: low ^ salt, high: high)
        var offset = 0
        let count = bytes.byteCount
        while offset + 8 <= count {
            // In bounds: offset + 8 <= count is the loop's condition.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self)
            state.absorb(UInt64(littleEndian: word))
            offset += 8
        }
        state.absorb(UInt64(truncatingIfNeeded: count) << 56 | Self.rest(of: bytes, from: offset))
        return state.finish()
    }

    /// The last bytes, up to seven, as a little-endian number.
    @inlinable
    static func rest(of bytes: RawSpan, from start: Int) -> UInt64 {
        let count = bytes.byteCount
        if start == count { return 0 }
        if count >= 8 {
            // In bounds: there are eight bytes and more. Those before `start` are shifted out.
            let word = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: count - 8, as: UInt64.self)
            return UInt64(littleEndian: word) >> UInt64(8 * (8 - (count - start)))
        }
        var rest: UInt64 = 0
        for offset in (start..<count).reversed() {
            // In bounds: within the range of the loop.
            let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            rest = rest << 8 | UInt64(byte)
        }
        return rest
    }
}

/// The four words of SipHash, between two inputs.
@usableFromInline
struct SipState {
    @usableFromInline
    var v0, v1, v2, v3: UInt64

    @inlinable
    init(low: UInt64, high: UInt64) {
        v0 = low ^ 0x736F_6D65_7073_6575
        v1 = high ^ 0x646F_7261_6E64_6F6D
        v2 = low ^ 0x6C79_6765_6E65_7261
        v3 = high ^ 0x7465_6462_7974_6573
    }

    @inlinable
    mutating func round() {
        v0 &+= v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 &+= v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 &+= v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 &+= v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }

    @inlinable
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inlinable
    mutating func finish() -> UInt64 {
        v2 ^= 0xFF
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }
}
