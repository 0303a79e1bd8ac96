/// Position of a record in the log: records counted from 1.
///
/// Zero: nothing is there yet.
@usableFromInline
package struct LSN: RawRepresentable, Comparable, Hashable, Sendable {
    @usableFromInline
    package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// The position before the first record.
    @inlinable
    package static var zero: Self { LSN(rawValue: 0) }

    /// The position that follows this one.
    @inlinable
    package var next: LSN { LSN(rawValue: rawValue + 1) }

    /// How many records lie after `earlier`, up to and with this one.
    ///
    /// - Precondition: `earlier` is not after this position.
    @inlinable
    package func distance(from earlier: LSN) -> UInt64 {
        rawValue - earlier.rawValue
    }

    /// The position `count` records further on.
    @inlinable
    package func advanced(by count: UInt64) -> LSN {
        LSN(rawValue: rawValue + count)
    }

    @inlinable
    package static func < (left: LSN, right: LSN) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension LSN: CustomStringConvertible {
    @usableFromInline
    package var description: String { String(rawValue) }
}
