// Owns the encoding of screenshots as PNG (ISO/IEC 15948): 8-bit RGB, filter "up", one IDAT deflated by zlib.
import CZlib
import Glibc
import Machine

/// Encodes 0xXXRRGGBB pixels.
public enum PNGWriter {
    /// A whole PNG file of `width` × `height` pixels.
    public static func encode(pixels: [UInt32], width: Int, height: Int) throws(MachineError) -> [UInt8] {
        guard width > 0, height > 0, pixels.count == width * height else { throw MachineError("no pixels to encode") }
        var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        append(chunk: "IHDR", big(UInt32(width)) + big(UInt32(height)) + [8, 2, 0, 0, 0], to: &file)
        append(chunk: "IDAT", try deflate(filtered(pixels, width, height)), to: &file)
        append(chunk: "IEND", [], to: &file)
        return file
    }

    /// Writes a PNG file; a typed error names the path.
    public static func write(pixels: [UInt32], width: Int, height: Int, path: String) throws(MachineError) {
        let bytes = try encode(pixels: pixels, width: width, height: height)
        guard let file = fopen(path, "wb") else {
            throw MachineError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw MachineError("cannot write all of \(path)") }
    }

    private static func filtered(_ pixels: [UInt32], _ width: Int, _ height: Int) -> [UInt8] {
        let stride = 1 + 3 * width
        return [UInt8](unsafeUninitializedCapacity: stride * height) { buffer, count in
            pixels.withUnsafeBufferPointer { pixels in
                for y in 0..<height {
                    var at = y * stride
                    buffer[at] = 2
                    for x in 0..<width {
                        let pixel = pixels[y * width + x], above = y == 0 ? 0 : pixels[(y - 1) * width + x]
                        buffer[at + 1] = UInt8(truncatingIfNeeded: pixel >> 16) &- UInt8(truncatingIfNeeded: above >> 16)
                        buffer[at + 2] = UInt8(truncatingIfNeeded: pixel >> 8) &- UInt8(truncatingIfNeeded: above >> 8)
                        buffer[at + 3] = UInt8(truncatingIfNeeded: pixel) &- UInt8(truncatingIfNeeded: above)
                        at += 3
                    }
                }
            }
            count = stride * height
        }
    }

    private static func deflate(_ bytes: [UInt8]) throws(MachineError) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var target = [UInt8](repeating: 0, count: Int(count))
        guard compress2(&target, &count, bytes, UInt(bytes.count), 6) == Z_OK else { throw MachineError("zlib failed") }
        target.removeLast(target.count - Int(count))
        return target
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    private static func append(chunk type: String, _ payload: [UInt8], to file: inout [UInt8]) {
        let body = Array(type.utf8) + payload
        file += big(UInt32(payload.count))
        file += body
        file += big(UInt32(truncatingIfNeeded: crc32(0, body, UInt32(body.count))))
    }
}
