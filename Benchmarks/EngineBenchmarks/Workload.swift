import JobModel
import Units

/// Jobs as in the measured prototype: 20-byte ids with 16 random characters, 100 000 users, 50 types,
/// 4 priorities, due times uniform over 30 days, payloads of 200 bytes with the type's own words and
/// 51 random characters.
struct Workload {
    private var state: UInt64
    private let types: [JobType]
    private let words: [[UInt8]]
    private let users: [UserID]
    let start: WallTime
    /// Zero: all are due at once.
    var dueWithin = TimeSpan.seconds(30 * 86_400)

    static let userCount = 100_000
    static let typeCount = 50
    static let payloadBytes = 200

    init(seed: UInt64, start: WallTime) {
        state = seed
        self.start = start
        types = (0..<Self.typeCount).map { JobType(unchecked: "type-\($0)") }
        words = (0..<Self.typeCount).map { type in
            let field = ["customer", "invoice", "shipment", "report", "mailing"][type % 5]
            return Array(
                (#"{"version":2,"\#(field)":{"queue":"q\#(type)","region":"eu-central-\#(type % 3)","#
                    + #""flags":["retry","notify"],"template":"standard-\#(type)"},"data":""#).utf8)
        }
        users = (0..<Self.userCount).map { number in
            let digits = String(number)
            return UserID(
                unchecked: "user-" + String(repeating: "0", count: 6 - digits.count) + digits)
        }
    }

    struct Job {
        let key: JobKey
        let content: JobContent
    }

    var allTypes: [JobType] { types }

    /// SplitMix64 (Steele, Lea, Flood, 2014).
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    private mutating func text(_ count: Int) -> [UInt8] {
        let alphabet = Array(
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".utf8)
        var bytes: [UInt8] = []
        while bytes.count < count {
            var bits = next()
            for _ in 0..<10 where bytes.count < count {
                bytes.append(alphabet[Int(bits & 63)])
                bits >>= 6
            }
        }
        return bytes
    }

    mutating func job() -> Job {
        let type = Int(next() % UInt64(Self.typeCount))
        let user = users[Int(next() % UInt64(Self.userCount))]
        let id = "job-" + String(decoding: text(16), as: UTF8.self)
        var payload = words[type] + text(51)
        while payload.count < Self.payloadBytes - 2 { payload.append(UInt8(ascii: " ")) }
        payload = Array(payload.prefix(Self.payloadBytes - 2)) + Array("\"}".utf8)
        let span = TimeSpan(
            microseconds: dueWithin == .zero
                ? 0 : Int64(next() % UInt64(dueWithin.microseconds)))
        return Job(
            key: JobKey(user: user, job: JobID(unchecked: id)),
            content: JobContent(
                type: types[type], executionTime: start.advanced(by: span),
                priority: UInt8(next() % 4), payload: payload))
    }
}
