import Wire

/// Path and query of a request, every part percent-encoded: a name may hold any character, `/` too.
struct RoutePath {
    private(set) var text = ""

    init(_ parts: String..., query: String = "") {
        for part in parts { text += "/" + Self.encoded(part) }
        if !query.isEmpty { text += "?" + query }
    }

    /// A part of one or two dots would be resolved away on the way, so its dots are encoded too.
    private static func encoded(_ part: String) -> String {
        switch part {
        case ".": "%2E"
        case "..": "%2E%2E"
        default: PercentCoding.encode(part)
        }
    }
}
