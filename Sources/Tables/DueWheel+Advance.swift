/// Handing out what is due.
extension DueWheel {
    /// Appends the slots whose time is not after `now` to `due`, in the order of time and then `order`.
    ///
    /// What one call leaves the next goes on with. Slots that were handed out are in the wheel no more.
    /// - Parameters:
    ///   - now: microseconds since 1970; an earlier `now` than before is allowed.
    ///   - countMax: the most slots to be moved, be it out or nearer.
    ///   - records: the elements.
    ///   - due: where the slots go.
    /// - Returns: whether more is to be done for this `now`.
    @inlinable
    package mutating func advance<E: TimedElement>(
        to now: Int64, countMax: Int, in records: inout Slab<E>, into due: inout [UInt32]
    ) -> Bool {
        let end = Self.tick(of: now)
        var left = countMax
        while true {
            guard settle(&left, in: &records) else { return true }
            guard handOut(to: now, &left, in: &records, into: &due) else { return true }
            guard tick < end else { break }
            tick = nextTick(to: end)
        }
        bringNearer(&left, in: &records)
        return false
    }

    /// The earliest time in the wheel; nil while it is empty.
    ///
    /// Exact, with two exceptions where it may be early, but never late: by at most 1 ms, if more than
    /// 2048 elements are due in the same millisecond; and in a bucket of more than 2048 elements
    /// that lies at least one window (131 s) away or is on its way nearer, where it may name one that
    /// was the earliest and has been taken out.
    @inlinable
    package mutating func nextDue<E: TimedElement>(in records: borrowing Slab<E>) -> Int64? {
        dropStale(in: records)
        // Not only the first that has any: slots that are on their way nearer are still further off.
        let earliest = min(
            heap.first?.dueMicroseconds ?? .max, leastArrival(in: records),
            least(of: firstNear(from: tick), in: records),
            least(of: firstFar(from: tick), in: records),
            least(of: firstLast(from: tick), in: records))
        return earliest == .max ? nil : earliest
    }

    @inlinable
    func leastArrival<E: TimedElement>(in records: borrowing Slab<E>) -> Int64 {
        var least = Int64.max
        for entry in arrivals where records[entry.slot].duePosition == entry.position {
            least = min(least, entry.dueMicroseconds)
        }
        return least
    }

    @inlinable
    func least<E: TimedElement>(of bucket: Int?, in records: borrowing Slab<E>) -> Int64 {
        guard let bucket else { return .max }
        return buckets.least(of: bucket, in: records)
    }

    /// Brings all of this tick on its way into the heap; false where `left` does not suffice.
    @inlinable
    mutating func settle<E: TimedElement>(_ left: inout Int, in records: inout Slab<E>) -> Bool {
        empty(Self.last(tick), &left, in: &records) && empty(Self.far(tick), &left, in: &records)
            && empty(Self.near(tick), &left, in: &records)
    }

    /// Moves slots out of a bucket whose time has come, to where they belong by now.
    @inlinable
    mutating func empty<E: TimedElement>(
        _ bucket: Int, _ left: inout Int, in records: inout Slab<E>
    ) -> Bool {
        buckets.prefetchTop(of: bucket, in: records)
        while buckets.count(of: bucket) > 0 {
            guard left > 0 else { return false }
            left -= 1
            place(buckets.take(from: bucket, in: records), in: &records)
        }
        return true
    }

    /// Hands out of what has come and the heap, merged; false where `left` does not suffice.
    @inlinable
    mutating func handOut<E: TimedElement>(
        to now: Int64, _ left: inout Int, in records: inout Slab<E>, into due: inout [UInt32]
    ) -> Bool {
        sortArrivals()
        var taken = 0
        var suffices = true
        while let (entry, isArrival) = first(behind: taken), entry.dueMicroseconds <= now {
            suffices = left > 0
            guard suffices else { break }
            left -= 1
            if isArrival {
                taken += 1
            } else {
                heap.removeFirst()
                if let following = heap.first { records.prefetch(following.slot) }
            }
            guard records[entry.slot].duePosition == entry.position else { continue }
            records[entry.slot].duePosition = 0
            heapLive -= 1
            held -= 1
            due.append(entry.slot)
        }
        keepArrivals(from: taken, in: records)
        return suffices
    }

    /// The earliest entry of the heap and of what has come, sorted, behind the first few.
    @inlinable
    func first(behind taken: Int) -> (entry: DueEntry, isArrival: Bool)? {
        guard taken < arrivals.count else { return heap.first.map { ($0, false) } }
        guard let kept = heap.first, kept.isBefore(arrivals[taken]) else {
            return (arrivals[taken], true)
        }
        return (kept, false)
    }

    /// Where time goes next, at most to `end`: to the next bucket with slots, and at once to the end of
    /// its window where there are few, because the heap sorts them sooner than near buckets would.
    @usableFromInline
    func nextTick(to end: UInt64) -> UInt64 {
        if let near = firstNear(from: tick) {
            return min(tick & ~Self.windowMask | UInt64(near), end)
        }
        var next = end
        if let far = firstFar(from: tick) {
            // Below zero where the buckets' numbers have come round: farCount is a power of two.
            let distance = UInt64((far - Self.far(tick)) & (Self.farCount - 1))
            let start = (tick >> Self.windowBits + distance) << Self.windowBits
            let isSmall = buckets.count(of: far) <= Self.sortedMax
            next = min(isSmall ? start | Self.windowMask : start, end)
        }
        if let last = firstLast(from: tick) {
            next = min(next, UInt64(last - Self.lastStart) << Self.lastBits)
        }
        return next
    }

    /// Spends what is left on the last buckets, so that they are empty long before their time.
    @inlinable
    mutating func bringNearer<E: TimedElement>(_ left: inout Int, in records: inout Slab<E>) {
        while left > 0, let bucket = firstLast(from: tick) {
            // All of the bucket's windows are to be among those that the far buckets hold.
            let end = UInt64(bucket - Self.lastStart + 1) << (Self.lastBits - Self.windowBits)
            guard end <= tick >> Self.windowBits + UInt64(Self.farCount) else { return }
            _ = empty(bucket, &left, in: &records)
        }
    }

    @inlinable
    mutating func dropStale<E: TimedElement>(in records: borrowing Slab<E>) {
        while let entry = heap.first, records[entry.slot].duePosition != entry.position {
            heap.removeFirst()
        }
    }
}
