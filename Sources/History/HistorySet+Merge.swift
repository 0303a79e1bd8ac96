import Storage
import Synchronization
import Units

extension HistorySet {
    /// Takes the merging of small files a step further; false where there is nothing to merge.
    ///
    /// For a thread in the background, at the pace it likes. A failure leaves the files as they were,
    /// and the next step begins anew; a source that is damaged is set aside.
    /// - Parameter byteBudget: About so many bytes are written, but for the last step of a merge, which
    ///   adds the indexes and reads the file back.
    /// - Returns: Whether there is more to do.
    /// - Throws: `HistoryError` if the disk fails.
    package func mergeStep(byteBudget: Int) throws(HistoryError) -> Bool {
        try merge.withLock { merge throws(HistoryError) in
            if merge == nil { merge = try begin() }
            guard var running = merge else { return false }
            merge = nil
            do throws(HistoryError) {
                if try running.step(byteBudget: byteBudget) {
                    try finish(&running)
                } else {
                    merge = running
                }
            } catch {
                running.draft.removeLeftover()
                try reading { () throws(HistoryError) in throw error }
            }
            return true
        }
    }

    private func begin() throws(HistoryError) -> HistoryMerge? {
        let sources = MergeChoice(options, bounds).sources(of: files)
        guard let first = sources.first, let last = sources.last else { return nil }
        let header = HistoryHeader(
            log: log, range: first.header.range.lowerBound...last.header.range.upperBound,
            salt: options.makeSalt(), rows: sources.reduce(0) { $0 + $1.header.rows })
        return try reading { () throws(HistoryError) in
            try HistoryMerge(sources, draft: draft(header))
        }
    }

    /// Swaps the merged file for its sources, in the directory and for readers.
    private func finish(_ merge: inout HistoryMerge) throws(HistoryError) {
        try merge.finish()
        let file = try merge.draft.checked()
        guard try swap(merge.sources, for: file, merge.draft) else {
            // One of them was dropped or set aside meanwhile.
            return merge.draft.removeLeftover()
        }
        // Their names may go only when that of the merged file is sure to stay.
        try directory.sync()
        for source in merge.sources { try directory.remove(source.path) }
        try directory.sync()
    }

    private func swap(
        _ sources: [HistoryFile], for file: HistoryFile, _ draft: HistoryDraft
    ) throws(HistoryError) -> Bool {
        try state.withLock { state throws(HistoryError) in
            guard let place = state.files.firstIndex(where: { $0 === sources[0] }),
                place + sources.count <= state.files.count,
                zip(sources, state.files[place...]).allSatisfy({ $0 === $1 })
            else { return false }
            try draft.name()
            state.files.replaceSubrange(place..<place + sources.count, with: [file])
            return true
        }
    }
}

/// Which files are merged next: neighbours of about one size, the smallest first.
///
/// A row is written again once for each step in size, so `log(rowsMax / rows of a segment)` to the
/// base of `fanIn` times in all.
struct MergeChoice {
    private let options: HistoryOptions
    private let bounds: MergeBounds
    /// Files up to this size count as equal.
    private static let smallRows = 4_096

    init(_ options: HistoryOptions, _ bounds: MergeBounds) {
        self.options = options
        self.bounds = bounds
    }

    func sources(of files: [HistoryFile]) -> [HistoryFile] {
        let tiers = files.map { tier($0.header.rows) }
        for tier in Set(tiers).sorted() where tier < Int.max {
            for run in runs(files, upTo: tier, tiers) {
                let sources = fill(files[run])
                if !sources.isEmpty { return sources }
            }
        }
        return []
    }

    private func tier(_ rows: Int) -> Int {
        guard options.mayMerge(rows: rows) else { return .max }
        var tier = 0
        var size = Self.smallRows
        while size < rows {
            size *= options.fanIn
            tier += 1
        }
        return tier
    }

    /// Stretches of files of the tier or a lower one, between which no LSN is missing.
    private func runs(_ files: [HistoryFile], upTo tier: Int, _ tiers: [Int]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        for place in files.indices {
            let follows =
                place > start
                && files[place - 1].header.range.upperBound.next
                    == files[place].header.range.lowerBound
            if tiers[place] > tier || !follows {
                runs.append(start..<place)
                start = tiers[place] > tier ? place + 1 : place
            }
        }
        runs.append(start..<max(start, files.count))
        return runs.filter { $0.count > 1 }
    }

    /// The oldest of the run, as many as make a file worth while, or as the bounds allow; none if there are too few.
    private func fill(_ run: ArraySlice<HistoryFile>) -> [HistoryFile] {
        var chosen: [HistoryFile] = []
        var rows = 0
        for file in run {
            let isBounded = exceedsBounds(chosen + [file])
            if isBounded || rows + file.header.rows > options.rowsMax {
                if chosen.count > 1, isBounded || !options.mayMerge(rows: rows) { return chosen }
                chosen = []
                rows = 0
            }
            chosen.append(file)
            rows += file.header.rows
            if chosen.count == options.fanIn { return chosen }
        }
        return []
    }

    private func exceedsBounds(_ files: [HistoryFile]) -> Bool {
        guard let first = files.map(\.footer.oldestFinish).min(),
            let last = files.map(\.footer.newestFinish).max()
        else { return false }
        let bytes = files.reduce(0) { $0 + $1.footer.fileBytes }
        return last.span(since: first) > bounds.span ?? last.span(since: first)
            || bytes > bounds.bytesMax ?? bytes
    }
}
