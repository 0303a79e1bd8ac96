/// One job of a trace in the Standard Workload Format.
///
/// Nil stands for the format's -1: the archive does not know.
package struct SWFJob: Equatable, Sendable {
    /// Field 1.
    package var number: Int64
    /// Field 2: seconds after the header's `UnixStartTime`, never less than those of the job before.
    package var submitSeconds: Int64
    /// Field 4: how long the job ran.
    package var runSeconds: Int64?
    /// Field 9: how long its user said it would run.
    package var requestedSeconds: Int64?
    /// Field 12.
    package var user: Int64?
    /// Field 13.
    package var group: Int64?
    /// Field 16, the partition.
    package var site: Int64?

    package init(
        number: Int64, submitSeconds: Int64, runSeconds: Int64? = nil,
        requestedSeconds: Int64? = nil, user: Int64? = nil, group: Int64? = nil, site: Int64? = nil
    ) {
        self.number = number
        self.submitSeconds = submitSeconds
        self.runSeconds = runSeconds
        self.requestedSeconds = requestedSeconds
        self.user = user
        self.group = group
        self.site = site
    }

    /// Whom the job is submitted for: `user-7`, or `user-unknown`.
    package var userName: String { Self.name("user-", user) }

    /// The type it is submitted with: `group-3`, or `group-unknown`.
    package var typeName: String { Self.name("group-", group) }

    private static func name(_ prefix: String, _ number: Int64?) -> String {
        guard let number else { return prefix + "unknown" }
        return prefix + String(number)
    }
}
