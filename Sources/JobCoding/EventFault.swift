package import ByteCoding

/// Why a record of the log is no event that this version knows.
package enum EventFault: Error, Equatable, Sendable {
    /// The bytes end too early, or a number or a text is malformed.
    case malformed(ByteFault)
    /// Written by a newer version, or no event at all.
    case unknownKind(UInt8)
    /// A field has a value that no version ever wrote.
    case invalidField(String)
    /// Bytes are left after the last field.
    case trailingBytes(Int)
}
