import Glibc

/// Bytes of this process that are in memory, without pages of files: those are its program, which is read in as
/// it runs.
package func residentBytes() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else {
        preconditionFailure("there is no /proc/self/statm")
    }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    // As many bytes as the array has.
    guard unsafe fgets(&line, 256, file) != nil else {
        preconditionFailure("/proc/self/statm is empty")
    }
    let text = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Whole size, resident, resident pages of files (proc(5)).
    let pages = text.split(separator: " ").prefix(3).compactMap { Int($0) }
    precondition(pages.count == 3, "/proc/self/statm says: \(text)")
    return (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// Writes to so many bytes that nobody has written to before, in huge pages where there are some, and keeps them.
package func touchMemory(_ byteCount: Int) {
    // A new private mapping: nothing else is at these addresses.
    let start = unsafe mmap(
        nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe start, unsafe start != MAP_FAILED else {
        preconditionFailure("there are no \(byteCount) bytes: errno \(errno)")
    }
    // Within what was mapped. Only advice, so a refusal does no harm.
    unsafe madvise(start, byteCount, MADV_HUGEPAGE)
    for offset in stride(from: 0, to: byteCount, by: Int(sysconf(Int32(_SC_PAGESIZE)))) {
        // In bounds: below byteCount.
        unsafe start.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    }
}
