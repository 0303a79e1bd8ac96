import Tables
package import Units

extension JobState {
    /// Asks for the memory that reports about a few leases will touch, all of it at once, so that they
    /// wait for it together instead of one after another.
    ///
    /// - Precondition: they are at most `prefetchMax`.
    package mutating func prefetch(leases group: ArraySlice<LSN>) {
        precondition(group.count <= Self.prefetchMax, "\(group.count) leases at once")
        for token in group { tokens.prefetch(Activity.hash(ofToken: token.rawValue)) }
        // What a hash finds first is nearly always it; a wrong guess asks for a line in vain.
        var guesses = InlineArray<32, UInt32>(repeating: 0)
        for (index, token) in group.enumerated() {
            var probe = tokens.probe(Activity.hash(ofToken: token.rawValue))
            guard let activity = tokens.next(&probe) else { continue }
            activities.prefetch(activity)
            guesses[index] = activity
        }
        for index in 0..<group.count where guesses[index] != 0 {
            guesses[index] = activities[guesses[index]].job
            jobs.prefetch(guesses[index])
        }
        for index in 0..<group.count where guesses[index] != 0 {
            users.prefetch(jobs[guesses[index]].user)
        }
    }

    /// The same, for events that are about jobs of these key hashes.
    ///
    /// - Precondition: they are at most `prefetchMax`.
    package mutating func prefetch(keyHashes group: ArraySlice<UInt32>) {
        precondition(group.count <= Self.prefetchMax, "\(group.count) events at once")
        for hash in group { keys.prefetch(hash) }
        var guesses = InlineArray<32, UInt32>(repeating: 0)
        for (index, hash) in group.enumerated() {
            var probe = keys.probe(hash)
            guard let job = keys.next(&probe) else { continue }
            jobs.prefetch(job)
            guesses[index] = job
        }
        for index in 0..<group.count where guesses[index] != 0 {
            let record = jobs[guesses[index]]
            users.prefetch(record.user)
            if record.activity != 0 { activities.prefetch(record.activity) }
        }
    }
}
