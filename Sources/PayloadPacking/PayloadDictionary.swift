package import ByteCoding
import CLZ4

/// What the payloads of one job type have in common: the last 2 KiB of some of them.
///
/// Immutable, and never replaced: a payload that was packed with it is unpacked with it.
@safe
package final class PayloadDictionary: @unchecked Sendable {
    // Sendable: nothing is changed after init; the stream state is only copied from.
    let bytes: [UInt8]
    fileprivate let matcher: DictionaryMatcher
    /// A compressor that has just been given the dictionary.
    fileprivate let prepared: UnsafeMutablePointer<LZ4_stream_t>

    /// Bytes of samples that are kept.
    package static let bytesMax = 2_048

    /// - Parameter samples: Payloads of the type, the most typical last.
    package init(samples: [UInt8]) {
        bytes = Array(samples.suffix(Self.bytesMax))
        matcher = DictionaryMatcher(bytes)
        unsafe prepared = .allocate(capacity: 1)
        // LZ4 makes the memory its own here, and is given no more than the stream's size.
        unsafe _ = LZ4_initStream(prepared, MemoryLayout<LZ4_stream_t>.size)
        // The stream refers to these bytes, which live and stay where they are as long as this does.
        unsafe bytes.withUnsafeBytes { source in
            unsafe _ = LZ4_loadDict(
                prepared, source.bindMemory(to: CChar.self).baseAddress, Int32(source.count))
        }
    }

    deinit {
        unsafe prepared.deallocate()
    }

    /// The payload that `packed` was made of.
    ///
    /// - Precondition: `packed` was packed with this dictionary, of `rawByteCount` bytes.
    package func unpack(_ packed: RawSpan, rawByteCount: Int) -> [UInt8] {
        // Cleared first: an array without contents costs a look-up of its type each time (Swift 6.3.1), which is more.
        var raw = [UInt8](repeating: 0, count: rawByteCount)
        // The pointers do not leave the closures; LZ4 writes rawByteCount bytes at most.
        let count = unsafe raw.withUnsafeMutableBytes { target in
            unsafe packed.withUnsafeBytes { source in
                unsafe bytes.withUnsafeBytes { dictionary in
                    unsafe LZ4_decompress_safe_usingDict(
                        source.baseAddress, target.baseAddress, Int32(source.count),
                        Int32(rawByteCount), dictionary.baseAddress, Int32(dictionary.count))
                }
            }
        }
        precondition(count == rawByteCount, "a payload in memory cannot be unpacked")
        return raw
    }
}

/// Packs payloads; holds the compressor's scratch memory, so each thread has its own.
@safe
package final class PayloadPacker: @unchecked Sendable {
    // Sendable: whoever holds it uses it from one thread at a time, as a value that is passed on.
    private let stream: UnsafeMutablePointer<LZ4_stream_t>

    package init() {
        unsafe stream = .allocate(capacity: 1)
    }

    deinit {
        unsafe stream.deallocate()
    }

    /// Shorter payloads gain nothing, longer ones are none.
    package static let rawBytes = 32...65_536
    /// Payloads up to so many bytes seldom repeat themselves, and are matched with the dictionary alone.
    private static let shortBytesMax = 512

    /// Writes `payload` packed; false, and nothing written, where that is not smaller.
    package func pack(
        _ payload: RawSpan, with dictionary: PayloadDictionary, into writer: inout ByteWriter
    ) -> Bool {
        guard Self.rawBytes.contains(payload.byteCount) else { return false }
        guard payload.byteCount > Self.shortBytesMax else {
            return dictionary.matcher.pack(payload, bytesMax: payload.byteCount, into: &writer)
        }
        // A prepared stream is a plain value: the copy refers to the dictionary's bytes, which
        // outlive the call.
        unsafe stream.update(from: dictionary.prepared, count: 1)
        let start = writer.count
        unsafe writer.write(upTo: payload.byteCount - 1) { target in
            // The pointers do not leave the closure; LZ4 writes no more than target has room for,
            // and 0 where that does not do.
            unsafe payload.withUnsafeBytes { source in
                unsafe Int(
                    LZ4_compress_fast_continue(
                        stream, source.bindMemory(to: CChar.self).baseAddress,
                        target.bindMemory(to: CChar.self).baseAddress, Int32(source.count),
                        Int32(target.count), 1))
            }
        }
        return writer.count > start
    }
}
