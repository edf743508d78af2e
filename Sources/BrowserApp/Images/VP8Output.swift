// From the planes of a VP8 frame to pixels: chroma is interpolated with weights 9, 3, 3 and 1, and converted in the
// fixed point that the common decoder uses, so that the pixels are the same.

extension VP8Frame {
    /// The picture; rows that were not decoded are transparent.
    func picture() -> StraightPicture {
        var picture = StraightPicture(width: header.width, height: header.height)
        let height = min(header.height, rowsDone * 16), lastRow = (height - 1) / 2
        picture.pixels.withUnsafeMutableBufferPointer { out in
            for y in 0..<height {
                let near = y >> 1, far = y & 1 == 0 ? max(0, near - 1) : min(lastRow, near + 1)
                convertRow(y, near * chromaU.stride, far * chromaU.stride, out.baseAddress! + y * header.width)
            }
        }
        return picture
    }

    private func convertRow(_ y: Int, _ near: Int, _ far: Int, _ out: UnsafeMutablePointer<UInt32>) {
        let width = header.width, last = (width - 1) / 2, row = luma.pixels + y * luma.stride
        for x in 0..<width {
            let here = x >> 1, there = x & 1 == 0 ? max(0, here - 1) : min(last, here + 1)
            let u = Self.interpolate(chromaU.pixels, near, far, here, there), v = Self.interpolate(chromaV.pixels, near, far, here, there)
            out[x] = Self.color(Int32(row[x]), u, v)
        }
    }

    @inline(__always)
    private static func interpolate(_ p: UnsafeMutablePointer<UInt8>, _ near: Int, _ far: Int, _ here: Int, _ there: Int) -> Int32 {
        let a = Int32(p[near &+ here]), b = Int32(p[near &+ there]), c = Int32(p[far &+ here]), d = Int32(p[far &+ there])
        return ((a &+ d &+ 3 &* (b &+ c) &+ 8) >> 3 &+ a) >> 1
    }

    /// BT.601 with the narrow range, in steps of 1/64.
    @inline(__always)
    private static func color(_ y: Int32, _ u: Int32, _ v: Int32) -> UInt32 {
        let light = (y &* 19077) >> 8
        let r = light &+ (v &* 26149) >> 8 &- 14234
        let g = light &- (u &* 6419) >> 8 &- (v &* 13320) >> 8 &+ 8708
        let b = light &+ (u &* 33050) >> 8 &- 17685
        return 0xFF00_0000 | byte(r) << 16 | byte(g) << 8 | byte(b)
    }

    @inline(__always)
    private static func byte(_ v: Int32) -> UInt32 { UInt32(truncatingIfNeeded: max(0, min(255, v >> 6))) }
}
