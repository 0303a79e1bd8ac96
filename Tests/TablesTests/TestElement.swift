import Tables

/// What a table of the engine holds, as far as the structures look at it: 32 bytes.
struct TestElement: HashedElement, TimedElement, Equatable {
    var dueMicroseconds: Int64 = 0
    var order: UInt64 = 0
    var key: UInt32 = 0
    var keyHash: UInt32 = 0
    var duePosition: UInt32 = 0
}
