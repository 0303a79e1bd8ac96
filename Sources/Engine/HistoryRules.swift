/// When jobs that have ended go into history and leave memory, and how fast.
package struct HistoryRules: Sendable {
    /// So many that have ended make a file.
    package var rowsMin = 65_536
    /// More do not go into one new file: what is collected for it takes memory.
    package var rowsMax = 262_144
    /// Of those that have ended, so many are handled by a turn, and some more for each that ends in it.
    package var rowsPerTurn = 256
    /// The same by a turn without requests.
    package var rowsPerIdleTurn = 4_096
    /// About so many bytes are written by one step of a merge.
    package var mergeStepBytes = 1 << 20
    /// Small files of about one size that become one.
    package var fanIn = 64
    /// New files share a filter until they have as many rows together.
    package var sharedRowsMax = 1 << 20

    package init() {}
}
