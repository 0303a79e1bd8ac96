import Client

/// The connections to a daemon: one pool for those who submit and one for the workers.
///
/// They are apart because a queue of submits that wait for a connection must not hold up the workers:
/// in the world they are different programs.
package struct LoadClients: Sendable {
    let submitters: DaybookClient
    let workers: DaybookClient

    /// - Parameter address: `http://host:port`.
    package init(address: String) {
        // Together below the 1 024 open files that a process may have by default.
        submitters = DaybookClient(address: address, connectionsMax: 512)
        workers = DaybookClient(address: address, connectionsMax: 256)
    }

    /// Fails unless the daemon is there and takes work.
    package func requireReady() async throws(LoadError) {
        guard await submitters.isReady() else {
            throw .daemon(
                "no daemon is ready at \(submitters.address): start one with 'daybook serve', "
                    + "or leave --server out to have one started")
        }
    }

    /// Closes the connections; no call may be under way.
    package func shutdown() async {
        await submitters.shutdown()
        await workers.shutdown()
    }
}
