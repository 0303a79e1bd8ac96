/// What kind of bytes a media type stands for, as far as JSON is concerned.
package enum PayloadKind {
    /// Shown as it is.
    case json
    /// `text/…`: shown as a JSON string.
    case text
    /// Shown in base64.
    case bytes

    package init(contentType: String) {
        let type = contentType.prefix { $0 != ";" }.lowercased()
            .trimmingSuffix { $0 == " " }
        if type == "application/json" || type.hasSuffix("+json") {
            self = .json
        } else if type.hasPrefix("text/") {
            self = .text
        } else {
            self = .bytes
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        String(reversed().drop(while: predicate).reversed())
    }
}
