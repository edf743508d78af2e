// Owns the two zlib streams of a trace. Invariant: one deflate stream runs through all chunks, flushed at each chunk's
// end, so chunks share a dictionary and every whole chunk can be decoded.
import CZlib

/// Compresses a sequence of chunks as one stream.
final class Deflater {
    private let stream: UnsafeMutablePointer<z_stream>   // zlib remembers the address

    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit_(stream, 6, ZLIB_VERSION, size) == Z_OK else { stream.deallocate(); return nil }
    }

    deinit { deflateEnd(stream); stream.deallocate() }

    func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 8 + 256)
        var input = bytes
        let produced: Int? = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                let result = deflate(stream, Z_SYNC_FLUSH)
                guard result == Z_OK || result == Z_BUF_ERROR, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 else { return nil }
                return target.count - Int(stream.pointee.avail_out)
            }
        }
        guard let produced else { return nil }
        output.removeLast(output.count - produced)
        return output
    }
}

/// Decompresses chunks in order.
final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit_(stream, ZLIB_VERSION, size) == Z_OK else { stream.deallocate(); return nil }
    }

    deinit { inflateEnd(stream); stream.deallocate() }

    /// Exactly `count` bytes out of one chunk, or nil.
    func decompress(_ bytes: [UInt8], count: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: count + 1)
        var input = bytes
        let produced: Int? = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                let result = inflate(stream, Z_SYNC_FLUSH)
                guard result == Z_OK || result == Z_BUF_ERROR, stream.pointee.avail_in == 0 else { return nil }
                return target.count - Int(stream.pointee.avail_out)
            }
        }
        guard produced == count else { return nil }
        output.removeLast()
        return output
    }
}
