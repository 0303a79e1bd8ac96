import Tables
import Units

extension JobState {
    /// Puts jobs into their users' lists, which are in order of submit, somewhere behind the front.
    mutating func relist(_ stragglers: [UInt32]) {
        let ordered = stragglers.sorted {
            (jobs[$0].user, jobs[$1].submitted) < (jobs[$1].user, jobs[$0].submitted)
        }
        var newer: UInt32 = 0
        for job in ordered {
            // The newest straggler of a user begins at the front, the others where the last one went.
            if newer == 0 || jobs[newer].user != jobs[job].user {
                newer = users[jobs[job].user].newest
            }
            while jobs[newer].older != 0, jobs[jobs[newer].older].submitted > jobs[job].submitted {
                newer = jobs[newer].older
            }
            let older = jobs[newer].older
            jobs[job].older = older
            jobs[job].newer = newer
            jobs[newer].older = job
            if older != 0 { jobs[older].newer = job }
        }
    }

    /// The wheel of a state that begins at its newest event: what is due later goes where it stays.
    mutating func beginDue() {
        due = DueWheel(elementsMax: Self.jobsMax, startingAt: appliedTime.microseconds)
    }
}
