import Engine
import JobModel
import NIOCore
import Units
import Wire

/// The calls of the API, one a route: checks what came, asks the engine, shapes the answer.
struct API: Sendable {
    let engine: Engine
    let version: String
    let limits: ServerLimits

    /// Calls the engine; its errors become refusals.
    func asking<Value>(
        _ call: () async throws(EngineError) -> Value
    ) async throws(Refusal) -> Value {
        do {
            return try await call()
        } catch {
            throw Refusal(error)
        }
    }

    /// Reads a body or a field of it; what cannot be read becomes a refusal.
    func reading<Value>(_ read: () throws(JSONFault) -> Value) throws(Refusal) -> Value {
        do {
            return try read()
        } catch {
            throw Refusal(error)
        }
    }

    /// The body of a request that may have none.
    func optionalBody<Body: RequestBody>(_ json: [UInt8]) throws(Refusal) -> Body {
        try reading { () throws(JSONFault) in
            try Body(json: json.isEmpty ? Array("{}".utf8) : json)
        }
    }

    func key(user: String, job: String) throws(Refusal) -> JobKey {
        do {
            return JobKey(user: try UserID(user), job: try JobID(job))
        } catch {
            throw Refusal(error)
        }
    }
}
