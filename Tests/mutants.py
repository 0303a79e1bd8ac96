#!/usr/bin/env python3
"""Breaks one safety mechanism after another and shows that a test notices each.

    make mutants            all of them
    Tests/mutants.py NAME   one of them

Each mutant is one replacement in the sources, built and tested in place and taken back afterwards.
Needs a clean checkout. A mutant that survives, or no longer fits the sources, fails the run.
"""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST_SECONDS_MAX = 600

# name, file, what stands there, what the mutant makes of it, tests that must notice
MUTANTS = [
    ("no-sync-of-a-group", "EventLog/SegmentTail.swift",
     "        try file.sync()\n        offset = end", "        offset = end", "EventLogTests"),
    ("no-sync-of-the-directory", "EventLog/NewSegment.swift",
     "        try directory.storage.syncDirectory(directory.segments)\n", "", "EventLogTests"),
    ("no-sync-of-a-new-segment", "EventLog/NewSegment.swift",
     "        try prepared.sync()\n", "", "EventLogTests"),
    ("failed-sync-counts-as-done", "EventLog/GroupCommit.swift",
     "            try tail.write(blocks, meanwhile: meanwhile)\n        } catch {\n            fail(error)\n            return\n",
     "            try tail.write(blocks, meanwhile: meanwhile)\n        } catch {\n            onFailure(.io(error))\n",
     "EventLogTests"),
    ("header-checksum-unchecked", "EventLog/BlockHeader.swift",
     "guard expected == found else {", "guard expected == found || true else {", "EventLogTests"),
    ("body-checksum-unchecked", "EventLog/SegmentWalk.swift",
     "guard found == block.bodyChecksum else {",
     "guard found == block.bodyChecksum || true else {", "EventLogTests"),
    ("corruption-cut-like-a-torn-tail", "EventLog/SegmentWalk.swift",
     "return .corrupt(to: LSN(rawValue: max(first.rawValue, 1) - 1))",
     "_ = first; return .torn", "Damage to the log"),
    ("torn-bytes-not-kept", "EventLog/TornCut.swift",
     "            try kept.write(bytes, at: 0)\n", "", "Damage to the log"),
    ("hash-of-a-segment-unchecked", "EventLog/LogVerification.swift",
     "guard footer.hash == found else {", "guard footer.hash == found || true else {",
     "Damage to the log"),
    ("segments-not-joined", "EventLog/SegmentScan.swift",
     "if let wrong = fields.first(where: { $0.expected != $0.found }) {",
     "if let wrong = fields.first(where: { $0.expected != $0.found && $0.what.isEmpty }) {",
     "Damage to the log"),
    ("no-lock-on-the-directory", "Storage/PosixLock.swift",
     "LOCK_EX | LOCK_NB", "LOCK_SH | LOCK_NB", "EngineTests|StorageTests"),
    ("answers-before-durable", "Engine/EngineCore.swift",
     "replies.hold(until: log.lastLSN)", "replies.hold(until: .zero)", "EngineTests|SimulationTests"),
    ("newer-claims-first", "Engine/EngineCore+Claims.swift",
     "        serveWaiting()\n        let grants = grant(order)", "        let grants = grant(order)",
     "EngineTests|SimulationTests"),
    ("newest-group-not-written-again", "EventLog/Recovery.swift",
     "            try file.write(bytes, at: offset)\n            try file.sync()",
     "            try file.sync()", "EventLogTests"),
    ("failed-sync-tried-again", "EventLog/SegmentTail.swift",
     "        try file.sync()\n        offset = end",
     "        do throws(StorageError) { try file.sync() } catch { try file.sync() }\n        offset = end",
     "A failing disk"),
    ("changed-jobs-not-kept-for-the-snapshot", "JobState/JobState+Apply.swift",
     "        keep(job)\n", "", "JobStateTests|EngineTests|SimulationTests"),
    ("snapshot-checksum-unchecked", "Snapshots/SnapshotFile.swift",
     "== part.head.rawChecksum", "== part.head.rawChecksum || true", "SnapshotsTests"),
    ("snapshot-not-synced", "Snapshots/SnapshotWriter.swift",
     "            try file.sync()\n        } catch {", "        } catch {",
     "SnapshotsTests|EngineTests|SimulationTests"),
    ("name-of-a-snapshot-not-synced", "Snapshots/SnapshotWriter.swift",
     "            try directory.storage.syncDirectory(directory.path)\n        } catch {",
     "            if path.isEmpty { try directory.storage.syncDirectory(directory.path) }\n        } catch {", "SnapshotsTests|EngineTests|SimulationTests"),
    ("segments-dropped-for-a-name-that-is-not-durable", "Snapshots/SnapshotDirectory.swift",
     "        try storage.syncDirectory(path)\n        return older", "        return older",
     "SnapshotsTests"),
    ("snapshot-kept-whose-name-is-not-durable", "Snapshots/SnapshotWriter.swift",
     "try? directory.storage.remove(path)", "_ = path", "SnapshotsTests"),
    ("snapshot-newer-than-its-log", "Engine/SnapshotTask.swift",
     "shared.stage == .sealed && shared.isDurable ?", "shared.stage == .sealed ?",
     "EngineTests|SimulationTests"),
    ("history-file-not-synced", "History/HistoryWriter.swift",
     "        try unwrap { () throws(StorageError) in try file.sync() }\n", "", "HistoryTests"),
    ("name-of-a-history-file-not-synced", "History/HistorySet.swift",
     "            try draft.name()\n            try directory.sync()\n", "            try draft.name()\n",
     "HistoryTests"),
    ("merged-before-its-name-is-synced", "History/HistorySet+Merge.swift",
     "        try directory.sync()\n        for source", "        for source", "HistoryTests"),
    ("history-checksum-unchecked", "History/Frame.swift",
     "let found = crc32c(frame.extracting(4...), continuing: seed)",
     "let found: UInt32 = frame.fixed(at: 0)", "HistoryTests"),
    ("history-index-of-one-page", "History/KeyIndex.swift",
     "Int(((hash >> 40) &* UInt64(pages)) >> 24)", "Int((hash >> 40) &* UInt64(pages) >> 24)",
     "HistoryTests"),
    ("nothing-synced-at-opening", "EventLog/Recovery.swift",
     "        try syncAll(firsts, from: start)\n", "", "The log"),
    ("segments-not-synced-at-opening", "EventLog/Recovery.swift",
     "                try file.sync()\n                bytesTotal", "                bytesTotal", "The log"),
    ("names-not-synced-at-opening", "EventLog/Recovery.swift",
     "            try directory.storage.syncDirectory(directory.segments)\n        }\n        report.bytesTotal",
     "        }\n        report.bytesTotal", "The log"),
    ("leftovers-not-told", "EventLog/LogVerification.swift",
     "        if let leftover = scan.leftover { tornTail = leftover.what }\n", "",
     "A log whose last segment is sealed"),
    ("full-file-not-cut-back", "EventLog/SegmentTail.swift",
     "            try retreat()\n", "", "A failing disk"),
    ("packed-file-not-synced", "EventLog/PackedSegment.swift",
     "        try pace.sync()\n        return (lastLSN", "        return (lastLSN",
     "Rewriting sealed segments"),
    ("packed-file-not-read-back", "EventLog/SegmentPacking.swift",
     "        var source = try source(target, from: packed.header.firstLSN)\n",
     "        if byteCount > 0 {\n            return Made(header: packed.header, places: packed.places, "
     "byteCount: byteCount)\n        }\n"
     "        var source = try source(target, from: packed.header.firstLSN)\n",
     "Rewriting sealed segments"),
    ("packed-hash-not-compared", "EventLog/SegmentPacking.swift",
     "        try check(packed.hash.value, against: footer, scan)\n"
     "        return try finish(packed, footer, target: target)",
     "        var own = footer\n        own.hash = packed.hash.value\n"
     "        return try finish(packed, own, target: target)",
     "Rewriting sealed segments"),
    ("swapped-without-one-step", "EventLog/SegmentRewriter.swift",
     "            try directory.storage.rename(packing, to: segment.path)",
     "            try directory.storage.remove(segment.path)\n"
     "            try directory.storage.rename(packing, to: segment.path)",
     "Rewriting sealed segments"),
    ("repair-beside-a-daemon", "EventLog/LogRepair.swift",
     "        let lock = try directory.lock()\n        defer { lock.release() }\n", "", "Repairing a damaged log"),
    ("repair-leaves-what-follows", "EventLog/LogRepair.swift",
     "        for path in files.dropFirst().reversed() { try storage.rename(path, to: path + suffix) }\n",
     "", "Repairing a damaged log"),
    ("repair-keeps-no-copy", "EventLog/LogRepair.swift",
     "        try write(try Self.bytes(of: damaged, in: storage), to: damaged + suffix)\n", "",
     "Repairing a damaged log"),
    ("repair-without-sync", "EventLog/LogRepair.swift",
     "        try file.write(bytes.rawBytes, at: 0)\n        try file.sync()",
     "        try file.write(bytes.rawBytes, at: 0)", "Repairing a damaged log"),
    ("repair-asks-nobody", "DaybookCommand/LogRepairCommand.swift",
     "guard yes || isConfirmed() else {", "guard yes || isConfirmed() || true else {",
     "daybook log repair"),
    ("full-disk-takes-submits", "Engine/SpaceBudget.swift",
     "        case .submit: return false", "        case .submit: return true", "A full disk"),
    ("full-disk-grants-claims-to-the-end", "Engine/SpaceBudget.swift",
     "        case .claim: return left > segmentBytes / 2", "        case .claim: return true",
     "A full disk"),
    ("full-disk-looked-at-once", "EventLog/SegmentPreparer.swift",
     "        if case .failed = state, isShort == true { state = .wanted }\n", "", "A full disk"),
    ("short-write-taken-for-whole", "Storage/PosixFile.swift",
     "if put > 0 { done += put }", "if put > 0 { done = bytes.byteCount }",
     "A daemon whose calls fail"),
    ("fence-unchecked", "Engine/EngineCore+Changes.swift",
     "guard let job = state.slot(leasedBy: report.token) else {",
     "guard let job = state.slot(leasedBy: report.token) ?? state.allTerms().first?.job else {",
     "SimulationTests"),
    ("leases-not-renewed-at-a-restart", "Engine/EngineCore.swift",
     "leases.begin(terms, now: monotonic), of: terms.job)",
     "leases.begin(terms, now: MonotonicTime(microseconds: monotonic.microseconds - 5_000_000)), "
     "of: terms.job)", "SimulationTests"),
    ("run-limit-put-off-by-heartbeats", "Engine/EngineCore+Changes.swift",
     "            leases.extend(\n                state.timer(of: job), by: state.terms(of: job).duration, "
     "now: monotonic)\n",
     "            leases.end(state.timer(of: job))\n"
     "            state.set(timer: leases.begin(state.terms(of: job), now: monotonic), of: job)\n",
     "SimulationTests"),
    ("backoff-ignored", "JobState/JobState+Decide.swift",
     "retryAt: now.advanced(by: delay))", "retryAt: max(now, now.advanced(by: .zero)))",
     "SimulationTests"),
    ("poison-ignored", "JobState/JobState+Decide.swift",
     "expiries >= bearable {", "expiries > bearable {", "SimulationTests"),
    ("waiting-limit-unchecked", "JobState/JobState+Decide.swift",
     "waiting >= max else", "waiting > max else", "SimulationTests"),
    ("content-not-compared", "JobState/JobState+Decide.swift",
     "guard blob(job).contentHash == hint.contentHash,",
     "guard blob(job).contentHash == hint.contentHash || true,", "SimulationTests"),
    ("retries-not-renewed-by-a-redrive", "JobState/JobState+Apply.swift",
     "        activities[activity].attemptBase = activities[activity].attempt\n", "",
     "SimulationTests"),
    ("checkpoint-forgotten", "JobState/JobState+Apply.swift",
     "            if let checkpoint { checkpoints[job] = checkpoint }\n",
     "            _ = checkpoint\n", "SimulationTests"),
    ("end-of-a-job-frees-nobody", "JobState/JobState+Apply.swift",
     "        unpark(user: jobs[job].user)\n        if typeControls",
     "        if typeControls", "SimulationTests"),
    ("due-a-second-early", "JobState/JobState+Due.swift",
     "to: now.microseconds, countMax: jobsMax", "to: now.microseconds + 1_000_000, countMax: jobsMax",
     "SimulationTests"),
    ("expiry-ignored", "JobState/JobState+Insert.swift",
     "        if let expiresAt = record.expiresAt { expire(job, at: expiresAt) }\n", "",
     "SimulationTests"),
    ("running-limit-of-a-user-unchecked", "JobState/JobState+Queues.swift",
     "users[user].running >= max else", "users[user].running > max else", "SimulationTests"),
    ("running-limit-of-a-type-unchecked", "JobState/JobState+Queues.swift",
     "running >= UInt64(max) else", "running > UInt64(max) else", "SimulationTests"),
    ("pause-of-a-user-ignored", "JobState/JobState+Queues.swift",
     "        if control.isPaused { return .userPaused }\n", "", "SimulationTests"),
    ("pause-of-a-type-ignored", "JobState/JobState+Queues.swift",
     "        if control.isPaused { return .typePaused }\n", "", "SimulationTests"),
    ("newest-of-a-line-first", "JobState/JobState+Queues.swift",
     "{ return queues[queue].first }", "{ return queues[queue].last }", "SimulationTests"),
    ("no-turns-between-users", "JobState/JobState+Queues.swift",
     "            types[Int(type)].lanes[priority] = queues[queue].next\n        }\n    }\n",
     "            types[Int(type)].lanes[priority] = queue\n        }\n    }\n", "SimulationTests"),
    ("missed-tick-made-up-twice", "JobState/Schedule.swift",
     "Int(steps) - kept + 1)", "Int(steps) - kept)", "SimulationTests"),
    ("tick-that-makes-nothing-comes-again", "JobState/JobState+Ticks.swift",
     "        schedules[job]?.nextTick = tick.next\n",
     "        if tick.outcome.makesOccurrence { schedules[job]?.nextTick = tick.next }\n",
     "SimulationTests"),
    ("queued-occurrence-forgotten", "JobState/JobState+Ticks.swift",
     "let next = schedule.open.first { release(next) }",
     "let next = schedule.open.last { release(next) }", "SimulationTests"),
    ("late-after-a-jump-back", "Engine/EngineCore.swift",
     "        return min(TimeSpan(microseconds: byStamp), time.span(since: clock.wallTime()))",
     "        _ = byStamp\n        return time.span(since: clock.wallTime())", "SimulationTests"),
    ("leases-on-the-wall-clock", "Engine/EngineCore.swift",
     "        monotonic = now\n",
     "        monotonic = MonotonicTime(microseconds: clock.wallTime().microseconds)\n",
     "EngineTests"),
    ("time-goes-back", "Engine/EngineCore.swift",
     "wall = max(wall.advanced(by: half), clock.wallTime())", "wall = clock.wallTime()", "EngineTests"),
    ("succeeds-without-a-start", "JobState/JobState+Decide.swift",
     "guard jobs[job.index].status == .processing else {",
     "guard jobs[job.index].status == .processing || true else {", "JobStateTests|SimulationTests"),
    ("finished-job-submitted-again", "Engine/FinishedJobs.swift",
     "            if let found { batch.finished[index] = found }", "            if found == nil { continue }",
     "EngineTests"),
    ("newer-history-not-asked", "Engine/EngineCore+Submit.swift",
     "if batch.historySeen < state.releasedThrough {", "if batch.historySeen < .zero {", "EngineTests"),
    ("leaving-job-not-kept-for-the-snapshot", "JobState/JobState+Release.swift",
     "        keep(job)\n", "", "SimulationTests"),
    ("jobs-leave-though-the-file-failed", "Engine/EngineCore+History.swift",
     "            history.note(failure: reason, now: monotonic)\n            history.stage = .idle",
     "            history.note(failure: reason, now: monotonic)\n            state.beginRelease(through: lsn)\n"
     "            history.stage = .releasing", "EngineTests"),
    ("digest-forgets-who-left", "JobState/JobState+Release.swift",
     "        releasedDigest &+= digest(of: job)\n", "", "EngineTests|SimulationTests"),
    ("missing-history-not-rebuilt", "Engine/HistoryWorker.swift",
     "set.gaps(through: shared.withLock({ $0.covered })).first else {",
     "set.gaps(through: shared.withLock({ $0.covered })).first, gap.upperBound == .zero else {",
     "SimulationTests"),
    ("leaving-job-stays-in-its-list", "JobState/JobState+Release.swift",
     "        unlist(job, record)\n", "", "EngineTests"),
    ("page-goes-below-the-cut", "Engine/PageMerge.swift",
     "merged.filter { $0.submittedLSN >= cut }", "merged.filter { $0.submittedLSN >= .zero }", "EngineTests"),
    ("damaged-history-forgotten-at-once", "History/HistorySet.swift",
     "            if isLost { state.lost.append(LostRange(range: file.header.range, file: file)) }\n", "",
     "Damage to history"),
    ("recovery-lets-go-of-more-than-history-has", "Engine/HistoryLoading.swift",
     "state.releaseAll(through: min(covered, state.appliedLSN))",
     "state.releaseAll(through: state.appliedLSN)", "EngineTests|SimulationTests"),
    ("snapshot-does-not-say-who-had-left", "JobState/JobState+Encode.swift",
     "        writer.writeFixed(releasedThrough.rawValue)", "        writer.writeFixed(UInt64(0))",
     "EngineTests|SimulationTests"),
    ("snapshot-loses-counts-of-who-left", "JobState/JobState+Encode.swift",
     "walk.open.bytes.encode(types[Int(type)].released)", "walk.open.bytes.encode(ReleasedCounts())",
     "EngineTests|SimulationTests"),
    ("tick-doubled-in-autumn", "Cron/ZoneOffsets.swift",
     "return max(now, LocalTime(seconds: spans[index - 1].reached.seconds - 1))", "return now",
     "CronTests"),
    ("tick-lost-in-spring", "Cron/ZoneOffsets.swift",
     "return max(span.start, local.seconds - span.offset)", "return local.seconds - span.offset",
     "CronTests"),
    ("ticks-only-once-in-a-repeated-hour", "Cron/CronExpression+Next.swift",
     "if next < start || next > match {", "if next > match {", "CronTests"),
    ("past-tells-of-later-ends", "Engine/PastDesk.swift",
     "ended.endedThrough = kept.past.state.appliedLSN", "ended.endedThrough = LSN(rawValue: .max)",
     "PastTests"),
    ("past-begins-at-a-later-snapshot", "Engine/PastFold.swift",
     "return file.map { moment.includes($0.head.lsn, $0.head.time) } ?? false",
     "return file != nil", "PastTests"),
    ("block-not-hashed", "EventLog/SegmentTail.swift",
     "        meanwhile()\n        try file.sync()", "        try file.sync()", "EventLogTests"),
    ("dropped-before-it-is-written-down", "EventLog/LogTrimmer.swift",
     "            try file.write(lines.rawBytes, at: UInt64(dropped.byteCount))\n            try file.sync()\n",
     "            try file.write(lines.rawBytes, at: UInt64(dropped.byteCount))\n",
     "Dropping segments"),
    ("name-of-the-dropped-list-not-synced", "EventLog/LogTrimmer.swift",
     "            if dropped.byteCount == 0 { try directory.storage.syncDirectory(directory.segments) }\n", "",
     "Dropping segments"),
    ("dropped-list-trusted-unsynced", "EventLog/Recovery.swift",
     "            try file.write(lines.rawBytes, at: 0)\n            try file.sync()\n            try directory.storage.syncDirectory(directory.segments)\n            for first",
     "            try file.write(lines.rawBytes, at: 0)\n            for first", "Dropping segments"),
    ("dropped-list-unchecked", "EventLog/DroppedSegments.swift",
     "guard line[(space + 1)...].elementsEqual(String(expected, radix: 16).utf8) else {",
     "if line.isEmpty {", "The chain across what was dropped"),
    ("dropped-lines-not-chained", "EventLog/DroppedSegments.swift",
     "crc32c(bytes.rawBytes, continuing: last)", "crc32c(bytes.rawBytes)",
     "The chain across what was dropped"),
    ("anything-before-the-log-is-dropped", "EventLog/LogDirectory.swift",
     "leftovers: all.filter { listed.contains($0) }",
     "leftovers: all.filter { $0 <= dropped.lastLSN }",
     "A log whose first segments were dropped"),
    ("archive-of-another-log-replaced", "EventLog/SegmentArchive.swift",
     "guard there == wanted else { throw .archiveTaken(file: place) }\n                return try syncDirectory()",
     "if there == wanted { return try syncDirectory() }", "Dropping segments"),
    ("repair-leaves-no-snapshot", "Engine/SnapshotRepair.swift",
     "guard dropped == .zero ||", "guard true || dropped == .zero ||", "Retention"),
    ("dropped-without-a-copy", "EventLog/LogTrimmer.swift",
     "{ try store(victim, in: archive) }",
     "{ try? store(victim, in: archive) }", "Dropping segments"),
    ("archived-copy-not-read-back", "EventLog/SegmentArchive.swift",
     "        try check(writing, from: first)\n", "", "Dropping segments"),
    ("rewriting-brings-a-dropped-segment-back", "EventLog/Catalogue.swift",
     "            guard let index = index(of: packed.header.firstLSN) else { return false }\n            try unwrap(swapFiles)\n",
     "            try unwrap(swapFiles)\n            guard let index = index(of: packed.header.firstLSN) else { return false }\n",
     "A log whose first segments were dropped"),
    ("missing-history-not-asked-for", "Engine/HistoryLoading.swift",
     "        set.expect(missing)\n", "", "History that is gone at the start"),
    ("hashes-again-what-was-read-ahead", "EventLog/Recovery.swift",
     "let isHashed = !hashes || offset < hashedBytes", "let isHashed = !hashes",
     "The log with its threads"),
    ("rest-behind-a-window-not-looked-at", "EventLog/SegmentSource.swift",
     "return try isZero(from: start) ? .end : nil", "return .end",
     "A segment read window by window"),
    ("defect-told-of-a-window", "EventLog/SegmentScan.swift",
     "        try source.loadRest(from: walk.groupOffset)\n", "",
     "A segment read window by window|Damage to the log"),
    ("read-ahead-not-compared", "EventLog/Recovery+Known.swift",
     "guard walk.offset < front.byteCount else { return }", "guard walk.offset < 0 else { return }",
     "A segment read window by window"),
    ("second-look-torn-and-not-told", "EventLog/OfflineSegments.swift",
     "if settled != nil, case .torn", "if settled == nil, case .torn",
     "A segment read window by window"),
    ("second-look-taken-for-the-first", "EventLog/OfflineSegments.swift",
     ", scan.walk.offset == settled.walk.offset else", " else",
     "A segment read window by window"),
    ("newest-group-leaves-the-window", "EventLog/SegmentSource.swift",
     "try move(to: walk.groupOffset, through: end)", "try move(to: walk.offset, through: end)",
     "The log"),
    ("header-of-a-later-version-cut", "EventLog/SegmentHeader.swift",
     "if firstNonZero(rest, from: 0) != nil { later = rest.array }", "_ = rest",
     "A segment read window by window"),
    ("opens-without-what-was-dropped", "EventLog/Recovery.swift",
     "guard known >= join.end.lastLSN else {", "guard known >= join.end.lastLSN || true else {",
     "A log whose first segments were dropped"),
    ("drops-up-to-the-newest-snapshot", "Snapshots/SnapshotDirectory.swift",
     "let older = newest.last", "let older = newest.first", "SnapshotsTests"),
    ("merges-what-is-to-go-in-parts", "History/HistorySet+Merge.swift",
     "|| exceedsBounds(chosen + [file])", "|| exceedsBounds([])", "Retention"),
]


