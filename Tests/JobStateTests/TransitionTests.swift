import JobModel
import Testing
import Units

/// A way to bring a fresh job into each status.
private enum Place: CaseIterable {
    case notStarted, claimed, processing, success, retriableFailure, fatalFailure, cancelled

    var status: ExecutionStatus {
        switch self {
        case .notStarted: .notStarted
        case .claimed: .claimed
        case .processing: .processing
        case .success: .success
        case .retriableFailure: .retriableFailure
        case .fatalFailure: .fatalFailure
        case .cancelled: .cancelled
        }
    }
}

/// What somebody may try to do to a job.
private enum Attempted: CaseIterable {
    case claim, start, heartbeat, succeed, failRetriable, failFatal, expire, cancel
}

private let key = JobKey("ann", "j1")

/// The drawing of docs/state-machine.md as a table: where each attempt leads; nil: refused.
private func expected(_ attempted: Attempted, at place: Place) -> ExecutionStatus? {
    switch (place, attempted) {
    case (.notStarted, .claim), (.retriableFailure, .claim): .claimed
    case (.claimed, .start), (.processing, .start): .processing
    case (.claimed, .heartbeat): .claimed
    case (.processing, .heartbeat): .processing
    case (.processing, .succeed): .success
    case (.claimed, .failRetriable), (.processing, .failRetriable): .retriableFailure
    case (.claimed, .failFatal), (.processing, .failFatal): .fatalFailure
    case (.claimed, .expire), (.processing, .expire): .retriableFailure
    case (.notStarted, .cancel), (.claimed, .cancel), (.processing, .cancel),
        (.retriableFailure, .cancel), (.cancelled, .cancel):
        .cancelled
    default: nil
    }
}

@Suite struct `Transitions of a job` {
    @Test(arguments: Place.allCases, Attempted.allCases)
    private func `are allowed and refused as drawn`(place: Place, attempted: Attempted) throws {
        let driver = StateDriver()
        let token = try bring(driver, to: place)
        #expect(try driver.status(key) == place.status)
        let eventsBefore = driver.history.count
        let accepted = try attempt(attempted, driver, token)
        if let target = expected(attempted, at: place) {
            #expect(accepted)
            #expect(try driver.status(key) == target)
        } else {
            #expect(!accepted)
            #expect(try driver.status(key) == place.status)
            #expect(driver.history.count == eventsBefore)
        }
    }

    private func bring(_ driver: StateDriver, to place: Place) throws -> LSN {
        try driver.submit(key, .mail)
        // No job has this token: what needs one must be refused.
        let none = LSN(rawValue: 999)
        if place == .notStarted { return none }
        if place == .cancelled {
            try driver.cancel(key)
            return none
        }
        let token = try #require(driver.claim())
        switch place {
        case .notStarted, .cancelled, .claimed: break
        case .processing: try driver.start(token)
        case .success:
            try driver.start(token)
            try driver.succeed(token)
        case .retriableFailure:
            try driver.fail(token)
            driver.pass(.seconds(10))
        case .fatalFailure: try driver.fail(token, isRetriable: false)
        }
        return token
    }

    /// Tries; true if it was accepted.
    private func attempt(
        _ attempted: Attempted, _ driver: StateDriver, _ token: LSN
    ) throws -> Bool {
        do throws(Rejection) {
            switch attempted {
            case .claim: return driver.claim() != nil
            case .start: try driver.start(token)
            case .heartbeat: try driver.heartbeat(token)
            case .succeed: try driver.succeed(token)
            case .failRetriable: try driver.fail(token)
            case .failFatal: try driver.fail(token, isRetriable: false)
            case .expire: return driver.expire(token)
            case .cancel: try driver.cancel(key)
            }
            return true
        } catch {
            return false
        }
    }
}
