import ArgumentParser
import EventLog
import Storage
import Units
import Wire

/// The sub-command `log inspect`.
struct LogInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "List the segments of a log, and the blocks in them.",
        discussion: """
            With --json: one object a line, each with its kind, "segment" or "block".

            EXAMPLE
              daybook log inspect ./daybook-data
              daybook log inspect ./daybook-data --blocks
            """)

    @Flag(help: "List every block, and the group that it was made durable with.")
    var blocks = false

    @OptionGroup var options: LogReadingOptions

    func run() throws {
        var segmentTable = Table(
            [
                "SEGMENT", "FIRST LSN", "LAST LSN", "BLOCKS", "RAW BYTES", "STORED BYTES", "RATIO",
                "STATE",
            ], rightAligned: [1, 2, 3, 4, 5, 6])
        var blockTable = Table(
            [
                "OFFSET", "GROUP", "BLOCK", "TIME", "FIRST LSN", "RECORDS", "RAW BYTES",
                "STORED BYTES", "KIND",
            ], rightAligned: [0, 1, 2, 4, 5, 6, 7])
        do throws(LogError) {
            try LogInspection.run(
                directory: options.directory, storage: PosixStorage(),
                onSegment: { segment in
                    if options.json { putLine(json: segment.json()) }
                    segmentTable.add(segment.cells)
                },
                onBlock: { block in
                    guard blocks else { return }
                    if options.json { putLine(json: block.json()) }
                    blockTable.add(block.cells)
                })
        } catch {
            if !options.json { segmentTable.put() }
            throw CommandFailure(error)
        }
        guard !options.json else { return }
        segmentTable.put()
        guard blocks else { return }
        putLine("")
        blockTable.put()
    }
}

extension LogInspection.Segment {
    fileprivate var state: String {
        if isPacked { return "packed, from \(unpackedBytes)" }
        if isSealed { return "sealed" }
        return tornTail.map { "open, torn tail: \($0)" } ?? "open"
    }

    fileprivate var cells: [String] {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return [
            name, String(firstLSN.rawValue), String(lastLSN.rawValue), String(blocks),
            String(rawBytes), String(storedBytes), ratioText(rawBytes, storedBytes), state,
        ]
    }

    fileprivate func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("kind", "segment")
            writer.member("file", file)
            writer.member("number", number)
            writer.member("epoch", epoch)
            writer.member("creation", creation)
            writer.member("firstLSN", firstLSN.rawValue)
            writer.member("lastLSN", lastLSN.rawValue)
            writer.member("blocks", blocks)
            writer.member("rawBytes", rawBytes)
            writer.member("storedBytes", storedBytes)
            writer.member("fileBytes", fileBytes)
            writer.member("isSealed", isSealed)
            writer.member("isPacked", isPacked)
            writer.member("unpackedBytes", isPacked ? unpackedBytes : nil)
            writer.member("hash", hash?.description)
            writer.member("tornTail", tornTail)
        }
        return writer.bytes
    }
}

extension LogInspection.Block {
    fileprivate var cells: [String] {
        [
            String(offsetBytes), String(group), "\(indexInGroup + 1)/\(blocksInGroup)",
            time.columnText, String(firstLSN.rawValue), String(recordCount), String(rawBytes),
            String(storedBytes), kind.rawValue,
        ]
    }

    fileprivate func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("kind", "block")
            writer.member("file", file)
            writer.member("offset", offsetBytes)
            writer.member("group", group)
            writer.member("indexInGroup", indexInGroup)
            writer.member("blocksInGroup", blocksInGroup)
            writer.member("epoch", epoch)
            writer.member("time", time)
            writer.member("firstLSN", firstLSN.rawValue)
            writer.member("records", recordCount)
            writer.member("rawBytes", rawBytes)
            writer.member("storedBytes", storedBytes)
            writer.member("storage", kind.rawValue)
        }
        return writer.bytes
    }
}
