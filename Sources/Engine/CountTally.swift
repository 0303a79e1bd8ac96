import JobModel
import JobState

/// Jobs by status of one type, of one user, of both at once or of all, followed event by event.
///
/// The state keeps counts of each type and of each user, not of both together. These are found by
/// comparing: all jobs that one event changes are of one user and of one type, so a change is of both
/// exactly where the counts of both have changed.
struct CountTally {
    private let type: JobType?
    private let user: UserID?
    private var ofType = StatusCounts()
    private var ofUser = StatusCounts()
    private(set) var counts = StatusCounts()

    init(type: JobType?, user: UserID?) {
        self.type = type
        self.user = user
    }

    /// Whether it may begin with a state that has jobs in it: a state has no counts of one user's jobs of
    /// one type.
    var canBeginAnywhere: Bool { type == nil || user == nil }

    /// Takes the counts after the next event.
    mutating func follow(_ state: inout JobState) {
        switch (type, user) {
        case (nil, nil): counts = state.counts
        case (let type?, nil): counts = state.counts(of: type)
        case (nil, let user?): counts = state.counts(of: user)
        case (let type?, let user?): follow(state.counts(of: type), state.counts(of: user))
        }
    }

    private mutating func follow(_ newOfType: StatusCounts, _ newOfUser: StatusCounts) {
        if newOfType != ofType, newOfUser != ofUser {
            for status in ExecutionStatus.allCases {
                counts[status] &+= newOfUser[status] &- ofUser[status]
            }
        }
        ofType = newOfType
        ofUser = newOfUser
    }
}
