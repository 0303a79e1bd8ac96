import Executor
import Testing

@Suite struct `A result location under a directory` {
    @Test(arguments: ["/srv/results/a", "/srv/results/b/c", "/srv/results/a%20b"])
    func `inside the directory for results is taken`(path: String) throws {
        _ = try ResultLocation(url: "file://\(path)", within: "/srv/results")
    }

    @Test(arguments: [
        "/srv/results2/a", "/srv/a", "/etc/passwd", "/srv/results/../a", "/srv/results/%2e%2e/a",
        "/srv",
    ])
    func `outside of it is refused, with the directory's name`(path: String) {
        let fault = #expect(throws: ResultFault.self) {
            try ResultLocation(url: "file://\(path)", within: "/srv/results/")
        }
        #expect(fault?.message.contains("/srv/results") == true)
    }
}
