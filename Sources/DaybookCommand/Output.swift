import Glibc
import SystemPackage

/// Writes to the standard output, whole; ends the process where nobody can read it any more.
func put(_ bytes: [UInt8]) {
    do {
        try FileDescriptor.standardOutput.writeAll(bytes)
    } catch Errno.brokenPipe {
        // `daybook list | head`: the reader has what it wanted.
        exit(0)
    } catch {
        CommandFailure(.inputOutput, "cannot write to the standard output: \(error)").end()
    }
}

/// Writes a line to the standard output.
func putLine(_ line: String) {
    put(Array(line.utf8) + [UInt8(ascii: "\n")])
}

/// Writes a line of JSON to the standard output.
func putLine(json: [UInt8]) {
    put(json + [UInt8(ascii: "\n")])
}

/// Writes a line to the standard error.
func printError(_ line: String) {
    do {
        try FileDescriptor.standardError.writeAll(Array((line + "\n").utf8))
    } catch {
        // There is nowhere left to say it: end with the code for that.
        exit(ExitStatus.inputOutput.rawValue)
    }
}

/// `text` with its control characters written out, so that no job can steer a terminal.
func printable(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            shown += scalar == "\n" ? "\\n" : scalar.escaped(asASCII: true)
        default:
            shown.unicodeScalars.append(scalar)
        }
    }
    return shown
}