def run(*command, limit=None):
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit)


def verdict(tests):
    built = run("swift", "build", "-c", "release", "--build-tests")
    if built.returncode != 0:
        return "does not build:\n" + built.stdout[-2000:]
    try:
        tested = run("swift", "test", "-c", "release", "--skip-build", "--no-parallel", "--filter", tests,
                     limit=TEST_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return f"caught: the tests, which take seconds, were not done after {TEST_SECONDS_MAX} s"
    if tested.returncode == 0:
        return "SURVIVED: no test of " + tests + " notices"
    red = [line for line in tested.stdout.splitlines()
           if line.startswith("✘ Test \"") and " failed after " in line]
    caught = red[0].split("\"")[1] if red else "the run ended with " + str(tested.returncode)
    return f"caught by {len(red) or 1}, first: {caught}"


def main():
    wanted = sys.argv[1:]
    if run("git", "diff", "--quiet", "HEAD", "--", "Sources").returncode != 0:
        sys.exit("Sources differ from HEAD: commit them first, mutants are made in place.")
    survivors = 0
    for name, file, old, new, tests in MUTANTS:
        if wanted and name not in wanted:
            continue
        path = ROOT / "Sources" / file
        source = path.read_text()
        if source.count(old) != 1:
            result = f"does not fit {file}: mend its entry"
        else:
            try:
                path.write_text(source.replace(old, new))
                result = verdict(tests)
            finally:
                path.write_text(source)
        survivors += not result.startswith("caught")
        print(f"{name}: {result}", flush=True)
    print(f"{survivors} not caught")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
