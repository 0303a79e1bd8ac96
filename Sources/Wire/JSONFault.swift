/// Why bytes are not the JSON that was wanted.
package struct JSONFault: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// The bytes are no JSON at all.
        case syntax
        /// They are JSON, but a field is missing, unknown, there twice or of the wrong kind.
        case field
    }

    package let kind: Kind
    /// Path of the field, for instance `backoff.factor` or `types[2]`; empty: the whole body.
    package private(set) var field: String
    /// Where in the bytes, counted from 0.
    package let offsetBytes: Int
    /// What is wrong, as a sentence without its subject.
    package let problem: String

    package init(kind: Kind, field: String = "", offsetBytes: Int, problem: String) {
        self.kind = kind
        self.field = field
        self.offsetBytes = offsetBytes
        self.problem = problem
    }

    /// The same fault seen from around `outer`, a field's name or an index such as `[2]`.
    func inside(_ outer: String) -> JSONFault {
        var fault = self
        let isSubscript = field.isEmpty || field.hasPrefix("[")
        fault.field = isSubscript ? outer + field : "\(outer).\(field)"
        return fault
    }
}

extension JSONFault: CustomStringConvertible {
    package var description: String {
        let subject = field.isEmpty ? "the body" : "'\(field)'"
        return "\(subject) \(problem) (at byte \(offsetBytes))"
    }
}
