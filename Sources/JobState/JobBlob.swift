import ByteCoding
import Tables

/// The bytes that a job keeps beside its record:
/// `contentHash:8 rawPayload:17 bits storedPayload:17 bits location:11 bits job location payload`.
///
/// A stored payload shorter than the raw one is packed with the dictionary of the job's type.
struct JobBlob {
    let contentHash: UInt64
    let jobBytes: Int
    let locationBytes: Int
    /// Bytes of the payload as it was submitted.
    let rawPayloadBytes: Int
    /// Bytes that it takes here.
    let storedPayloadBytes: Int

    static let headBytes = 14

    /// Stored payloads up to so many bytes stay while their job is in memory, though it has ended.
    static let smallPayloadBytes = 256

    var byteCount: Int {
        Self.headBytes + jobBytes + locationBytes + storedPayloadBytes
    }

    var locationOffset: Int { Self.headBytes + jobBytes }

    var payloadOffset: Int { locationOffset + locationBytes }

    fileprivate var lengths: UInt64 {
        UInt64(rawPayloadBytes) | UInt64(storedPayloadBytes) << 17 | UInt64(locationBytes) << 34
    }

    /// The same without its payload: what stays of a job that has ended.
    var withoutPayload: JobBlob {
        JobBlob(
            contentHash: contentHash, jobBytes: jobBytes, locationBytes: locationBytes,
            rawPayloadBytes: 0, storedPayloadBytes: 0)
    }
}

extension BlobStore {
    func blob(of job: JobRecord) -> JobBlob {
        let head = bytes(job.blob, byteCount: JobBlob.headBytes)
        let lengths =
            UInt64(head.fixed(at: 8, as: UInt32.self))
            | UInt64(head.fixed(at: 12, as: UInt16.self)) << 32
        return JobBlob(
            contentHash: head.fixed(at: 0), jobBytes: Int(job.jobBytes),
            locationBytes: Int(lengths >> 34 & 0x7FF), rawPayloadBytes: Int(lengths & 0x1_FFFF),
            storedPayloadBytes: Int(lengths >> 17 & 0x1_FFFF))
    }

    /// The job's id, result location and payload, side by side.
    @_lifetime(borrow self)
    func content(of job: JobRecord, _ blob: JobBlob) -> RawSpan {
        let all = bytes(job.blob, byteCount: blob.byteCount)
        // A part of what the store has lent, for as long.
        return unsafe _overrideLifetime(
            all.extracting(JobBlob.headBytes...), borrowing: self)
    }

    /// The job's id.
    @_lifetime(borrow self)
    func name(of job: JobRecord) -> RawSpan {
        let start = JobBlob.headBytes
        let all = bytes(job.blob, byteCount: start + Int(job.jobBytes))
        // A part of what the store has lent, for as long.
        return unsafe _overrideLifetime(all.extracting(start...), borrowing: self)
    }

    @_lifetime(borrow self)
    func location(of job: JobRecord) -> RawSpan {
        let blob = blob(of: job)
        let all = bytes(job.blob, byteCount: blob.locationOffset + blob.locationBytes)
        // As above.
        return unsafe _overrideLifetime(all.extracting(blob.locationOffset...), borrowing: self)
    }

    /// The payload as it is kept.
    @_lifetime(borrow self)
    func payload(of job: JobRecord) -> RawSpan {
        let blob = blob(of: job)
        let all = bytes(job.blob, byteCount: blob.byteCount)
        // As above.
        return unsafe _overrideLifetime(all.extracting(blob.payloadOffset...), borrowing: self)
    }

    /// Makes room for the bytes of a job and writes their head; names and payload follow.
    mutating func begin(_ job: JobBlob) -> UInt32 {
        let blob = allocate(byteCount: job.byteCount)
        store(job.contentHash, to: blob, byteCount: job.byteCount, at: 0)
        store(
            UInt32(truncatingIfNeeded: job.lengths), to: blob, byteCount: job.byteCount, at: 8)
        store(UInt16(job.lengths >> 32), to: blob, byteCount: job.byteCount, at: 12)
        return blob
    }
}
