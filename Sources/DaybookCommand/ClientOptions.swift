import ArgumentParser
import Client
import FoundationEssentials

/// Which daemon to talk to and how to print its answers.
struct ClientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of the daemon; DAYBOOK_SERVER in the environment sets another default.",
            valueName: "url"))
    var server: String = defaultServer

    @Flag(help: "Print JSON as the API sends it; one object a line where there are many.")
    var json = false

    private static var defaultServer: String {
        ProcessInfo.processInfo.environment["DAYBOOK_SERVER"] ?? "http://127.0.0.1:8640"
    }

    func validate() throws {
        guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
            throw ValidationError("'\(server)' is no address of a daemon: give http://HOST:PORT.")
        }
    }

    /// Runs `body` with a client that is closed at the end.
    func withClient<Value>(
        silenceSecondsMax: Int64 = 100, _ body: (DaybookClient) async throws -> Value
    ) async throws -> Value {
        let client = DaybookClient(address: server, silenceSecondsMax: silenceSecondsMax)
        do {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }
}
