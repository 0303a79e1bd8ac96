package import ByteCoding
package final class PayloadDictionary: Sendable {}
package final class PayloadDictionaries: Sendable {
  package init() {}
  package func dictionary(for: String) -> PayloadDictionary? { nil }
  package func dictionary(for: RawSpan) -> PayloadDictionary? { nil }
  package func note(_ p: RawSpan, ofType: RawSpan) {}
  package func unpack(_ p: RawSpan, ofType: String, rawByteCount: Int) -> [UInt8] { [] }
}
package struct PayloadPacker: Sendable {
  package init() {}
  package mutating func pack(_ p: RawSpan, with: PayloadDictionary, into: inout ByteWriter) -> Bool { false }
}
