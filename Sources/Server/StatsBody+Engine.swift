import Engine
import JobModel
import Units
import Wire

/// Counters as the wire shows them.
extension CountsBody {
    init(_ counts: StatusCounts) {
        self.init()
        notStarted = counts[.notStarted]
        claimed = counts[.claimed]
        processing = counts[.processing]
        success = counts[.success]
        retriableFailure = counts[.retriableFailure]
        fatalFailure = counts[.fatalFailure]
        cancelled = counts[.cancelled]
    }
}

extension StatsBody {
    init(_ stats: EngineStats, version: String, usage: ProcessUsage) {
        self.init(
            version: version, now: stats.now, uptimeSeconds: stats.uptime.seconds,
            counts: CountsBody(stats.counts), users: UInt64(stats.users),
            types: stats.types.map { TypeCounts($0) },
            ready: UInt64(stats.ready), waitingClaims: UInt64(stats.waitingClaims),
            payloadBytes: UInt64(stats.payloadBytes), durableLSN: stats.durableLSN.rawValue,
            logSegments: UInt64(stats.logSegments),
            logRawBytes: stats.logRawBytes, logStoredBytes: stats.logStoredBytes,
            logTrouble: stats.logTrouble,
            logDroppedLSN: stats.logDroppedThrough.rawValue,
            jobsInMemory: UInt64(stats.jobsInMemory),
            historyJobs: stats.historyJobs, historyFiles: UInt64(stats.historyFiles),
            historyBytes: stats.historyBytes, historyTrouble: stats.historyTrouble,
            residentBytes: usage.residentBytes,
            cpuSeconds: usage.cpuSeconds)
    }
}

extension StatsBody.TypeCounts {
    fileprivate init(_ counted: EngineStats.TypeCounts) {
        self.init(type: counted.type.text, counts: CountsBody(counted.counts))
    }
}

extension PastStatsBody {
    init(_ stats: PastStats) {
        self.init(
            newestLSN: stats.newest.rawValue, time: stats.time, counts: CountsBody(stats.counts),
            users: UInt64(stats.users), types: stats.types.map { StatsBody.TypeCounts($0) })
    }
}
