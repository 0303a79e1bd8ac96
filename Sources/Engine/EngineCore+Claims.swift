import HeapModule
import JobModel
import JobState
import Units

extension EngineCore {
    /// Names, payloads and checkpoints of one claim's answer in bytes, past which no further job is granted.
    private static let grantBytesMax = 4 << 20
    /// After so many, room is made for as many as there may be.
    private static let grantsBeforeMany = 16

    mutating func claim(
        _ id: ClaimID, _ order: ClaimOrder, wait: TimeSpan, _ reply: @escaping Reply<GrantList>
    ) {
        desk.note(order.types, asked: wall)
        // One that became due at once is ready in this very turn, not in the next.
        advanceDue()
        // Who has waited longer comes first, also for a job that became ready in this very turn.
        serveWaiting()
        let grants = grant(order)
        guard grants.count == 0, wait > .zero else { return answer(reply, .success(grants)) }
        let deadline = monotonic.advanced(by: wait)
        desk.add(id, ClaimDesk.Waiter(order: order, deadline: deadline, reply: reply))
        // The disk is full, or these had been granted: whoever waits is served when there is space again.
        for type in order.types where state.hasReady(type) { state.putBack(readied: type) }
    }

    private mutating func grant(_ order: ClaimOrder) -> GrantList {
        var grants = state.grants(to: order.worker)
        var line = state.line(of: order.types)
        while grants.count < order.countMax, grants.byteCount < Self.grantBytesMax,
            space.allows(.claim), let job = state.next(in: &line)
        {
            if grants.count == Self.grantsBeforeMany {
                grants.expect(min(order.countMax, state.readyCount))
            }
            state.prefetchGrant(job)
            append(
                state.decideClaim(job, worker: order.worker, leaseDuration: order.leaseDuration),
                about: job)
            let left = leases.remaining(state.timer(of: job), now: monotonic)
            state.grant(job, leaseUntil: wall.advanced(by: left), into: &grants)
        }
        return grants
    }

    /// Hands jobs that have become ready to the claims that wait for their types: who has waited
    /// longest for any of them is served first, with all its types.
    mutating func serveWaiting() {
        let readied = state.takeReadied()
        var line = Heap<Place>()
        for type in readied {
            if let claim = desk.first(for: type) { line.insert(Place(claim: claim, type: type)) }
        }
        while space.allows(.claim), let place = line.popMin() {
            guard state.hasReady(place.type), let claim = desk.first(for: place.type) else {
                continue
            }
            if claim == place.claim, let waiter = desk.remove(claim) {
                answer(waiter.reply, .success(grant(waiter.order)))
            }
            // Its next one has waited less long, perhaps less than another type's.
            if let next = desk.first(for: place.type) {
                line.insert(Place(claim: next, type: place.type))
            }
        }
        // The disk is full: they are served when there is space again.
        while let place = line.popMin() { state.putBack(readied: place.type) }
    }

    /// A claim at the head of a type's line; the claim that came first is less.
    private struct Place: Comparable {
        let claim: ClaimID
        let type: JobType

        static func < (left: Place, right: Place) -> Bool {
            (left.claim.number, left.type.text) < (right.claim.number, right.type.text)
        }
    }

    mutating func giveUpOverdueClaims() {
        while let waiter = desk.popOverdue(now: monotonic) {
            answer(waiter.reply, .success(.empty))
        }
    }
}
