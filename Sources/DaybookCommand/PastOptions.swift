import ArgumentParser

/// Which moment is asked about.
struct PastOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            As it was at a time, as in 2027-01-01T06:00:00Z, or right after an event, by its number.
            """, valueName: "time|event"))
    var asOf: String?
}
