import ByteCoding
import JobModel
import JobState
import Units

/// Joins a page from memory with one from history: both newest submit first, and cut off at places
/// of their own.
struct PageMerge {
    private let query: JobQuery
    private let live: JobPage
    private let hash: KeyedHash
    private var past: [JobView] = []

    init(_ query: JobQuery, _ live: JobPage, hash: KeyedHash) {
        self.query = query
        self.live = live
        self.hash = hash
    }

    /// Adds the next job of history.
    mutating func add(_ job: JobView) { past.append(job) }

    /// The page; history goes on at `pastNext`, or has come to its end where that is nil.
    func page(pastNext: LSN?) -> JobPage {
        // Below either cut there may be jobs that are not here.
        let cut = max(live.next?.submitted ?? .zero, pastNext ?? .zero)
        var jobs = merged.filter { $0.submittedLSN >= cut }
        var next: LSN? = cut > .zero ? cut : nil
        if jobs.count > query.limit {
            jobs.removeLast(jobs.count - query.limit)
            next = jobs[jobs.count - 1].submittedLSN
        }
        return JobPage(jobs: jobs, next: next.map { position(before: $0) })
    }

    /// Who is in both has not left memory yet, or did just now: one of them is enough.
    private var merged: [JobView] {
        var all: [JobView] = []
        all.reserveCapacity(live.jobs.count + past.count)
        var (left, right) = (live.jobs[...], past[...])
        while let job = left.first, let other = right.first {
            if job.submittedLSN >= other.submittedLSN {
                if job.submittedLSN == other.submittedLSN { right.removeFirst() }
                all.append(left.removeFirst())
            } else {
                all.append(right.removeFirst())
            }
        }
        return all + left + right
    }

    /// The place, with a job as its anchor that memory had just now, as near as there is one.
    private func position(before lsn: LSN) -> JobPosition {
        if let end = live.next, end.submitted >= lsn { return anchored(end, before: lsn) }
        if let job = live.jobs.last(where: { $0.submittedLSN >= lsn }) {
            let keyHash = JobState.keyHash(job.key, hash)
            return JobPosition(submitted: lsn, keyHash: keyHash, anchor: job.submittedLSN)
        }
        return anchored(query.before, before: lsn)
    }

    private func anchored(_ position: JobPosition?, before lsn: LSN) -> JobPosition {
        JobPosition(
            submitted: lsn, keyHash: position?.keyHash ?? 0, anchor: position?.anchor ?? .zero)
    }
}
