import HTTPTypes
import Units
import Wire

/// What a path names; docs/api.md lists them.
enum Route: Equatable {
    case jobs(user: String)
    case job(user: String, job: String)
    case events(user: String, job: String)
    case cancel(user: String, job: String)
    case claims
    case attempt(token: String, AttemptVerb)
    case users
    case stats
    case health
    case readiness

    enum AttemptVerb: String {
        case start, heartbeat, succeed, fail
    }

    /// The route of a path as it came, still percent-encoded; nil: there is none.
    ///
    /// Split first, decoded then: so a name may hold a '/', written `%2F`.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        var segments: [String] = []
        for part in parts {
            guard let segment = PercentCoding.decode(part) else { return nil }
            segments.append(segment)
        }
        guard let route = Self.named(segments) else { return nil }
        self = route
    }

    private static func named(_ segments: [String]) -> Route? {
        switch segments.first {
        case "healthz" where segments.count == 1: .health
        case "readyz" where segments.count == 1: .readiness
        case "v1": named(version1: Array(segments.dropFirst()))
        default: nil
        }
    }

    private static func named(version1 segments: [String]) -> Route? {
        switch (segments.first, segments.count) {
        case ("users", 1): .users
        case ("users", 3...) where segments[2] == "jobs":
            named(user: segments[1], Array(segments.dropFirst(3)))
        case ("claims", 1): .claims
        case ("claims", 3):
            AttemptVerb(rawValue: segments[2]).map { .attempt(token: segments[1], $0) }
        case ("stats", 1): .stats
        default: nil
        }
    }

    private static func named(user: String, _ segments: [String]) -> Route? {
        switch (segments.count, segments.last) {
        case (0, _): .jobs(user: user)
        case (1, let job?): .job(user: user, job: job)
        case (2, "events"): .events(user: user, job: segments[0])
        case (2, "cancel"): .cancel(user: user, job: segments[0])
        default: nil
        }
    }

    /// The methods that this route answers.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .jobs: [.get, .post]
        case .cancel, .claims, .attempt: [.post]
        case .job, .events, .users, .stats, .health, .readiness: [.get]
        }
    }
}
