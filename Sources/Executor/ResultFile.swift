import Glibc
import SystemPackage
import Wire

/// The output of a running command, on its way to the result location.
///
/// It is written under a temporary name in the same directory, so that a reader of the location
/// sees a whole result or none. A worker that is killed leaves the temporary file behind.
struct ResultFile: Sendable {
    let descriptor: FileDescriptor
    let location: ResultLocation
    let temporaryPath: String
}

extension ResultLocation {
    /// Opens the temporary file, making the directories above it.
    func create(_ token: UInt64) throws(ResultFault) -> ResultFile {
        try makeDirectories()
        // Short whatever the result is called; no two workers share a process id and a token.
        let name = "\(directory)/.daybook-\(getpid())-\(token).part"
        do {
            let descriptor = try FileDescriptor.open(
                FilePath(name), .writeOnly, options: [.create, .truncate, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            return ResultFile(descriptor: descriptor, location: self, temporaryPath: name)
        } catch {
            throw ResultFault(message: "cannot write in \(directory): \(error)")
        }
    }

    private func makeDirectories() throws(ResultFault) {
        for made in file.directories {
            guard unsafe mkdir(made, 0o755) != 0, errno != EEXIST else { continue }
            throw ResultFault(message: "cannot make the directory \(made): \(Errno.current)")
        }
    }
}

extension ResultFile {
    /// Puts the result in place: durable, under its name, all of it.
    func publish() throws(ResultFault) {
        do {
            try descriptor.closeAfter {
                guard fsync(descriptor.rawValue) == 0 else { throw Errno.current }
            }
            guard unsafe rename(temporaryPath, location.path) == 0 else { throw Errno.current }
            let directory = try FileDescriptor.open(
                FilePath(location.directory), .readOnly, options: [.directory, .closeOnExec])
            try directory.closeAfter {
                guard fsync(directory.rawValue) == 0 else { throw Errno.current }
            }
        } catch {
            // Nobody will look for it under this name; a second failure says nothing new.
            _ = unsafe unlink(temporaryPath)
            throw ResultFault(message: "cannot write the result to \(location.path): \(error)")
        }
    }

    /// Drops what was written.
    func discard() throws(ResultFault) {
        do {
            try descriptor.close()
            guard unsafe unlink(temporaryPath) == 0 else { throw Errno.current }
        } catch {
            throw ResultFault(message: "cannot remove \(temporaryPath): \(error)")
        }
    }
}

extension Errno {
    /// Of the call that just failed on this thread.
    fileprivate static var current: Errno { Errno(rawValue: errno) }
}
