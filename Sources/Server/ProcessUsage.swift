import FoundationEssentials
import Glibc

/// What this process takes up, as the kernel counts it.
struct ProcessUsage {
    let residentBytes: UInt64
    /// Processor time, in user and kernel mode together.
    let cpuSeconds: Double

    /// Reads `/proc/self`, which the kernel keeps in memory: it does not block on a disk.
    static func current() throws -> ProcessUsage {
        let pages = try numbers(in: "/proc/self/statm")
        // The name of the command may hold spaces: the fields are counted behind its bracket.
        let ticks = try numbers(in: "/proc/self/stat", behind: ")")
        guard pages.count > 1, ticks.count > 12, let resident = pages[1], let user = ticks[11],
            let kernel = ticks[12]
        else { throw UnknownFormat() }
        return ProcessUsage(
            residentBytes: resident * UInt64(sysconf(Int32(_SC_PAGESIZE))),
            cpuSeconds: Double(user + kernel) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// `/proc/self` is not as proc(5) says.
    struct UnknownFormat: Error {}

    private static func numbers(in file: String, behind end: Character? = nil) throws -> [UInt64?] {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let start = end.flatMap { text.lastIndex(of: $0) }.map { text.index(after: $0) }
        return text[(start ?? text.startIndex)...].split { $0.isWhitespace }.map { UInt64($0) }
    }
}
