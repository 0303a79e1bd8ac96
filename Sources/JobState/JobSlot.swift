/// Place of a live or finished job in memory; given to another job once this one has left.
package struct JobSlot: Hashable, Sendable {
    let index: UInt32
}
