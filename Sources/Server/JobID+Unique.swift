import Glibc
import JobModel

/// Job ids for those who leave theirs out.
extension JobID {
    /// A UUID of version 7 (RFC 9562): milliseconds since 1970, then 74 random bits.
    static func makeUnique() -> String {
        var now = timespec()
        // The pointer lives for the call alone.
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = UInt64(now.tv_sec) * 1_000 + UInt64(now.tv_nsec) / 1_000_000
        let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF)
        let low = 0b10 << 62 | UInt64.random(in: 0..<1 << 62)
        let digits = hex(high) + hex(low)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text.append("-") }
            text.append(digit)
        }
        return text
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
