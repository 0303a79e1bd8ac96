import Client
import Foundation
import TestKit
import Testing

/// Calls of the system fail in the real daemon, by a library that stands before libc.
@Suite(.timeLimit(.minutes(5)))
struct `A daemon whose calls fail` {
    private let directory: TemporaryDirectory
    private let ledger = JobLedger()
    private var data: String { directory.file("data") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test(arguments: [EIO, ENOSPC])
    func
        `says after a failed sync that the outcome is unknown, writes nothing more and ends with 80`(
            failure: Int32
        ) async throws
    {
        try await whereAvailable {
            let calls = try await FailingCalls(
                .fdatasync, errno: failure, source: faultTool("failcalls.c"))
            let daemon = try await start(calls)
            let refusals = try await ledger.submitUntilRefused(
                daemon.address, prefix: "sync", after: Int.random(in: 20...200)
            ) { try calls.arm() }
            #expect(refusals.contains { $0.status == 503 && $0.code == "outcomeUnknown" })
            #expect(
                refusals.allSatisfy { $0.code == nil || $0.status == 503 }, "\(refusals)")
            #expect(try await daemon.waitForEnd() == .exited(80))
            #expect(daemon.stderr.contains("cannot sync \(data)/log/"), "\(daemon.stderr)")
            #expect(try calls.report() == ["failed fdatasync"])
            try await ledger.checkAfterRestart(data)
            #expect(ledger.submitted.count >= 20)
        }
    }

    @Test func `ends with 80 when the last sync fails, which closes the log`() async throws {
        try await whereAvailable {
            let calls = try await FailingCalls(
                .fdatasync, errno: EIO, source: faultTool("failcalls.c"))
            let daemon = try await start(calls)
            try calls.arm()
            #expect(try await daemon.terminate() == .exited(80))
            #expect(daemon.stderr.contains("the log can no longer be written"))
            #expect(try calls.report() == ["failed fdatasync"])
            try await ledger.checkAfterRestart(data)
        }
    }

    @Test(arguments: [EINTR, 0])
    func `finishes interrupted and short writes`(failure: Int32) async throws {
        try await whereAvailable {
            var calls = try await FailingCalls(
                .pwrite, errno: failure, source: faultTool("failcalls.c"))
            calls.suffix = ""
            calls.every = 3
            try calls.arm()
            let daemon = try await start(calls)
            _ = try await ledger.submitUntilRefused(daemon.address, prefix: "write", after: 400) {
                let end = try await daemon.kill()
                #expect(end == .signaled(9))
            }
            #expect(try calls.report().count { $0 == "failed pwrite" } >= 30)
            let verification = try await runDaybook(["log", "verify", data])
            #expect(verification.exitCode == 0, "\(verification.stderr)")
            try await ledger.checkAfterRestart(data)
        }
    }

    @Test(arguments: [FailingCalls.Call.pread, .pwrite, .fdatasync])
    func `refuses to start when a call fails while it recovers, and loses nothing`(
        call: FailingCalls.Call
    ) async throws {
        try await whereAvailable {
            try await fillSegments()
            var calls = try await FailingCalls(call, errno: EIO, source: faultTool("failcalls.c"))
            try calls.arm()
            var refusals = 0
            while let fault = try await faultOfStart(calls) {
                refusals += 1
                #expect(fault.end == .exited(74))
                #expect(fault.stderr.contains("cannot \(call.verb) \(data)/log/"), "\(fault)")
                #expect(fault.stderr.contains("Input/output error"))
                calls.first += 1
            }
            #expect(refusals >= (call == .pwrite ? 1 : 4))
            // The start that was not refused may have had a failure as well, once it served: of the
            // rewriting in the background, which leaves the segment as it is then.
            let failures = try calls.report().count { $0 == "failed \(call.rawValue)" }
            #expect(failures == refusals || failures == refusals + 1)
            try await ledger.checkAfterRestart(data)
        }
    }

    /// A log of several segments, killed, so that recovery has something to do.
    private func fillSegments() async throws {
        let daemon = try await DaemonProcess.start(dataDirectory: data, arguments: smallSegments)
        _ = try await ledger.submitUntilRefused(daemon.address, prefix: "fill", after: 500) {
            try await daemon.kill()
        }
    }

    /// Starts a daemon; nil where it serves, and then it is ended.
    private func faultOfStart(_ calls: FailingCalls) async throws -> DaemonFault? {
        do {
            let daemon = try await start(calls)
            try await daemon.kill()
            return nil
        } catch let fault as DaemonFault {
            return fault
        }
    }

    private func start(_ calls: FailingCalls) async throws -> DaemonProcess {
        try await DaemonProcess.start(
            dataDirectory: data, arguments: smallSegments, environment: calls.environment)
    }
}

extension FailingCalls.Call {
    /// The word for it in the daemon's messages.
    fileprivate var verb: String {
        switch self {
        case .fdatasync: "sync"
        case .pread: "read"
        case .pwrite: "write"
        }
    }
}
