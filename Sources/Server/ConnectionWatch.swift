import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Units
import Wire

/// Watches one connection from its event loop: requests that never end, clients that have gone,
/// bytes that are no HTTP.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// A request has taken too long to arrive; thrown to whoever reads its body.
    struct RequestTimeout: Error {}

    private let limits: ServerLimits
    /// When the request that is arriving must be complete; nil between requests.
    private var deadline: NIODeadline?
    private var isBulk = false
    private var timer: Scheduled<Void>?
    private var isGone = false
    private var onGone: (() -> Void)?

    init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Calls `body` once, when the client has closed its side or at once if it has; keeps one.
    func whenGone(_ body: @escaping () -> Void) {
        if isGone { body() } else { onGone = body }
    }

    /// Forgets what `whenGone` was given.
    func forgetWhenGone() {
        onGone = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isBulk = head.path?.hasPrefix("/v1/jobs") == true
            deadline = .now() + TimeAmount(limits.bodyTimeout)
            setTimer(context: context)
        case .body:
            // A bulk submit may be of any length: only standing still ends it.
            if isBulk { deadline = .now() + TimeAmount(limits.bodyTimeout) }
        case .end: deadline = nil
        }
        context.fireChannelRead(data)
    }

    /// One timer a connection, set anew only when it fires: requests come far more often than that.
    private func setTimer(context: ChannelHandlerContext) {
        guard timer == nil, let deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timer = nil
            self.timerFired(context: context)
        }
    }

    private func timerFired(context: ChannelHandlerContext) {
        guard let deadline else { return }
        guard deadline <= .now() else { return setTimer(context: context) }
        self.deadline = nil
        context.fireErrorCaught(RequestTimeout())
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { clientHasGone() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        clientHasGone()
        context.fireChannelInactive()
    }

    /// Gives a body to the one answer that the server framework makes itself.
    ///
    /// It is the one to bytes that are no HTTP; no answer of ours is without a body.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentLength] == "0"
        else { return context.write(data, promise: promise) }
        let body = context.channel.allocator.buffer(bytes: Refusal.malformedHTTP.body.json())
        head.headerFields[.contentLength] = String(body.readableBytes)
        head.headerFields[.contentType] = "application/json"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
    }

    private func clientHasGone() {
        isGone = true
        onGone?()
        onGone = nil
    }
}
