package import Units

/// What a change of the clock did to a tick.
package enum TickNote: Hashable, Sendable {
    /// `missing` is let through, but the clock goes from `from` to `to` and never shows it: the tick
    /// at `to` stands for it.
    case moved(missing: LocalTime, from: LocalTime, to: LocalTime)
    /// The clock shows this time twice; the expression ticks at the first only.
    case firstOfTwo
    /// The clock shows this time again, as it has gone back; the expression ticks again.
    case secondOfTwo
    /// The clock shows this time for the first time of two; the expression ticks at both.
    case firstOfBoth
}

extension CronExpression {
    /// What a change of the clock did to `tick`, one of this expression's; nil if nothing.
    package func note(on tick: WallTime, in zone: Zone) -> TickNote? {
        let (seconds, shift) = ZoneOffsets.folded(tick.wholeSeconds)
        if hasFixedTimes, let gap = gap(at: seconds, in: zone.offsets) {
            return .moved(
                missing: gap.missing.advanced(bySeconds: shift),
                from: gap.from.advanced(bySeconds: shift), to: gap.to.advanced(bySeconds: shift))
        }
        return passNote(at: seconds, in: zone.offsets)
    }

    /// The gap that ends at a second of UTC, if a time in it is let through.
    private func gap(
        at seconds: Int64, in offsets: ZoneOffsets
    ) -> (missing: LocalTime, from: LocalTime, to: LocalTime)? {
        let index = offsets.index(at: seconds)
        guard index > 0, offsets.spans[index].start == seconds else { return nil }
        let from = offsets.spans[index - 1].clockEnd
        let to = LocalTime(seconds: seconds + offsets.spans[index].offset)
        guard let missing = localTime(from: from), missing < to else { return nil }
        return (missing, from, to)
    }

    private func passNote(at seconds: Int64, in offsets: ZoneOffsets) -> TickNote? {
        let index = offsets.index(at: seconds)
        let local = LocalTime(seconds: seconds + offsets.spans[index].offset)
        if offsets.firstSecond(reaching: local) < seconds { return .secondOfTwo }
        guard index + 1 < offsets.spans.count else { return nil }
        let next = offsets.spans[index + 1]
        guard LocalTime(seconds: next.start + next.offset) <= local else { return nil }
        return hasFixedTimes ? .firstOfTwo : .firstOfBoth
    }
}
