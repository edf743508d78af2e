// The chunk ALPH of a lossy WebP picture (WebP Container Specification, "Alpha"): one byte a pixel, stored raw or as the
// green channel of a lossless picture, as differences from its neighbours if the header says so.

enum WebPAlpha {
    /// The alpha of every pixel, in rows.
    static func decode(_ bytes: [UInt8], _ start: Int, _ stop: Int, width: Int, height: Int) throws(ImageError) -> [UInt8] {
        guard start < stop else { throw .truncated }
        let flags = bytes[start]
        guard flags & 3 <= 1, flags >> 6 == 0 else { throw .malformed(.header) }
        var plane: [UInt8]
        if flags & 3 == 0 {
            guard stop - start - 1 >= width * height else { throw .truncated }
            plane = bytes.copied(start + 1, start + 1 + width * height)
        } else {
            plane = try VP8LDecoder.decodeGreen(bytes, start + 1, stop, width: width, height: height)
        }
        undo(filter: flags >> 2 & 3, &plane, width, height)
        return plane
    }

    /// Filters: 1 from the left, 2 from above, 3 the gradient. The first row always comes from the left, and the first
    /// column from above.
    private static func undo(filter: UInt8, _ plane: inout [UInt8], _ width: Int, _ height: Int) {
        guard filter != 0 else { return }
        plane.withUnsafeMutableBufferPointer { p in
            for x in 1..<max(1, width) { p[x] = p[x] &+ p[x - 1] }
            for y in 1..<max(1, height) {
                let row = y * width
                p[row] = p[row] &+ p[row - width]
                for x in 1..<max(1, width) {
                    let i = row + x
                    switch filter {
                    case 1: p[i] = p[i] &+ p[i - 1]
                    case 2: p[i] = p[i] &+ p[i - width]
                    default: p[i] = p[i] &+ UInt8(max(0, min(255, Int(p[i - 1]) + Int(p[i - width]) - Int(p[i - width - 1]))))
                    }
                }
            }
        }
    }
}
