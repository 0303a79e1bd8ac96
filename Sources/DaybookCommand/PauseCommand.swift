import ArgumentParser
import Client
import Wire

/// The sub-command `pause`.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let no job of a user or a type be claimed until it is resumed.",
        discussion: """
            What runs goes on; submits are taken. `daybook show` tells of a job that is held back.

            EXAMPLE
              daybook pause type mail
              daybook pause user alice
            """)

    @OptionGroup var target: ControlTarget

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard target.kind != .everyUser else {
            throw ValidationError("Pause a user or a type by name.")
        }
    }

    func run() async throws {
        try await target.set(ControlRequest(paused: true), options)
    }
}

/// The sub-command `resume`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let the jobs of a paused user or type be claimed again.",
        discussion: """
            EXAMPLE
              daybook resume type mail
            """)

    @OptionGroup var target: ControlTarget

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard target.kind != .everyUser else {
            throw ValidationError("Resume a user or a type by name.")
        }
    }

    func run() async throws {
        try await target.set(ControlRequest(paused: false), options)
    }
}
