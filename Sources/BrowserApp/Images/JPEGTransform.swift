// The 8×8 inverse DCT after Loeffler, Ligtenberg and Moschytz (1989) in 13-bit fixed point, columns first with two
// extra bits, then rows: the arithmetic of the widely used "slow integer" transform, so that pixels come out the same.
// Wrapping: hostile coefficients give noise, not traps.

/// Memory of the block loop, whose address does not change while a scan is read.
final class JPEGScratch {
    let zigzag: UnsafeMutablePointer<UInt8>
    let block: UnsafeMutablePointer<Int16>
    let parts: UnsafeMutablePointer<JPEGPart>

    init() {
        parts = .allocate(capacity: 4)
        parts.initialize(repeating: JPEGPart(), count: 4)
        zigzag = .allocate(capacity: 64)
        for i in 0..<64 { zigzag[i] = jpegZigzag[i] }
        block = .allocate(capacity: 64)
        block.initialize(repeating: 0, count: 64)
    }

    deinit {
        zigzag.deallocate()
        block.deallocate()
        parts.deallocate()
    }
}

/// Memory of fixed length whose address does not change.
final class JPEGStore<Element: FixedWidthInteger> {
    let base: UnsafeMutablePointer<Element>
    let count: Int
    init(repeating value: Element, count: Int) {
        self.count = count
        base = .allocate(capacity: count)
        base.initialize(repeating: value, count: count)
    }
    deinit { base.deallocate() }
}

enum JPEGTransform {
    /// Dequantises a block and writes its samples, `stride` bytes a row. `last` is the largest index in zigzag order that
    /// is not zero; 63 when unknown.
    @inline(__always)
    static func inverse(_ c: UnsafePointer<Int16>, _ q: UnsafePointer<UInt16>, _ last: Int, _ out: UnsafeMutablePointer<UInt8>, _ stride: Int) {
        if last == 0 {
            let value = clamp((Int32(c[0]) &* Int32(q[0]) &+ 4) >> 3 &+ 128)
            for y in 0..<8 { UnsafeMutableRawPointer(out + y &* stride).initializeMemory(as: UInt8.self, repeating: value, count: 8) }
            return
        }
        full(c, q, out, stride)
    }

    @inline(never)
    private static func full(_ c: UnsafePointer<Int16>, _ q: UnsafePointer<UInt16>, _ out: UnsafeMutablePointer<UInt8>, _ stride: Int) {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { work in
            let w = work.baseAddress!
            for x in 0..<8 {
                @inline(__always) func v(_ k: Int) -> Int32 { Int32(c[k &* 8 &+ x]) &* Int32(q[k &* 8 &+ x]) }
                if c[8 &+ x] | c[16 &+ x] | c[24 &+ x] | c[32 &+ x] | c[40 &+ x] | c[48 &+ x] | c[56 &+ x] == 0 {
                    let flat = v(0) &<< 2
                    for k in 0..<8 { w[k &* 8 &+ x] = flat }
                    continue
                }
                let e = even(v(0), v(2), v(4), v(6)), o = odd(v(1), v(3), v(5), v(7))
                let half: Int32 = 1 << 10
                w[x] = (e.0 &+ o.0 &+ half) >> 11
                w[56 &+ x] = (e.0 &- o.0 &+ half) >> 11
                w[8 &+ x] = (e.1 &+ o.1 &+ half) >> 11
                w[48 &+ x] = (e.1 &- o.1 &+ half) >> 11
                w[16 &+ x] = (e.2 &+ o.2 &+ half) >> 11
                w[40 &+ x] = (e.2 &- o.2 &+ half) >> 11
                w[24 &+ x] = (e.3 &+ o.3 &+ half) >> 11
                w[32 &+ x] = (e.3 &- o.3 &+ half) >> 11
            }
            for y in 0..<8 {
                let r = w + y &* 8, p = out + y &* stride
                let e = even(r[0], r[2], r[4], r[6]), o = odd(r[1], r[3], r[5], r[7])
                let half: Int32 = (1 << 17) &+ (128 << 18)
                p[0] = clamp((e.0 &+ o.0 &+ half) >> 18)
                p[7] = clamp((e.0 &- o.0 &+ half) >> 18)
                p[1] = clamp((e.1 &+ o.1 &+ half) >> 18)
                p[6] = clamp((e.1 &- o.1 &+ half) >> 18)
                p[2] = clamp((e.2 &+ o.2 &+ half) >> 18)
                p[5] = clamp((e.2 &- o.2 &+ half) >> 18)
                p[3] = clamp((e.3 &+ o.3 &+ half) >> 18)
                p[4] = clamp((e.3 &- o.3 &+ half) >> 18)
            }
        }
    }

    @inline(__always)
    private static func clamp(_ v: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, v))) }

    @inline(__always)
    private static func even(_ x0: Int32, _ x2: Int32, _ x4: Int32, _ x6: Int32) -> (Int32, Int32, Int32, Int32) {
        let z = (x2 &+ x6) &* 4433
        let t2 = z &- x6 &* 15137, t3 = z &+ x2 &* 6270
        let t0 = (x0 &+ x4) &<< 13, t1 = (x0 &- x4) &<< 13
        return (t0 &+ t3, t1 &+ t2, t1 &- t2, t0 &- t3)
    }

    /// What the odd coefficients add to rows 0, 1, 2, 3.
    @inline(__always)
    private static func odd(_ x1: Int32, _ x3: Int32, _ x5: Int32, _ x7: Int32) -> (Int32, Int32, Int32, Int32) {
        let z5 = (x7 &+ x3 &+ x5 &+ x1) &* 9633
        let z1 = (x7 &+ x1) &* -7373, z2 = (x5 &+ x3) &* -20995
        let z3 = (x7 &+ x3) &* -16069 &+ z5, z4 = (x5 &+ x1) &* -3196 &+ z5
        return (x1 &* 12299 &+ z1 &+ z4, x3 &* 25172 &+ z2 &+ z3, x5 &* 16819 &+ z2 &+ z4, x7 &* 2446 &+ z1 &+ z3)
    }
}
