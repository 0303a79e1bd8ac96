package import ByteCoding
package import JobModel
import Units

extension JobPolicy {
    /// Reads a policy that fills `bytes`: five spans and counts, then the content type.
    package init(decoding bytes: RawSpan) throws(EventFault) {
        self = try decoding(bytes) { reader throws in
            let maxRetries = try reader.readCount()
            let initial = try reader.readSpan()
            let factor = try reader.readSmall("backoff factor")
            let longest = try reader.readSpan()
            let jitter = try reader.readSmall("backoff jitter")
            guard jitter <= JobLimits.backoffJitterPercentMax else {
                throw EventFault.invalidField("backoff jitter")
            }
            let lease = try reader.readSpan()
            let runLimit = try reader.readSpan()
            let leaseExpiriesMax = try reader.readCount()
            return JobPolicy(
                maxRetries: maxRetries,
                backoff: Backoff(
                    initial: initial, factorPercent: factor, max: longest, jitterPercent: jitter),
                leaseDuration: lease, runLimit: runLimit == .zero ? nil : runLimit,
                leaseExpiriesMax: leaseExpiriesMax,
                contentType: try reader.readString(count: reader.remaining))
        }
    }

    /// Writes the policy; equal policies are equal bytes.
    package func encode(into writer: inout ByteWriter) {
        // What nearly all jobs have is a copy, a quarter of the time.
        if self == .standard { return writer.write(Self.standardBytes) }
        encodeFields(into: &writer)
    }

    private static let standardBytes: [UInt8] = {
        var writer = ByteWriter()
        JobPolicy.standard.encodeFields(into: &writer)
        return writer.bytes.array
    }()

    private func encodeFields(into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(maxRetries))
        writer.write(backoff.initial)
        writer.writeVarint(UInt64(backoff.factorPercent))
        writer.write(backoff.max)
        writer.writeVarint(UInt64(backoff.jitterPercent))
        writer.write(leaseDuration)
        writer.write(runLimit ?? .zero)
        writer.writeVarint(UInt64(leaseExpiriesMax))
        writer.write(utf8: contentType)
    }
}

extension ByteReader {
    mutating func readSmall(_ name: String) throws -> UInt32 {
        guard let value = UInt32(exactly: try readVarint()) else {
            throw EventFault.invalidField(name)
        }
        return value
    }
}

extension ByteWriter {
    mutating func write(_ span: TimeSpan) {
        writeVarint(UInt64(span.microseconds))
    }
}

/// Reads a value that fills `bytes`, with every fault told as an `EventFault`.
func decoding<Value>(
    _ bytes: RawSpan, _ body: (inout ByteReader) throws -> Value
) throws(EventFault) -> Value {
    var reader = ByteReader(bytes)
    let value: Value
    do {
        value = try body(&reader)
    } catch let fault as ByteFault {
        throw .malformed(fault)
    } catch let fault as EventFault {
        throw fault
    } catch {
        preconditionFailure("the reader throws nothing else: \(error)")
    }
    guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
    return value
}
