// A picture repeated in both directions through any affine map (SVG 2 §14.3); bilinear, wrapping round at the tile's edges.

public struct VectorPattern: Sendable {
    let width: Int64, height: Int64
    private let pixels: [UInt32]
    /// From canvas pixels to the tile's unit square.
    let toTile: Matrix

    /// - Parameter opacity: 0…255, multiplies all of the tile.
    public init(tile: Bitmap, toTile: Matrix, opacity: UInt8) {
        width = Int64(tile.width); height = Int64(tile.height)
        self.toTile = toTile
        pixels = opacity == 255 ? tile.pixels : tile.pixels.map { scalePixel($0, UInt32(opacity)) }
    }

    /// Colours of a row of canvas pixels from (x, y) on.
    func row(_ x: Int32, _ y: Int32, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        if width == 0 || height == 0 { for i in 0..<count { out[i] = 0 }; return }
        let start = toTile.apply(FixedPoint(Fixed(Int(x)) + .half, Fixed(Int(y)) + .half))
        var u = start.x.raw, v = start.y.raw
        pixels.withUnsafeBufferPointer { p in
            for i in 0..<count {
                // The place inside the tile, 16 bits after the point, less half a pixel.
                let tx = ((u & 0xFFFF_FFFF) &* width) >> 16 &- 32768, ty = ((v & 0xFFFF_FFFF) &* height) >> 16 &- 32768
                let x0 = wrapped(tx >> 16, width), y0 = wrapped(ty >> 16, height), x1 = wrapped(tx >> 16 &+ 1, width), y1 = wrapped(ty >> 16 &+ 1, height)
                let fx = UInt32(tx >> 8 & 255), fy = UInt32(ty >> 8 & 255)
                out[i] = VectorPattern.mix(VectorPattern.mix(p[y0 &* Int(width) &+ x0], p[y0 &* Int(width) &+ x1], fx), VectorPattern.mix(p[y1 &* Int(width) &+ x0], p[y1 &* Int(width) &+ x1], fx), fy)
                u = max(-Fixed.limit, min(Fixed.limit, u &+ toTile.a.raw))
                v = max(-Fixed.limit, min(Fixed.limit, v &+ toTile.b.raw))
            }
        }
    }
    @inline(__always) private func wrapped(_ v: Int64, _ size: Int64) -> Int { Int(truncatingIfNeeded: v < 0 ? v &+ size : v >= size ? v &- size : v) }
    @inline(__always) private static func mix(_ p: UInt32, _ q: UInt32, _ t: UInt32) -> UInt32 {
        let low = ((p & 0x00FF_00FF) &* (256 &- t) &+ (q & 0x00FF_00FF) &* t) >> 8 & 0x00FF_00FF
        let high = ((p >> 8 & 0x00FF_00FF) &* (256 &- t) &+ (q >> 8 & 0x00FF_00FF) &* t) & 0xFF00_FF00
        return low | high
    }
}
