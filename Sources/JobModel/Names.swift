/// Why a name, or another field that a caller gave, cannot be taken.
package struct InvalidField: Error, Equatable, Sendable {
    /// The field as the caller knows it, for instance `executionTime`.
    package let field: String
    /// What is wrong with it and what would be right, as a sentence without its subject.
    package let problem: String

    package init(field: String, problem: String) {
        self.field = field
        self.problem = problem
    }
}

/// A name that callers choose: 1 to 128 bytes of UTF-8 without control characters.
private func checked(_ text: String, field: String) throws(InvalidField) -> String {
    let count = text.utf8.count
    guard count >= 1 else {
        throw InvalidField(field: field, problem: "must not be empty: give 1 to 128 bytes")
    }
    guard count <= nameBytesMax else {
        throw InvalidField(
            field: field, problem: "is \(count) bytes long: at most \(nameBytesMax) are allowed")
    }
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw InvalidField(field: field, problem: "must not contain control characters")
    }
    return text
}

/// The longest user, job, type or worker name, in bytes of UTF-8.
package let nameBytesMax = 128

/// A name that somebody chose; equal byte by byte.
///
/// Swift's strings are equal where they look alike. Names are not: `é` in one scalar and in two are
/// two names, as they are in the log and for every client that compares bytes.
package protocol ChosenName: Hashable, Sendable, CustomStringConvertible {
    var text: String { get }
}

extension ChosenName {
    package static func == (left: Self, right: Self) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        // The pointer does not leave the closure.
        text.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
        // Ends the name, so that two names in a row cannot be cut elsewhere and hash alike.
        hasher.combine(UInt8(0xFF))
    }

    package var description: String { text }
}

/// Who a job belongs to.
package struct UserID: ChosenName {
    package let text: String

    package init(_ text: String) throws(InvalidField) {
        self.text = try checked(text, field: "user")
    }

    /// A name that was checked before: it comes from the log.
    package init(unchecked text: String) {
        self.text = text
    }
}

/// What its user calls a job; unique within the user, and so its idempotency key.
package struct JobID: ChosenName {
    package let text: String

    package init(_ text: String) throws(InvalidField) {
        self.text = try checked(text, field: "job")
    }

    /// A name that was checked before: it comes from the log.
    package init(unchecked text: String) {
        self.text = text
    }
}

/// The kind of work; workers ask for jobs by it.
package struct JobType: ChosenName {
    package let text: String

    package init(_ text: String) throws(InvalidField) {
        self.text = try checked(text, field: "type")
    }

    /// A name that was checked before: it comes from the log.
    package init(unchecked text: String) {
        self.text = text
    }
}

/// What a worker calls itself; shown to people, never compared.
package struct WorkerName: ChosenName {
    package let text: String

    package init(_ text: String) throws(InvalidField) {
        self.text = try checked(text, field: "worker")
    }

    /// A name that was checked before: it comes from the log.
    package init(unchecked text: String) {
        self.text = text
    }
}

/// The identity of a job: unique in the whole log.
package struct JobKey: Hashable, Sendable, CustomStringConvertible {
    package let user: UserID
    package let job: JobID

    package init(user: UserID, job: JobID) {
        self.user = user
        self.job = job
    }

    package var description: String { "\(user)/\(job)" }
}
