// Coverage of a rounded corner: the top-left quarter of a disc, from integer square roots at 16 lines a pixel.

struct CornerMask {
    let radius: Int
    let bytes: [UInt8]       // radius × radius, top-left corner
    static let radiusMax = 512

    init(radius: Int) {
        self.radius = radius
        var out: [UInt8] = []
        out.reserveCapacity(radius * radius)
        let r = Int64(radius) * 256
        for y in 0..<radius {
            var sums = [Int64](repeating: 0, count: radius + 1)
            for line in 0..<16 {
                let dy = r - (Int64(y) * 256 + Int64(line) * 16 + 8)
                let edge = r - Int64(squareRoot(UInt64(r * r - dy * dy)))       // 24.8: covered from here to the right
                let column = Int(edge >> 8)
                if column < radius {
                    sums[column] += 256 - (edge & 255)
                    if column + 1 <= radius { sums[column + 1] += edge & 255 }
                }
            }
            // Each line adds 256 to the running sum from its edge on.
            var running: Int64 = 0
            for x in 0..<radius {
                running += sums[x]
                out.append(UInt8(max(0, min(255, (running * 255 + 2048) >> 12))))
            }
        }
        bytes = out
    }
}

/// Floor of the square root.
func squareRoot(_ v: UInt64) -> UInt64 {
    if v < 2 { return v }
    var bit: UInt64 = 1 << ((63 - UInt64(v.leadingZeroBitCount)) & ~1)
    var rest = v, root: UInt64 = 0
    while bit != 0 {
        if rest >= root + bit { rest -= root + bit; root = root >> 1 + bit } else { root >>= 1 }
        bit >>= 2
    }
    return root
}
