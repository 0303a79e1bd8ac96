import ByteCoding

/// What the last part of a snapshot says about the whole.
package struct SnapshotEnd: Equatable, Sendable {
    /// Jobs in it.
    package var jobs: UInt64
    /// What the state comes to: the same as that of a replay of the log up to there.
    package var digest: UInt64

    package init(jobs: UInt64, digest: UInt64) {
        self.jobs = jobs
        self.digest = digest
    }

    static let byteCount = 24

    func encode(to out: inout ByteWriter, rawBytes: UInt64) {
        for value in [jobs, digest, rawBytes] { out.writeFixed(value) }
    }
}
