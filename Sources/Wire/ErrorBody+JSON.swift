/// `{"error":{"code":"…","message":"…"}}`.
extension ErrorBody: AnswerBody {
    package static let fieldNames = ["error"]

    /// What stands under `error`.
    private struct Content: JSONBody {
        static let fieldNames = ["code", "message", "field", "holder"]

        let body: ErrorBody

        init(_ body: ErrorBody) {
            self.body = body
        }

        init(object: JSONObject) throws(JSONFault) {
            body = ErrorBody(
                code: try object.required("code"), message: try object.required("message"),
                field: try object.optional("field"), holder: try object.optional("holder"))
        }

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("code", body.code)
                writer.member("message", body.message)
                writer.member("field", body.field)
                writer.member("holder", body.holder)
            }
        }
    }

    package init(object: JSONObject) throws(JSONFault) {
        let content: Content = try object.required("error")
        self = content.body
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { $0.member("error", Content(self)) }
    }
}

extension ErrorBody.AttemptHolder: AnswerBody {
    package static let fieldNames = ["user", "job", "status", "attempt", "worker", "token"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.required("user"), job: try object.required("job"),
            status: try object.required("status"), attempt: try object.required("attempt"),
            worker: try object.optional("worker"), token: try object.optional("token"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("job", job)
            writer.member("status", status)
            writer.member("attempt", attempt)
            writer.member("worker", worker)
            writer.member("token", token)
        }
    }
}
