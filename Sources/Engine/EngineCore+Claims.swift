import JobModel
import JobState
import Units

extension EngineCore {
    /// Payload and checkpoint bytes of one claim's answer, past which no further job is granted.
    private static let grantBytesMax = 4 << 20

    mutating func claim(
        _ id: ClaimID, _ order: ClaimOrder, wait: TimeSpan, _ reply: @escaping Reply<GrantBatch>
    ) {
        desk.note(order.types, asked: wall)
        // One that became due at once is ready in this very turn, not in the next.
        advanceDue()
        // Who has waited longer comes first, also for a job that became ready in this very turn.
        serveWaiting()
        let grants = grant(order)
        guard grants.isEmpty, wait > .zero else { return answer(reply, .success(grants)) }
        let deadline = monotonic.advanced(by: wait)
        desk.add(id, ClaimDesk.Waiter(order: order, deadline: deadline, reply: reply))
    }

    private mutating func grant(_ order: ClaimOrder) -> GrantBatch {
        var grants = GrantBatch()
        while grants.count < order.countMax, grants.byteCount < Self.grantBytesMax,
            space.allows(.claim), let job = state.firstReady(of: order.types)
        {
            append(
                state.decideClaim(job, worker: order.worker, leaseDuration: order.leaseDuration),
                about: job)
            let left = leases.remaining(state.timer(of: job), now: monotonic)
            grants.add(job, of: &state, worker: order.worker, leaseUntil: wall.advanced(by: left))
        }
        return grants
    }

    /// Hands jobs that have become ready to the claims that wait for their types.
    mutating func serveWaiting() {
        // In order of name, so that two runs over the same requests grant alike.
        for type in state.takeReadied() where desk.count > 0 {
            while space.allows(.claim), let id = desk.first(for: type),
                state.firstReady(of: [type]) != nil,
                let waiter = desk.remove(id)
            {
                answer(waiter.reply, .success(grant(waiter.order)))
            }
        }
    }

    mutating func giveUpOverdueClaims() {
        while let waiter = desk.popOverdue(now: monotonic) {
            answer(waiter.reply, .success(GrantBatch()))
        }
    }
}
