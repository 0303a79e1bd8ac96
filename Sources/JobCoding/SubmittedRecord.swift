public import ByteCoding
package import JobModel
public import Units

/// A `submitted` event as its bytes: the fields are found where they lie, nothing is copied.
///
/// ```
/// 0 kind:1 · 1 time:8 · 9 keyHash:4 · 13 flags:1 · 14 priority:1 · 15 userBytes:1 · 16 jobBytes:1
/// 17 typeBytes:1 · 18 policyBytes:1 · 19 recurrenceBytes:2 · 21 locationBytes:2 · 23 payloadBytes:4
/// 27 executionTime:8 · 35 expiresAt:8 · 43 user job type policy recurrence location payload
/// [firstTick:8, of a recurring job]
/// ```
@usableFromInline
package struct SubmittedRecord: ~Escapable {
    @usableFromInline
    package let bytes: RawSpan
    @usableFromInline
    package let time: WallTime

    /// Offset of the event's time, which is filled in when the writer takes the record.
    package static let timeOffset = 1
    package static let keyHashOffset = 9
    /// Offset of the user, behind which the job lies.
    package static let keyOffset = 43

    /// Looks at the lengths, which must add up to the record's.
    ///
    /// - Parameters:
    ///   - bytes: Of the event.
    ///   - now: Its time, where that is not filled in yet.
    /// - Throws: What is wrong with the bytes.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan, at now: WallTime? = nil) throws(EventFault) {
        self.bytes = bytes
        guard bytes.byteCount >= 43 else {
            throw .malformed(.truncated(offsetBytes: bytes.byteCount))
        }
        time = now ?? WallTime(microseconds: bytes.fixed(at: Self.timeOffset))
        let rest = bytes.byteCount - payloadOffset - payloadBytes - (recurrenceBytes > 0 ? 8 : 0)
        guard rest >= 0 else { throw .malformed(.truncated(offsetBytes: bytes.byteCount)) }
        guard rest == 0 else { throw .trailingBytes(rest) }
        guard flags & ~3 == 0 else { throw .invalidField("flags") }
        guard userBytes > 0, jobBytes > 0, typeBytes > 0 else { throw .invalidField("name") }
        guard payloadBytes <= 65_536 else { throw .invalidField("payload") }
        guard locationBytes <= 1_024 else { throw .invalidField("result location") }
        for time in [time, executionTime ?? .earliest, expiresAt ?? .earliest] {
            guard time >= .earliest, time <= .latest else { throw .invalidField("time") }
        }
        guard flags & 1 != 0 || bytes.fixed(at: 27, as: Int64.self) == 0 else {
            throw .invalidField("execution time")
        }
        guard flags & 2 != 0 || bytes.fixed(at: 35, as: Int64.self) == 0 else {
            throw .invalidField("expiry")
        }
    }

    @inlinable
    package var keyHash: UInt32 { bytes.fixed(at: 9) }
    @usableFromInline
    var flags: UInt8 { bytes.fixed(at: 13) }
    @inlinable
    package var priority: UInt8 { bytes.fixed(at: 14) }

    /// Nil: at once.
    @inlinable
    package var executionTime: WallTime? {
        flags & 1 == 0 ? nil : WallTime(microseconds: bytes.fixed(at: 27))
    }
    @inlinable
    package var expiresAt: WallTime? {
        flags & 2 == 0 ? nil : WallTime(microseconds: bytes.fixed(at: 35))
    }
    /// Of a recurring job; nil of any other.
    package var firstTick: WallTime? {
        recurrenceBytes == 0
            ? nil : WallTime(microseconds: bytes.fixed(at: bytes.byteCount - 8))
    }

    @inlinable
    package var userBytes: Int { Int(bytes.fixed(at: 15, as: UInt8.self)) }
    @inlinable
    package var jobBytes: Int { Int(bytes.fixed(at: 16, as: UInt8.self)) }
    @inlinable
    package var typeBytes: Int { Int(bytes.fixed(at: 17, as: UInt8.self)) }
    @inlinable
    package var policyBytes: Int { Int(bytes.fixed(at: 18, as: UInt8.self)) }
    @inlinable
    package var recurrenceBytes: Int { Int(bytes.fixed(at: 19, as: UInt16.self)) }
    @inlinable
    package var locationBytes: Int { Int(bytes.fixed(at: 21, as: UInt16.self)) }
    @inlinable
    package var payloadBytes: Int { Int(bytes.fixed(at: 23, as: UInt32.self)) }

    @usableFromInline
    var jobOffset: Int { 43 + userBytes }
    @usableFromInline
    var typeOffset: Int { jobOffset + jobBytes }
    @usableFromInline
    var policyOffset: Int { typeOffset + typeBytes }
    @usableFromInline
    var recurrenceOffset: Int { policyOffset + policyBytes }
    @usableFromInline
    var locationOffset: Int { recurrenceOffset + recurrenceBytes }
    @usableFromInline
    var payloadOffset: Int { locationOffset + locationBytes }

    @inlinable
    package var user: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(43..<jobOffset) }
    }
    @inlinable
    package var job: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(jobOffset..<typeOffset) }
    }
    /// User and job, one behind the other: what the key's hash is made of.
    @inlinable
    package var key: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(43..<typeOffset) }
    }
    @inlinable
    package var type: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(typeOffset..<policyOffset) }
    }
    @inlinable
    package var policy: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(policyOffset..<recurrenceOffset) }
    }
    package var recurrence: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(recurrenceOffset..<locationOffset) }
    }
    @inlinable
    package var location: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(locationOffset..<payloadOffset) }
    }
    @inlinable
    package var payload: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(payloadOffset..<payloadOffset + payloadBytes) }
    }
    /// Type and policy, one behind the other: what many jobs share.
    @inlinable
    package var typeAndPolicy: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(typeOffset..<recurrenceOffset) }
    }
    /// What two submits of one key are compared by, beside the fixed fields: all but key and tick.
    @inlinable
    package var contentTail: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(typeOffset..<payloadOffset + payloadBytes) }
    }
    /// The fixed fields that are part of the content, with all lengths.
    @inlinable
    package var contentHead: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(13..<43) }
    }
}

extension SubmittedRecord {
    /// The names, as values.
    package func keyValue() throws(EventFault) -> JobKey {
        JobKey(
            user: UserID(unchecked: try Self.text(user)), job: JobID(unchecked: try Self.text(job)))
    }

    /// Everything that the caller said, as values.
    package func content() throws(EventFault) -> JobContent {
        var recurrence: Recurrence?
        if recurrenceBytes > 0 { recurrence = try Recurrence(decoding: self.recurrence) }
        return JobContent(
            type: JobType(unchecked: try Self.text(type)), executionTime: executionTime,
            expiresAt: expiresAt, priority: priority, payload: payload.array,
            resultLocation: locationBytes == 0 ? nil : try Self.text(location),
            policy: try JobPolicy(decoding: policy), recurrence: recurrence)
    }

    private static func text(_ bytes: RawSpan) throws(EventFault) -> String {
        var reader = ByteReader(bytes)
        do throws(ByteFault) {
            return try reader.readString(count: bytes.byteCount)
        } catch {
            throw .malformed(error)
        }
    }
}
