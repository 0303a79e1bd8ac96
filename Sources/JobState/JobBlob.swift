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

    var byteCount: Int {
        Self.headBytes + jobBytes + locationBytes + storedPayloadBytes
    }

    private var lengths: UInt64 {
        UInt64(rawPayloadBytes) | UInt64(storedPayloadBytes) << 17 | UInt64(locationBytes) << 34
    }

    /// The head, as it is written.
    var head: (UInt64, UInt32, UInt16) {
        (contentHash, UInt32(truncatingIfNeeded: lengths), UInt16(lengths >> 32))
    }

    /// The same without its payload: what stays of a job that has ended.
    var withoutPayload: JobBlob {
        JobBlob(
            contentHash: contentHash, jobBytes: jobBytes, locationBytes: locationBytes,
            rawPayloadBytes: 0, storedPayloadBytes: 0)
    }
}
