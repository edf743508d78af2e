// The inverse transforms of VP8 (RFC 6386 §14.3, §14.4). Hostile coefficients may overflow: they wrap, in 32 bits
// everywhere.

enum VP8Transform {
    /// The sixteen first coefficients of the luma blocks from the block of second order.
    static func second(_ c: UnsafePointer<Int16>, into blocks: UnsafeMutablePointer<Int16>) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 16) { t in
            for i in 0..<4 {
                let c0 = Int32(c[i]), c1 = Int32(c[4 + i]), c2 = Int32(c[8 + i]), c3 = Int32(c[12 + i])
                let a = c0 &+ c3, b = c1 &+ c2, d = c1 &- c2, e = c0 &- c3
                t[i] = a &+ b
                t[4 + i] = e &+ d
                t[8 + i] = a &- b
                t[12 + i] = e &- d
            }
            for i in 0..<4 {
                let t0 = t[4 * i] &+ 3, t1 = t[4 * i + 1], t2 = t[4 * i + 2], t3 = t[4 * i + 3]
                let a = t0 &+ t3, b = t1 &+ t2, d = t1 &- t2, e = t0 &- t3
                let out = blocks + 64 * i
                out[0] = Int16(truncatingIfNeeded: (a &+ b) >> 3)
                out[16] = Int16(truncatingIfNeeded: (e &+ d) >> 3)
                out[32] = Int16(truncatingIfNeeded: (a &- b) >> 3)
                out[48] = Int16(truncatingIfNeeded: (e &- d) >> 3)
            }
        }
    }

    /// x · √2 · sin(π/8), and x · √2 · cos(π/8), in 16-bit fixed point.
    @inline(__always) private static func sine(_ x: Int32) -> Int32 { (x &* 35468) >> 16 }
    @inline(__always) private static func cosine(_ x: Int32) -> Int32 { (x &* 20091) >> 16 &+ x }
    @inline(__always) private static func clamp(_ v: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, v))) }

    /// Adds a block of residue to the prediction.
    static func add(_ c: UnsafePointer<Int16>, to p: UnsafeMutablePointer<UInt8>, stride: Int) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 16) { t in
            for i in 0..<4 {
                let c0 = Int32(c[i]), c1 = Int32(c[4 + i]), c2 = Int32(c[8 + i]), c3 = Int32(c[12 + i])
                let a = c0 &+ c2, b = c0 &- c2, d = sine(c1) &- cosine(c3), e = cosine(c1) &+ sine(c3)
                t[i] = a &+ e
                t[4 + i] = b &+ d
                t[8 + i] = b &- d
                t[12 + i] = a &- e
            }
            for i in 0..<4 {
                let t0 = t[4 * i] &+ 4, t1 = t[4 * i + 1], t2 = t[4 * i + 2], t3 = t[4 * i + 3]
                let a = t0 &+ t2, b = t0 &- t2, d = sine(t1) &- cosine(t3), e = cosine(t1) &+ sine(t3)
                let row = p + i &* stride
                row[0] = clamp(Int32(row[0]) &+ (a &+ e) >> 3)
                row[1] = clamp(Int32(row[1]) &+ (b &+ d) >> 3)
                row[2] = clamp(Int32(row[2]) &+ (b &- d) >> 3)
                row[3] = clamp(Int32(row[3]) &+ (a &- e) >> 3)
            }
        }
    }

    /// The same when only the first coefficient is there.
    static func addFlat(_ c: Int16, to p: UnsafeMutablePointer<UInt8>, stride: Int) {
        let v = (Int32(c) &+ 4) >> 3
        for y in 0..<4 { for x in 0..<4 { p[y &* stride &+ x] = clamp(Int32(p[y &* stride &+ x]) &+ v) } }
    }
}
