import ArgumentParser
import Client
import Wire

/// The sub-command `controls`.
struct ControlsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controls",
        abstract: "List everything that is paused or limited.",
        discussion: """
            EXAMPLE
              daybook controls
              daybook controls --json
            """)

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient { client in
            let controls = try await client.controls().controls
            var table = Table(
                ["SCOPE", "NAME", "PAUSED", "WAITING", "RUNNING"], rightAligned: [3, 4])
            for control in controls {
                if options.json {
                    putLine(json: control.json())
                } else {
                    table.add([
                        control.scope, control.name ?? "", control.paused ? "yes" : "",
                        control.waitingMax.map(String.init) ?? "",
                        control.runningMax.map(String.init) ?? "",
                    ])
                }
            }
            if !options.json { table.put() }
        }
    }
}
