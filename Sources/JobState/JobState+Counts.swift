package import JobModel
import Tables

// Counts that are kept with every change, for whoever asks after each event.
extension JobState {
    /// Jobs of a user by status; none where nobody of that name was seen.
    package mutating func counts(of user: UserID) -> StatusCounts {
        guard let number = userNumber(user) else { return StatusCounts() }
        return users[number].counts
    }

    /// Jobs of a type by status; none where it was not seen.
    package mutating func counts(of type: JobType) -> StatusCounts {
        guard let number = typeNumber(type) else { return StatusCounts() }
        return types[Int(number)].counts
    }
}
