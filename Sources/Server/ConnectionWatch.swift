import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Units

/// Watches one connection from its event loop: requests that never end, clients that have gone,
/// bytes that are no HTTP.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    /// A request has taken too long to arrive; thrown to whoever reads its body.
    struct RequestTimeout: Error {}

    private let limits: ServerLimits
    /// When the request that is arriving must be complete; nil between requests.
    private var deadline: NIODeadline?
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
        case .head:
            deadline = .now() + TimeAmount(limits.bodyTimeout)
            setTimer(context: context)
        case .body: break
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

    private func clientHasGone() {
        isGone = true
        onGone?()
        onGone = nil
    }
}
