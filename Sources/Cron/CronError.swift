/// Why a text is no cron expression or no time zone; its description is for whoever wrote the text.
package enum CronError: Error, Hashable {
    /// Neither five fields nor six.
    case fieldCount(Int)
    /// More than `CronExpression.bytesMax` bytes.
    case tooLong(bytes: Int)
    /// Begins with `@` and is none of the nicknames.
    case unknownNickname(String)
    /// A number that its field does not have.
    case outOfRange(CronField, String)
    /// A step that is zero or longer than the field.
    case stepOutOfRange(CronField, String)
    /// `5-1`.
    case backwards(CronField, String)
    /// Nothing that the field can hold.
    case notUnderstood(CronField, String)
    /// No IANA name of a time zone; `suggestion` is one that differs in case only.
    case unknownZone(String, suggestion: String?)
}

extension CronError: CustomStringConvertible {
    /// Names the field, what is wrong with it and what would be right.
    package var description: String {
        switch self {
        case .fieldCount(let count):
            "\(count) fields: a cron expression has five (minute hour day-of-month month "
                + "day-of-week), or six with seconds first"
        case .tooLong(let bytes):
            "\(bytes) bytes: a cron expression has at most \(CronExpression.bytesMax)"
        case .unknownNickname(let text):
            "'\(text)' is not known: there are \(CronExpression.nicknames.joined(separator: ", "))"
        case .outOfRange(let field, let text):
            "\(field.name) '\(text)' is out of range: \(field.bounds)"
        case .stepOutOfRange(let field, let text):
            "\(field.name) step '\(text)' is out of range: 1 to \(field.stepMax)"
        case .backwards(let field, let text):
            "\(field.name) '\(text)' runs backwards: write two ranges, as in \(field.twoRanges)"
        case .notUnderstood(let field, let text):
            "\(field.name) '\(text)' is not understood: it takes \(field.grammar)"
        case .unknownZone(let name, let suggestion?):
            "time zone '\(name)' is not known: did you mean '\(suggestion)'?"
        case .unknownZone(let name, nil):
            "time zone '\(name)' is not known: give an IANA name, such as Europe/Berlin or UTC"
        }
    }
}
