import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Units
import Wire

/// Finds the route of a request, calls the API and answers; turns every error into JSON.
struct Responder: HTTPResponder {
    let api: API

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        var response = try await respondWithBody(to: request, context: context)
        // Bytes behind the head would be read as the beginning of the next answer.
        if request.method == .head { response.body = ResponseBody() }
        return response
    }

    private func respondWithBody(
        to request: Request, context: ConnectionContext
    ) async throws -> Response {
        do {
            let route = try route(of: request)
            if route == .bulk { return api.bulk(request, on: context.channel) }
            return try await answer(route, to: request, context: context).response
        } catch let refusal as Refusal {
            if refusal.status.code >= 500 {
                context.logger.error(
                    "\(request.method) \(request.uri.path): \(refusal.body.message)",
                    metadata: ["code": "\(refusal.body.code)"])
            }
            let answer = Answer(refusal)
            guard refusal.endsConnection else { return answer.response }
            return answer.lastResponse(
                on: context.channel, linger: TimeAmount(api.limits.lingerTimeout))
        } catch let failure as ConnectionFailure {
            throw failure.cause
        } catch {
            context.logger.error("\(request.method) \(request.uri.path): \(error)")
            return Answer(.internalFault()).response
        }
    }

    private func route(of request: Request) throws(Refusal) -> Route {
        guard let route = Route(path: request.uri.path) else {
            throw .unknownRoute(request.uri.path)
        }
        guard route.methods.contains(request.method) else {
            throw .wrongMethod(request.method, allowed: route.methods)
        }
        return route
    }

    private func answer(
        _ route: Route, to request: Request, context: ConnectionContext
    ) async throws -> Answer {
        switch route {
        case .jobs(let user) where request.method == .post:
            return try await api.submit(user: user, body: try await body(of: request))
        case .jobs(let user):
            return try await api.list(user: user, query: request.uri.query ?? "")
        case .job(let user, let job) where request.method == .patch:
            return try await api.reschedule(
                user: user, job: job, body: try await body(of: request))
        case .job(let user, let job):
            return try await api.job(user: user, job: job, query: request.uri.query ?? "")
        case .events(let user, let job):
            return try await api.events(user: user, job: job, query: request.uri.query ?? "")
        case .cancel(let user, let job):
            return try await api.cancel(user: user, job: job)
        case .redrive(let user, let job):
            return try await api.redrive(user: user, job: job, body: try await body(of: request))
        case .why(let user, let job):
            return try await api.why(user: user, job: job)
        case .claims:
            return try await api.claim(body: try await body(of: request), on: context.channel)
        case .attempt(let token, let verb):
            return try await api.attempt(token: token, verb, body: try await body(of: request))
        case .reports: return try await api.reports(body: try await body(of: request))
        case .deadLetters: return try await api.deadLetters(query: request.uri.query ?? "")
        case .redriveMany: return try await api.redriveMany(body: try await body(of: request))
        case .controls: return try await api.controls()
        case .userControl(let user) where request.method == .delete:
            return try await api.resetControl(user: user)
        case .typeControl(let type) where request.method == .delete:
            return try await api.resetControl(type: type)
        case .everyUserControl where request.method == .delete:
            return try await api.resetControlOfEveryUser()
        case .userControl(let user):
            return try await api.control(user: user, body: try await body(of: request))
        case .typeControl(let type):
            return try await api.control(type: type, body: try await body(of: request))
        case .everyUserControl:
            return try await api.control(everyUser: try await body(of: request))
        case .bulk: preconditionFailure("a bulk submit is answered as it comes")
        case .users: return try await api.users(query: request.uri.query ?? "")
        case .stats: return try await api.stats(query: request.uri.query ?? "")
        case .snapshot: return try await api.snapshot(body: try await body(of: request))
        case .retention where request.method == .put:
            return try await api.retain(body: try await body(of: request))
        case .retention: return try await api.retention()
        case .health: return api.health()
        case .readiness: return try api.readiness()
        }
    }

    /// All bytes of a request's body.
    private func body(of request: Request) async throws -> [UInt8] {
        let bytesMax = api.limits.bodyBytesMax
        if let length = request.headers[.contentLength].flatMap(Int.init), length > bytesMax {
            throw Refusal.bodyTooLarge(bytesMax: bytesMax)
        }
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= bytesMax else {
                    throw Refusal.bodyTooLarge(bytesMax: bytesMax)
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch is ConnectionWatch.RequestTimeout {
            throw Refusal.bodyTimeout(api.limits.bodyTimeout)
        } catch {
            throw ConnectionFailure(cause: error)
        }
        return bytes
    }

    /// The client sent no HTTP, or went away: the server framework knows what to do.
    private struct ConnectionFailure: Error {
        let cause: any Error
    }
}
