// Prediction inside a key frame (RFC 6386 §12), in planes whose borders are filled with what §12.2 and §12.3 say of
// pixels outside the picture.

/// One channel in whole macroblocks, with a border of one row above and four columns at each side.
final class VP8Plane {
    let stride: Int
    /// The first pixel.
    let pixels: UnsafeMutablePointer<UInt8>
    private let memory: UnsafeMutablePointer<UInt8>

    init(width: Int, height: Int) {
        stride = width + 8
        memory = UnsafeMutablePointer<UInt8>.allocate(capacity: stride * (height + 1))
        memory.initialize(repeating: 129, count: stride * (height + 1))
        memory.update(repeating: 127, count: stride)
        pixels = memory + stride + 4
    }

    deinit { memory.deallocate() }
}

/// Modes of whole blocks and of subblocks, in the order of RFC 6386 §11.2; blocks have only the first four.
enum VP8Mode {
    static let dc: UInt8 = 0, trueMotion: UInt8 = 1, vertical: UInt8 = 2, horizontal: UInt8 = 3
    static let leftDown: UInt8 = 4, rightDown: UInt8 = 5, verticalRight: UInt8 = 6, verticalLeft: UInt8 = 7
    static let horizontalDown: UInt8 = 8, horizontalUp: UInt8 = 9
}

enum VP8Prediction {
    @inline(__always) private static func clamp(_ v: Int32) -> UInt8 { UInt8(truncatingIfNeeded: max(0, min(255, v))) }

    /// A block of 16 or 8 pixels a side (§12.2). The mean leaves out what lies outside the picture.
    static func block(_ mode: UInt8, _ p: UnsafeMutablePointer<UInt8>, stride: Int, size: Int, hasAbove: Bool, hasLeft: Bool) {
        switch mode {
        case VP8Mode.trueMotion: trueMotion(p, stride, size)
        case VP8Mode.vertical: for y in 0..<size { (p + y * stride).update(from: p - stride, count: size) }
        case VP8Mode.horizontal: for y in 0..<size { (p + y * stride).update(repeating: p[y * stride - 1], count: size) }
        default:
            var sum: Int32 = 0, count: Int32 = 0
            if hasAbove { for x in 0..<size { sum += Int32(p[x - stride]) }; count += Int32(size) }
            if hasLeft { for y in 0..<size { sum += Int32(p[y * stride - 1]) }; count += Int32(size) }
            let mean = count == 0 ? 128 : UInt8(truncatingIfNeeded: (sum + count / 2) / count)
            for y in 0..<size { (p + y * stride).update(repeating: mean, count: size) }
        }
    }

    private static func trueMotion(_ p: UnsafeMutablePointer<UInt8>, _ stride: Int, _ size: Int) {
        let above = p - stride, corner = Int32(p[-stride - 1])
        for y in 0..<size {
            let row = p + y * stride, offset = Int32(row[-1]) - corner
            for x in 0..<size { row[x] = clamp(Int32(above[x]) + offset) }
        }
    }

    /// A subblock of four pixels a side (§12.3). `right`: the four pixels above and to the right.
    static func subblock(_ mode: UInt8, _ p: UnsafeMutablePointer<UInt8>, stride: Int, right: UnsafePointer<UInt8>) {
        if mode == VP8Mode.trueMotion { return trueMotion(p, stride, 4) }
        if mode == VP8Mode.dc {
            var sum: Int32 = 4
            for i in 0..<4 { sum += Int32(p[i - stride]) + Int32(p[i * stride - 1]) }
            let mean = UInt8(truncatingIfNeeded: sum >> 3)
            for y in 0..<4 { (p + y * stride).update(repeating: mean, count: 4) }
            return
        }
        // The edge from bottom left over the corner to top right; its ends are doubled.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 15) { e in
            for i in 0..<4 {
                e[4 - i] = Int32(p[i * stride - 1])
                e[6 + i] = Int32(p[i - stride])
                e[10 + i] = Int32(right[i])
            }
            e[0] = e[1]
            e[5] = Int32(p[-stride - 1])
            e[14] = e[13]
            for y in 0..<4 {
                for x in 0..<4 {
                    let i = place(mode, x, y)
                    let v = i < 16 ? (e[i - 1] + 2 * e[i] + e[i + 1] + 2) >> 2 : (e[i - 16] + e[i - 15] + 1) >> 1
                    p[y * stride + x] = UInt8(truncatingIfNeeded: v)
                }
            }
        }
    }

    /// What a pixel of a directional mode is made of: below 16 the weighted mean around that place of the edge, else
    /// the mean of place less 16 and the next one.
    private static func place(_ mode: UInt8, _ x: Int, _ y: Int) -> Int {
        switch mode {
        case VP8Mode.vertical: return 6 + x
        case VP8Mode.horizontal: return 4 - y
        case VP8Mode.rightDown: return 5 - y + x
        case VP8Mode.leftDown: return 7 + x + y
        case VP8Mode.verticalRight:
            let along = x - (y >> 1)
            if along < 0 { return y == 2 ? 4 : 3 }
            return y & 1 == 0 ? 21 + along : 5 + along
        case VP8Mode.verticalLeft:
            if x == 3 && y >= 2 { return y == 2 ? 11 : 12 }
            let along = x + (y >> 1)
            return y & 1 == 0 ? 22 + along : 7 + along
        case VP8Mode.horizontalDown:
            let along = 2 * (3 - y) + x
            if along > 7 { return along - 2 }
            return along & 1 == 0 ? 17 + along / 2 : 2 + along / 2
        default:
            let along = 2 * y + x
            if along > 5 { return 16 }
            return along & 1 == 0 ? 19 - along / 2 : 3 - along / 2
        }
    }
}
