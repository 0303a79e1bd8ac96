import Subprocess
import Wire

/// A job that its executor cannot even begin to run.
struct CommandFault: Error {
    let outcome: CommandOutcome
}

/// Everything that is needed to run one attempt's command.
struct CommandPlan: Sendable {
    let command: ExecutorCommand
    let payload: [UInt8]
    let environment: Environment
    /// Nil: what the command writes to its standard output is discarded.
    let result: ResultLocation?
    let token: UInt64
    let killGrace: Duration

    init(
        _ grant: GrantBody, _ command: ExecutorCommand, serverAddress: String,
        _ options: ExecutorOptions
    ) throws(CommandFault) {
        self.command = command
        payload = try Self.payload(of: grant)
        environment = .inherit.updating([
            "DAYBOOK_SERVER": serverAddress,
            "DAYBOOK_USER": grant.user,
            "DAYBOOK_JOB": grant.job,
            "DAYBOOK_TYPE": grant.type,
            "DAYBOOK_ATTEMPT": String(grant.attempt),
            "DAYBOOK_TOKEN": String(grant.token),
            // Nil takes away what this process may have inherited itself.
            "DAYBOOK_CHECKPOINT": grant.checkpoint.map { String(decoding: $0, as: UTF8.self) },
        ])
        token = grant.token
        killGrace = options.killGrace.duration
        guard let url = grant.resultLocation else {
            result = nil
            return
        }
        do throws(ResultFault) {
            result = try ResultLocation(url: url, within: options.resultRoot)
        } catch {
            throw CommandFault(outcome: .fatal(error.message))
        }
    }

    private static func payload(of grant: GrantBody) throws(CommandFault) -> [UInt8] {
        if let json = grant.payload {
            guard PayloadKind(contentType: grant.contentType) != .json else { return json }
            return try text(json)
        }
        guard let text = grant.payloadBase64 else { return [] }
        guard let bytes = Base64.decode(text) else {
            throw CommandFault(outcome: .retriable("the daemon sent a payload that is no base64"))
        }
        return bytes
    }

    /// A payload that is no JSON but text comes as a JSON string; the command gets what it says.
    private static func text(_ json: [UInt8]) throws(CommandFault) -> [UInt8] {
        do throws(JSONFault) {
            return Array(try JSONText.string(json).utf8)
        } catch {
            throw CommandFault(outcome: .retriable("the daemon sent a payload that is no text"))
        }
    }
}
