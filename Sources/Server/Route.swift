import HTTPTypes
import Units
import Wire

/// What a path names; docs/api.md lists them.
enum Route: Equatable {
    case jobs(user: String)
    case job(user: String, job: String)
    case events(user: String, job: String)
    case cancel(user: String, job: String)
    case redrive(user: String, job: String)
    case why(user: String, job: String)
    /// Jobs of any user, many at once.
    case bulk
    case claims
    case reports
    case attempt(token: String, AttemptVerb)
    case users
    case deadLetters
    case redriveMany
    case controls
    case userControl(String)
    case typeControl(String)
    case everyUserControl
    case stats
    case snapshot
    case retention
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
        case ("users", 3) where segments[2] == "control": .userControl(segments[1])
        case ("types", 3) where segments[2] == "control": .typeControl(segments[1])
        case ("controls", 1): .controls
        case ("controls", 2) where segments[1] == "every-user": .everyUserControl
        case ("dead-letters", 1): .deadLetters
        case ("dead-letters", 2) where segments[1] == "redrive": .redriveMany
        case ("jobs", 1): .bulk
        case ("claims", 1): .claims
        case ("claims", 2) where segments[1] == "reports": .reports
        case ("claims", 3):
            AttemptVerb(rawValue: segments[2]).map { .attempt(token: segments[1], $0) }
        case ("stats", 1): .stats
        case ("snapshot", 1): .snapshot
        case ("retention", 1): .retention
        default: nil
        }
    }

    private static func named(user: String, _ segments: [String]) -> Route? {
        switch (segments.count, segments.last) {
        case (0, _): .jobs(user: user)
        case (1, let job?): .job(user: user, job: job)
        case (2, "events"): .events(user: user, job: segments[0])
        case (2, "cancel"): .cancel(user: user, job: segments[0])
        case (2, "redrive"): .redrive(user: user, job: segments[0])
        case (2, "why"): .why(user: user, job: segments[0])
        default: nil
        }
    }

    /// The methods that this route answers.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .jobs: [.get, .post]
        case .retention: [.get, .put]
        case .job: [.get, .patch]
        case .cancel, .redrive, .bulk, .claims, .reports, .attempt, .redriveMany, .snapshot: [.post]
        case .userControl, .typeControl, .everyUserControl: [.put, .delete]
        case .events, .why, .users, .deadLetters, .controls, .stats, .health, .readiness: [.get]
        }
    }
}
