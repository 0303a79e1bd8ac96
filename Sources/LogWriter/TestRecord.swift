import Units

/// The one record that a test log may hold at this position.
///
/// Mostly some hundred bytes, every 61st 20 KiB; every third compresses well.
func testRecord(at lsn: LSN) -> [UInt8] {
    var mixer = lsn.rawValue &* 0x9E37_79B9_7F4A_7C15 | 1
    let length = lsn.rawValue % 61 == 0 ? 20 << 10 : 1 + Int(mixer >> 33) % 600
    let isPlain = lsn.rawValue % 3 == 0
    return (0..<length).map { index in
        if isPlain { return UInt8(truncatingIfNeeded: Int(mixer >> 40) &+ index / 32) }
        // Xorshift (Marsaglia 2003): looks random to a compressor.
        mixer ^= mixer << 13
        mixer ^= mixer >> 7
        mixer ^= mixer << 17
        return UInt8(truncatingIfNeeded: mixer >> 24)
    }
}
