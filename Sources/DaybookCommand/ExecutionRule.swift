import ArgumentParser
import Executor

/// `TYPE=CMD`: which command runs the jobs of a type.
struct ExecutionRule: ExpressibleByArgument {
    let type: String
    let command: ExecutorCommand

    init(type: String, command: String) {
        self.type = type
        self.command = ExecutorCommand(shellText: command)
    }

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        let command = argument[argument.index(after: equals)...]
        guard equals > argument.startIndex, !command.isEmpty else { return nil }
        self.init(type: String(argument[..<equals]), command: String(command))
    }

    /// The commands by type; two for one type are refused.
    static func commands(_ rules: [ExecutionRule]) throws -> [String: ExecutorCommand] {
        var commands: [String: ExecutorCommand] = [:]
        for rule in rules {
            guard commands.updateValue(rule.command, forKey: rule.type) == nil else {
                throw ValidationError("There are two commands for type '\(rule.type)'.")
            }
        }
        return commands
    }
}
