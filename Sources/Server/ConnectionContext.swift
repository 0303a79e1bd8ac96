import Hummingbird
import Logging
import NIOCore

/// What a request needs to know of the connection that it came by.
struct ConnectionContext: InitializableFromSource {
    let channel: any Channel
    let logger: Logger

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        logger = source.logger
    }
}
