import ArgumentParser
import Client
import Wire

/// Whose jobs a control is about: `user NAME`, `type NAME` or `every-user`.
struct ControlTarget: ParsableArguments {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case user
        case type
        case everyUser = "every-user"
    }

    @Argument(help: "user, type or every-user (who has no limits of their own).")
    var kind: Kind

    @Argument(help: "The user's or type's name; none for every-user.")
    var name: String?

    func validate() throws {
        guard (kind == .everyUser) == (name == nil) else {
            throw ValidationError("Give 'user NAME', 'type NAME' or 'every-user'.")
        }
    }

    /// Sets what `request` says, and prints what holds then.
    func set(_ request: ControlRequest, _ options: ClientOptions) async throws {
        try await options.withClient { client in
            let control =
                switch kind {
                case .user: try await client.control(user: name ?? "", request)
                case .type: try await client.control(type: name ?? "", request)
                case .everyUser: try await client.control(everyUser: request)
                }
            put(control, options)
        }
    }

    /// Takes away all that is set, and prints what holds then.
    func reset(_ options: ClientOptions) async throws {
        try await options.withClient { client in
            let control =
                switch kind {
                case .user: try await client.resetControl(user: name ?? "")
                case .type: try await client.resetControl(type: name ?? "")
                case .everyUser: try await client.resetControlOfEveryUser()
                }
            put(control, options)
        }
    }

    private func put(_ control: ControlBody, _ options: ClientOptions) {
        if options.json { putLine(json: control.json()) } else { putLine(control.words) }
    }
}

extension ControlBody {
    /// For people: `type mail: paused, at most 5 running`.
    fileprivate var words: String {
        let subject = name.map { "\(scope) \(printable($0))" } ?? "every user"
        let parts = [
            paused ? "paused" : nil, waitingMax.map { "at most \($0) waiting" },
            runningMax.map { "at most \($0) running" },
        ].compactMap(\.self)
        return "\(subject): \(parts.isEmpty ? "no limits" : parts.joined(separator: ", "))"
    }
}
