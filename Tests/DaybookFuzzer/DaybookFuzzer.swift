import CFuzzer
import Foundation
import FuzzSubjects

/// Mutates inputs by the coverage they reach, under AddressSanitizer: `make fuzz`.
///
///     DaybookFuzzer --subject=segment [libFuzzer's options] DIRECTORY...
///     DaybookFuzzer --make-corpus=DIRECTORY      sample inputs, a directory for each subject
@main
struct DaybookFuzzer {
    static func main() throws {
        if let directory = value(of: "--make-corpus=") { return try makeCorpus(in: directory) }
        guard subject != nil else {
            let names = FuzzSubject.allCases.map(\.rawValue).joined(separator: ", ")
            print("usage: DaybookFuzzer --subject=SUBJECT [libFuzzer options] DIRECTORY...")
            print("SUBJECT is one of \(names)")
            exit(64)
        }
        var count = CommandLine.argc
        // The process's own arguments, there until it ends.
        var arguments = unsafe Optional(CommandLine.unsafeArgv)
        exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, runInput))
    }

    /// What is fuzzed, chosen once for the whole run; libFuzzer passes over options with two dashes.
    static let subject = value(of: "--subject=").flatMap(FuzzSubject.init(rawValue:))

    private static func value(of option: String) -> String? {
        CommandLine.arguments.first { $0.hasPrefix(option) }
            .map { String($0.dropFirst(option.count)) }
    }

    private static func makeCorpus(in directory: String) throws {
        for subject in FuzzSubject.allCases {
            let folder = URL(filePath: directory).appending(path: subject.rawValue)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (number, sample) in try subject.samples().enumerated() {
                try Data(sample).write(to: folder.appending(path: "sample-\(number)"))
            }
        }
    }
}

/// Called by libFuzzer with each input; a broken promise ends the process, which it reports.
private func runInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer's buffer, `count` bytes, there for this call.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard let subject = DaybookFuzzer.subject else { preconditionFailure("no subject") }
    do throws(Finding) {
        _ = try subject.run(input)
    } catch {
        fatalError("\(subject.rawValue): \(error)")
    }
    return 0
}

/// libFuzzer asks for a mutation of the `count` bytes in a buffer of `countMax`.
@c public func LLVMFuzzerCustomMutator(
    _ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int, _ seed: CUnsignedInt
) -> Int {
    guard let subject = DaybookFuzzer.subject else { preconditionFailure("no subject") }
    // libFuzzer's buffer, `countMax` bytes of which `count` are used, there for this call.
    let room = unsafe UnsafeMutableBufferPointer(start: data, count: countMax)
    let input = unsafe Array(room.prefix(count))
    let mutated = subject.mutated(
        input, countMax: countMax, seed: UInt64(seed), mutateBytes: mutateBytes)
    // At most `countMax`, as the subject was told.
    _ = unsafe room.update(fromContentsOf: mutated)
    return mutated.count
}

/// libFuzzer's own mutation, which knows nothing of formats.
private func mutateBytes(_ bytes: inout [UInt8], countMax: Int) {
    let count = bytes.count
    if count < countMax { bytes.append(contentsOf: repeatElement(0, count: countMax - count)) }
    // The buffer is `countMax` bytes long at least, of which `count` are used.
    let changed = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
        unsafe LLVMFuzzerMutate(buffer.baseAddress, count, countMax)
    }
    bytes.removeLast(bytes.count - min(changed, bytes.count))
}
