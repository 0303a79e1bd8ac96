package protocol Storage: Sendable {}
package struct PosixStorage: Storage { package init() {} }
