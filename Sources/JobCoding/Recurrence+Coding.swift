package import ByteCoding
package import JobModel
import Units

extension Recurrence {
    /// Reads a recurrence that fills `bytes`.
    package init(decoding bytes: RawSpan) throws(EventFault) {
        self = try JobCoding.decoding(bytes) { reader throws in
            guard let overlap = OverlapPolicy(rawValue: try reader.readFixed()) else {
                throw EventFault.invalidField("overlap")
            }
            let missed = try MissedTickPolicy(reading: &reader)
            return Recurrence(
                rule: try RecurrenceRule(reading: &reader), overlap: overlap, missed: missed)
        }
    }

    /// Writes the recurrence; equal ones are equal bytes.
    package func encode(into writer: inout ByteWriter) {
        writer.writeFixed(overlap.rawValue)
        missed.encode(into: &writer)
        switch rule {
        case .fixedRate(let interval):
            writer.writeFixed(RecurrenceRule.fixedRateNumber)
            writer.write(interval)
        case .fixedDelay(let interval):
            writer.writeFixed(RecurrenceRule.fixedDelayNumber)
            writer.write(interval)
        case .cron(let expression, let zone):
            writer.writeFixed(RecurrenceRule.cronNumber)
            writer.writeVarint(UInt64(expression.utf8.count))
            writer.write(utf8: expression)
            writer.write(utf8: zone)
        }
    }
}

extension RecurrenceRule {
    static let fixedRateNumber: UInt8 = 0
    static let fixedDelayNumber: UInt8 = 1
    static let cronNumber: UInt8 = 2

    fileprivate init(reading reader: inout ByteReader) throws {
        let number: UInt8 = try reader.readFixed()
        switch number {
        case Self.fixedRateNumber: self = .fixedRate(try reader.readInterval())
        case Self.fixedDelayNumber: self = .fixedDelay(try reader.readInterval())
        case Self.cronNumber:
            let expression = try reader.readString(count: reader.readCount())
            self = .cron(expression, zone: try reader.readString(count: reader.remaining))
        default: throw EventFault.invalidField("recurrence rule")
        }
    }
}

extension MissedTickPolicy {
    fileprivate init(reading reader: inout ByteReader) throws {
        switch try reader.readFixed(UInt8.self) {
        case 0: self = .skip
        case 1: self = .once
        case 2:
            let max = try reader.readCount()
            guard max <= JobLimits.catchUpMax else {
                throw EventFault.invalidField("missed-tick policy")
            }
            self = .all(max: max)
        default: throw EventFault.invalidField("missed-tick policy")
        }
    }

    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .skip: writer.writeFixed(UInt8(0))
        case .once: writer.writeFixed(UInt8(1))
        case .all(let max):
            writer.writeFixed(UInt8(2))
            writer.writeVarint(UInt64(max))
        }
    }
}

extension ByteReader {
    fileprivate mutating func readInterval() throws -> TimeSpan {
        let interval = try readSpan()
        guard interval >= JobLimits.intervalMin else {
            throw EventFault.invalidField("recurrence interval")
        }
        return interval
    }
}
