// Smoothing of block edges after the whole frame is reconstructed (RFC 6386 §15): prediction inside a key frame uses
// the pixels before it.

enum VP8LoopFilter {
    private typealias Pixels = UnsafeMutablePointer<UInt8>

    /// The macroblock at a column and row: its left edge, inner columns, upper edge, inner rows.
    static func smooth(_ frame: VP8Frame, _ column: Int, _ row: Int, _ s: VP8FilterStrength, hasInner: Bool) {
        guard s.edgeLimit > 0 else { return }
        let isSimple = frame.header.filterIsSimple, outer = 2 * (s.edgeLimit + 4) + 1, inner = 2 * s.edgeLimit + 1
        for isAcross in [true, false] {
            if (isAcross ? column : row) > 0 {
                if isSimple { simple(frame.luma, column, row, 0, isAcross, outer) } else {
                    for plane in 0..<3 { normal(frame, plane, column, row, 0, isAcross, outer, s, isOuter: true) }
                }
            }
            guard hasInner else { continue }
            for at in [4, 8, 12] {
                if isSimple { simple(frame.luma, column, row, at, isAcross, inner) } else {
                    for plane in 0..<(at == 4 ? 3 : 1) { normal(frame, plane, column, row, at, isAcross, inner, s, isOuter: false) }
                }
            }
        }
    }

    @inline(__always) private static func at(_ p: Pixels, _ i: Int) -> Int32 { Int32(p[i]) }
    @inline(__always) private static func clamp(_ v: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, v))) }
    /// To a signed byte.
    @inline(__always) private static func signed(_ v: Int32) -> Int32 { max(-128, min(127, v)) }
    @inline(__always) private static func differ(_ p: Pixels, _ i: Int, _ j: Int, by limit: Int32) -> Bool { abs(at(p, i) - at(p, j)) > limit }
    @inline(__always) private static func isEdge(_ p: Pixels, _ step: Int, _ limit: Int32) -> Bool {
        4 * abs(at(p, -step) - at(p, 0)) + abs(at(p, -2 * step) - at(p, step)) <= limit
    }

    /// §15.2
    private static func simple(_ plane: VP8Plane, _ column: Int, _ row: Int, _ offset: Int, _ isAcross: Bool, _ limit: Int32) {
        let step = isAcross ? 1 : plane.stride, along = isAcross ? plane.stride : 1
        var p = plane.pixels + (row * plane.stride + column) * 16 + offset * step
        for _ in 0..<16 {
            if isEdge(p, step, limit) { adjustTwo(p, step) }
            p += along
        }
    }

    /// §15.3
    private static func normal(_ frame: VP8Frame, _ index: Int, _ column: Int, _ row: Int, _ offset: Int, _ isAcross: Bool, _ limit: Int32,
                               _ s: VP8FilterStrength, isOuter: Bool) {
        let plane = index == 0 ? frame.luma : index == 1 ? frame.chromaU : frame.chromaV, size = index == 0 ? 16 : 8
        let step = isAcross ? 1 : plane.stride, along = isAcross ? plane.stride : 1
        var p = plane.pixels + (row * plane.stride + column) * size + offset * step
        for _ in 0..<size {
            if isEdge(p, step, limit) && isSmooth(p, step, s.interiorLimit) {
                if differ(p, -2 * step, -step, by: s.variance) || differ(p, step, 0, by: s.variance) {
                    adjustTwo(p, step)
                } else if isOuter {
                    adjustSix(p, step)
                } else {
                    adjustFour(p, step)
                }
            }
            p += along
        }
    }

    @inline(__always)
    private static func isSmooth(_ p: Pixels, _ step: Int, _ limit: Int32) -> Bool {
        !(differ(p, -4 * step, -3 * step, by: limit) || differ(p, -3 * step, -2 * step, by: limit) || differ(p, -2 * step, -step, by: limit)
            || differ(p, 3 * step, 2 * step, by: limit) || differ(p, 2 * step, step, by: limit) || differ(p, step, 0, by: limit))
    }

    @inline(__always)
    private static func adjustTwo(_ p: Pixels, _ step: Int) {
        let a = signed(signed(at(p, -2 * step) - at(p, step)) + 3 * (at(p, 0) - at(p, -step)))
        let before = min(127, a + 3) >> 3, after = min(127, a + 4) >> 3
        p[-step] = clamp(at(p, -step) + before)
        p[0] = clamp(at(p, 0) - after)
    }

    @inline(__always)
    private static func adjustFour(_ p: Pixels, _ step: Int) {
        let a = signed(3 * (at(p, 0) - at(p, -step)))
        let before = min(127, a + 3) >> 3, after = min(127, a + 4) >> 3, half = (after + 1) >> 1
        p[-2 * step] = clamp(at(p, -2 * step) + half)
        p[-step] = clamp(at(p, -step) + before)
        p[0] = clamp(at(p, 0) - after)
        p[step] = clamp(at(p, step) - half)
    }

    @inline(__always)
    private static func adjustSix(_ p: Pixels, _ step: Int) {
        let a = signed(signed(at(p, -2 * step) - at(p, step)) + 3 * (at(p, 0) - at(p, -step)))
        for i in 0..<3 {
            let v = (Int32(27 - 9 * i) * a + 63) >> 7
            p[(-1 - i) * step] = clamp(at(p, (-1 - i) * step) + v)
            p[i * step] = clamp(at(p, i * step) - v)
        }
    }
}
