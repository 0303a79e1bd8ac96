import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// The lines of one bulk submit on their way to the engine, a batch at a time.
///
/// It holds one batch: at most `JobLimits.batchItemsMax` jobs, and not many more bytes than
/// `batchBytesMax`.
struct BulkSubmission {
    /// Bytes of lines past which a batch is handed over.
    private static let batchBytesMax = 4 << 20

    private enum Entry {
        case refused(BulkOutcome)
        /// The next job of the batch.
        case job(line: Int, JobKey)
    }

    private let api: API
    private var batch: SubmissionBatch
    private var batchBytes = 0
    private var entries: [Entry] = []
    private var lineCount = 0

    init(_ api: API) {
        self.api = api
        batch = api.engine.batch(jobsExpected: JobLimits.batchItemsMax)
    }

    /// Time to `flush`.
    var isFull: Bool {
        entries.count >= JobLimits.batchItemsMax || batchBytes >= Self.batchBytesMax
    }

    /// Takes the next line; one that is wrong becomes its own outcome.
    mutating func take(_ line: LineSplitter.Line) {
        lineCount += 1
        switch line {
        case .tooLong:
            refuse(
                Refusal(
                    .contentTooLarge, "bodyTooLarge",
                    "the line is longer than \(api.limits.bodyBytesMax) bytes: a job is less"))
        case .text(let text):
            guard !text.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) else { return }
            batchBytes += text.count
            add(text)
        }
    }

    private mutating func add(_ text: [UInt8]) {
        var line: BulkLine?
        do throws(Refusal) {
            let read = try api.reading { () throws(JSONFault) in try BulkLine(json: text) }
            line = read
            let key = try api.key(user: read.user, job: read.request.job ?? JobID.makeUnique())
            batch.add(key, try read.request.content())
            entries.append(.job(line: lineCount, key))
        } catch {
            refuse(error, user: line?.user, job: line?.request.job)
        }
    }

    private mutating func refuse(_ refusal: Refusal, user: String? = nil, job: String? = nil) {
        entries.append(
            .refused(
                BulkOutcome(
                    line: lineCount, status: refusal.status.code, user: user, job: job,
                    error: refusal.body)))
    }

    /// Hands the batch over and tells what became of each of its lines, as lines of JSON.
    mutating func flush() async -> [UInt8] {
        let outcomes: Result<[SubmitOutcome], Refusal>
        do throws(EngineError) {
            outcomes = .success(try await api.engine.submit(batch))
        } catch {
            outcomes = .failure(Refusal(error))
        }
        var lines: [UInt8] = []
        var index = 0
        for entry in entries {
            switch entry {
            case .refused(let outcome): lines += outcome.json()
            case .job(let line, let key):
                lines += Self.outcome(line, key, outcomes.map { $0[index] }).json()
                index += 1
            }
            lines.append(UInt8(ascii: "\n"))
        }
        batch.removeAll()
        batchBytes = 0
        entries.removeAll(keepingCapacity: true)
        return lines
    }

    private static func outcome(
        _ line: Int, _ key: JobKey, _ result: Result<SubmitOutcome, Refusal>
    ) -> BulkOutcome {
        var outcome = BulkOutcome(
            line: line, status: 201, user: key.user.text, job: key.job.text)
        switch result.mapped {
        case .success(let (lsn, status)):
            outcome.submittedLSN = lsn.rawValue
            outcome.executionStatus = status?.name
            if status != nil { outcome.status = 200 }
        case .failure(let refusal):
            outcome.status = refusal.status.code
            outcome.error = refusal.body
        }
        return outcome
    }

    /// The last line of an answer to a request that did not come to its end.
    mutating func end(with refusal: Refusal) -> [UInt8] {
        BulkOutcome(
            line: lineCount + 1, status: refusal.status.code, error: refusal.body
        ).json() + [UInt8(ascii: "\n")]
    }
}

extension Result where Success == SubmitOutcome, Failure == Refusal {
    /// Where the job is, and how it stands if it was there already.
    fileprivate var mapped: Result<(LSN, ExecutionStatus?), Refusal> {
        flatMap { outcome in
            switch outcome {
            case .new(let lsn): .success((lsn, nil))
            case .existing(let lsn, let status): .success((lsn, status))
            case .rejected(let rejection): .failure(Refusal(rejection))
            }
        }
    }
}
