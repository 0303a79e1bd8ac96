import ByteCoding
import JobCoding
import JobModel
import Units

/// Events of many jobs that run at once, in the order in which an engine writes them.
///
/// Every fourth is a `Submitted` with a payload of 200 bytes; its job is claimed, started and done
/// a few dozen events later.
struct JobEvents {
    let stream: SampleStream
    /// Steps, of four events each, between a job's events.
    private static let stepsApart = 16
    private static let eventsPerStep = 4

    /// The event that stands at this LSN.
    func event(at lsn: LSN) -> Event {
        let index = Int(lsn.rawValue) - 1
        let time = WallTime(microseconds: 1_795_464_245_000_000 + Int64(index) * 137)
        return Event(time: time, fact: fact(kind: index % 4, step: index / Self.eventsPerStep))
    }

    private func fact(kind: Int, step: Int) -> Fact {
        let jobStep = step - kind * Self.stepsApart
        // The first steps have no job old enough: they submit more.
        guard kind > 0, jobStep >= 0 else { return submitted(step * Self.eventsPerStep + kind) }
        let job = JobReference(
            submitted: lsn(kind: 0, step: jobStep),
            previous: lsn(kind: kind - 1, step: step - Self.stepsApart), keyHash: UInt32(jobStep))
        switch kind {
        case 1:
            let worker = WorkerName(unchecked: "worker-\(step % 64)")
            return .claimed(job, worker: worker, leaseDuration: .seconds(60))
        case 2: return .processing(job)
        default: return .succeeded(job, message: nil)
        }
    }

    private func lsn(kind: Int, step: Int) -> LSN {
        LSN(rawValue: UInt64(step * Self.eventsPerStep + kind) + 1)
    }

    private func submitted(_ number: Int) -> Fact {
        let key = JobKey(
            user: UserID(unchecked: "user-\(number % 1_000)"),
            job: JobID(unchecked: "order-\(1_000_000 + number)"))
        let payload = Array(stream.bytes[SampleStream.range(ofRecord: number)])
        return .submitted(
            key,
            JobContent(type: JobType(unchecked: "mail"), executionTime: nil, payload: payload),
            keyHash: UInt32(number), firstTick: nil)
    }
}
