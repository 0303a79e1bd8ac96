import Synchronization
package import Units

/// A time zone by its IANA name.
///
/// Its offsets are read once in a process and kept; a copy costs a reference.
package struct Zone: Hashable, Sendable {
    /// As it was given: `Europe/Berlin`.
    package let name: String
    let offsets: ZoneOffsets

    /// Coordinated universal time.
    package static let utc = Zone(
        name: "UTC", offsets: ZoneOffsets(firstOffset: 0, changes: []))

    /// - Throws: `CronError.unknownZone` for everything but a name of the IANA time zone database;
    ///   case counts.
    package init(named name: String) throws(CronError) {
        guard Self.isName(name), let offsets = Self.offsets(named: name) else {
            throw .unknownZone(
                String(name.prefix(64)), suggestion: ZoneOffsets.nameIgnoringCase(name))
        }
        self.init(name: name, offsets: offsets)
    }

    private init(name: String, offsets: ZoneOffsets) {
        self.name = name
        self.offsets = offsets
    }

    /// Local time minus UTC at `moment`.
    package func offset(at moment: WallTime) -> TimeSpan {
        let seconds = ZoneOffsets.folded(moment.wholeSeconds).seconds
        return .seconds(offsets.spans[offsets.index(at: seconds)].offset)
    }

    /// What the clock shows at `moment`.
    package func local(at moment: WallTime) -> LocalTime {
        LocalTime(seconds: moment.wholeSeconds + offset(at: moment).microseconds / 1_000_000)
    }

    package static func == (left: Zone, right: Zone) -> Bool { left.name == right.name }

    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Zone {
    /// What has been read, by name.
    ///
    /// Bounded: only names of zones that there are get in.
    private static let known = Mutex<[String: ZoneOffsets]>([:])

    private static func offsets(named name: String) -> ZoneOffsets? {
        known.withLock { known in
            if let offsets = known[name] { return offsets }
            let offsets = ZoneOffsets(named: name)
            known[name] = offsets
            return offsets
        }
    }

    /// Foundation also takes abbreviations (`BST` is Bangladesh to it) and its own `GMT+3`, which is
    /// the opposite of the IANA's `Etc/GMT+3`: neither is taken here.
    private static func isName(_ name: String) -> Bool {
        // Foundation reads up to a zero byte.
        guard name.utf8.count <= 64, !name.utf8.contains(0) else { return false }
        if namesWithoutRegion.contains(name) { return true }
        return name.contains("/") && !name.hasPrefix("SystemV/")
    }

    /// The names of the IANA database that have no region before a `/`.
    private static let namesWithoutRegion: Set<String> = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GB-Eire", "GMT",
        "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "Hongkong", "Iceland", "Iran", "Israel",
        "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ", "NZ-CHAT",
        "Navajo", "PRC", "PST8PDT", "Poland", "Portugal", "ROC", "ROK", "Singapore", "Turkey",
        "UCT", "UTC", "Universal", "W-SU", "WET", "Zulu",
    ]
}

extension WallTime {
    /// Seconds since 1970, rounded down.
    var wholeSeconds: Int64 { microseconds.flooredQuotient(by: 1_000_000) }
}
