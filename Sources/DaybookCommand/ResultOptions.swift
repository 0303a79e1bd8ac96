import ArgumentParser
import FoundationEssentials

/// Where an executor may write results.
struct ResultOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Refuse jobs whose result location lies outside of this directory. Left out: a result "
                + "may replace any file that this user may write.", valueName: "dir"))
    var results: String?

    /// The directory as an absolute path.
    var root: String? {
        guard let results, !results.hasPrefix("/") else { return results }
        let parts = results.split(separator: "/").filter { $0 != "." }
        return FileManager.default.currentDirectoryPath + "/" + parts.joined(separator: "/")
    }
}
