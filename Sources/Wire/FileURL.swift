/// A `file:` URL of one file on this machine: where a result goes.
///
/// All on bytes: a combining mark behind a '/' makes another character of it, but no other path.
package struct FileURL: Equatable, Sendable {
    /// Absolute, without `..` and without a slash at its end.
    package let path: String

    /// Reads `file:///path`, `file://localhost/path` or `file:/path`; nil for anything else.
    package init?(_ text: String) {
        let scheme = Array("file:".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count > scheme.count,
            zip(bytes, scheme).allSatisfy({ $0 | 0x20 == $1 || $0 == $1 })
        else { return nil }
        var rest = bytes.dropFirst(scheme.count)
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            if rest.starts(with: "localhost/".utf8) {
                rest = rest.dropFirst("localhost".utf8.count)
            }
        }
        guard rest.starts(with: "/".utf8), !rest.starts(with: "//".utf8),
            !rest.contains(UInt8(ascii: "?")), !rest.contains(UInt8(ascii: "#")),
            let path = PercentCoding.decode(String(decoding: rest, as: UTF8.self)),
            path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            path.utf8.last != UInt8(ascii: "/"),
            !Self.parts(of: path).contains("..")
        else { return nil }
        self.path = path
    }

    /// Whether the file lies in `directory` or in one below it; by name, links are not followed.
    package func isInside(_ directory: String) -> Bool {
        let parts = Self.parts(of: path)
        let above = Self.parts(of: directory)
        return parts.count > above.count && parts.starts(with: above)
    }

    /// The directory that the file lies in.
    package var directory: String {
        "/" + Self.parts(of: path).dropLast().map(\.text).joined(separator: "/")
    }

    /// The directory and all above it, from the root on, without the root.
    package var directories: [String] {
        var paths: [String] = []
        for part in Self.parts(of: path).dropLast() {
            paths.append((paths.last ?? "") + "/" + part.text)
        }
        return paths
    }

    private static func parts(of path: String) -> [Part] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { Part(bytes: Array($0)) }
    }

    /// One name of a path; equal only byte by byte.
    private struct Part: Equatable, ExpressibleByStringLiteral {
        let bytes: [UInt8]

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        init(stringLiteral text: StaticString) {
            bytes = Array("\(text)".utf8)
        }

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }
}
