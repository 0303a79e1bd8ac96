package import Units
package import Wire

/// The jobs of `bench ingest`: who submits what, from one seed.
///
/// Job n has a user and a type drawn evenly, and a payload of about 200 bytes of JSON whose ids,
/// amounts and names differ from job to job: roughly a third of it is random, the rest repeats, as
/// in the requests of real services. It is compressible for that reason, and no more than that.
package struct IngestMix: Sendable {
    package let types: [String]
    private let users: [String]
    private let seed: UInt64
    private let jobPrefix: String

    /// A mix of jobs with ids that no other `run` has.
    package init(userCount: Int, typeCount: Int, seed: UInt64, run: UInt64) {
        users = (0..<userCount).map { "bench-user-\($0)" }
        types = (0..<typeCount).map { "bench-\($0)" }
        self.seed = seed
        jobPrefix = "b" + String(run, radix: 36) + "-"
    }

    /// Job `index` of the run, to be run at `executionTime`.
    package func job(
        _ index: Int, executionTime: WallTime
    ) -> (user: String, request: SubmitRequest) {
        var generator = SeededGenerator(seed: seed, index: UInt64(index))
        let user = users[Int(generator.next() % UInt64(users.count))]
        let request = SubmitRequest(
            job: jobPrefix + String(index),
            type: types[Int(generator.next() % UInt64(types.count))],
            executionTime: executionTime, payload: payload(&generator))
        return (user, request)
    }

    private func payload(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Self.template
        for hole in Self.holes {
            var random = generator.next()
            for index in hole {
                bytes[index] = Self.digits[Int(random & 15)]
                random >>= 4
            }
        }
        return bytes
    }

    private static let template = Array(
        """
        {"order":"################","customer":"c-########","amount":"########",\
        "currency":"EUR","template":"order-confirmation","language":"en",\
        "sendTo":"################@example.org","trace":"################"}
        """.utf8)

    /// Runs of `#` in the template; at most sixteen long, which is what one random number fills.
    private static let holes: [Range<Int>] = {
        var holes: [Range<Int>] = []
        for index in template.indices where template[index] == UInt8(ascii: "#") {
            if let last = holes.last, last.upperBound == index {
                holes[holes.count - 1] = last.lowerBound..<index + 1
            } else {
                holes.append(index..<index + 1)
            }
        }
        return holes
    }()

    private static let digits = Array("0123456789abcdef".utf8)
}
