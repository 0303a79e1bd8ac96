import Foundation
import FuzzSubjects
import Testing

/// Inputs that fuzzing found worth keeping, in `data/corpus`: each once led into code that no other
/// reached, or to a mistake that was mended.
@Suite struct `The fuzzing corpus` {
    private static let corpus = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "data/corpus")

    private func inputs(_ subject: FuzzSubject) throws -> [(name: String, bytes: [UInt8])] {
        let folder = Self.corpus.appending(path: subject.rawValue)
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            .map { folder.appending(path: $0) }
            .filter { !$0.hasDirectoryPath }
            .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    @Test(arguments: FuzzSubject.allCases)
    func `breaks no promise`(subject: FuzzSubject) throws {
        var verdicts: [Verdict] = []
        for input in try inputs(subject) {
            do {
                verdicts.append(try subject.run(input.bytes))
            } catch {
                Issue.record("\(subject.rawValue)/\(input.name): \(error)")
            }
        }
        // Not all thrown out at the door.
        #expect(verdicts.contains { if case .refused = $0 { true } else { false } })
        #expect(verdicts.contains { if case .accepted(records: 1...) = $0 { true } else { false } })
    }
}
