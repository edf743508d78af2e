// Bringing subsampled JPEG components to the picture's size, a row at a time: a triangle filter (3/4 nearer, 1/4 farther
// sample) for the factors 2×1, 1×2 and 2×2 with the rounding of the common decoders, repetition for all others.

enum JPEGUpsampling {
    /// Row `y` of the picture from component `c`, into `out` of at least width + 8 bytes.
    static func row(_ y: Int, _ c: JPEGComponent, _ reader: JPEGReader, _ out: UnsafeMutablePointer<UInt8>, _ sums: UnsafeMutablePointer<UInt16>) {
        let (hMax, vMax, width) = (reader.hMax, reader.vMax, reader.width)
        let stride = c.stride, line = y * c.v / vMax
        guard let samples = c.samples else { return }
        let near = samples.base + line * stride
        if c.h == hMax && c.v == vMax {
            UnsafeMutableRawPointer(out).copyMemory(from: near, byteCount: width)
            return
        }
        let ownWidth = (width * c.h + hMax - 1) / hMax, ownHeight = (reader.height * c.v + vMax - 1) / vMax
        let doublesWidth = c.h * 2 == hMax, doublesHeight = c.v * 2 == vMax
        let other = y & 1 == 0 ? max(0, line - 1) : min(ownHeight - 1, line + 1)
        let far = samples.base + other * stride
        if doublesWidth && c.v == vMax && ownWidth > 2 {
            doubled(near, ownWidth, out, width)
        } else if doublesWidth && doublesHeight && ownWidth > 2 {
            for x in 0..<ownWidth { sums[x] = UInt16(near[x]) &* 3 &+ UInt16(far[x]) }
            doubled(sums, ownWidth, out, width)
        } else if c.h == hMax && doublesHeight {
            let round: UInt16 = y & 1 == 0 ? 1 : 2
            for x in 0..<width { out[x] = UInt8(truncatingIfNeeded: (UInt16(near[x]) &* 3 &+ UInt16(far[x]) &+ round) >> 2) }
        } else {
            for x in 0..<width { out[x] = near[x * c.h / hMax] }
        }
    }

    /// Each sample twice, leaning to its neighbour on that side.
    private static func doubled(_ s: UnsafePointer<UInt8>, _ count: Int, _ out: UnsafeMutablePointer<UInt8>, _ width: Int) {
        out[0] = s[0]
        for i in 1..<count {
            let this = UInt16(s[i]), before = UInt16(s[i &- 1])
            out[2 &* i &- 1] = UInt8(truncatingIfNeeded: (before &* 3 &+ this &+ 2) >> 2)
            out[2 &* i] = UInt8(truncatingIfNeeded: (this &* 3 &+ before &+ 1) >> 2)
        }
        out[2 * count - 1] = s[count - 1]
    }

    /// The same of column sums of weight four.
    private static func doubled(_ s: UnsafePointer<UInt16>, _ count: Int, _ out: UnsafeMutablePointer<UInt8>, _ width: Int) {
        out[0] = UInt8(truncatingIfNeeded: (s[0] &* 4 &+ 8) >> 4)
        for i in 1..<count {
            let this = s[i], before = s[i &- 1]
            out[2 &* i &- 1] = UInt8(truncatingIfNeeded: (before &* 3 &+ this &+ 7) >> 4)
            out[2 &* i] = UInt8(truncatingIfNeeded: (this &* 3 &+ before &+ 8) >> 4)
        }
        out[2 * count - 1] = UInt8(truncatingIfNeeded: (s[count - 1] &* 4 &+ 7) >> 4)
    }
}
