// Pixel arithmetic: premultiplied source-over, two channels at a time, exactly rounded division by 255.
// Inner loops take plain pointers; nothing here allocates or counts references.

/// A pixel times alpha (0…255), all four channels.
@inline(__always)
func scalePixel(_ p: UInt32, _ alpha: UInt32) -> UInt32 {
    var low = (p & 0x00FF_00FF) &* alpha &+ 0x0080_0080
    low = ((low &+ ((low >> 8) & 0x00FF_00FF)) >> 8) & 0x00FF_00FF
    var high = ((p >> 8) & 0x00FF_00FF) &* alpha &+ 0x0080_0080
    high = (high &+ ((high >> 8) & 0x00FF_00FF)) & 0xFF00_FF00
    return low | high
}
/// Premultiplied `source` over `destination`.
@inline(__always)
func sourceOver(_ source: UInt32, _ destination: UInt32) -> UInt32 {
    source &+ scalePixel(destination, 255 &- (source >> 24))
}

extension Color {
    /// The premultiplied pixel.
    public var pixel: UInt32 {
        let opaque = 0xFF00_0000 | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
        return alpha == 255 ? opaque : scalePixel(opaque, UInt32(alpha))
    }
}

enum Blend {
    /// `count` pixels of one premultiplied colour.
    @inline(__always)
    static func fill(_ p: UnsafeMutablePointer<UInt32>, _ count: Int, _ pixel: UInt32) {
        let alpha = pixel >> 24
        if alpha == 255 { fillOpaque(p, count, pixel); return }
        if pixel == 0 { return }
        for i in 0..<count { p[i] = sourceOver(pixel, p[i]) }
    }
    /// Writes a few pixels, then copies them in doubling pieces: a copy costs a program an eighth of an instruction a byte.
    static func fillOpaque(_ p: UnsafeMutablePointer<UInt32>, _ count: Int, _ pixel: UInt32) {
        let first = min(count, 16)
        var done = 0
        while done < first { p[done] = pixel; done &+= 1 }
        while done < count {
            let piece = min(done, count &- done)
            UnsafeMutableRawPointer(p + done).copyMemory(from: p, byteCount: piece &* 4)
            done &+= piece
        }
    }
    /// One colour through a row of coverage. `memo` remembers the results over one background, which is nearly all there is
    /// under text; results are the same as without it.
    @inline(__always)
    static func mask(_ p: UnsafeMutablePointer<UInt32>, _ coverage: UnsafePointer<UInt8>, _ count: Int, _ pixel: UInt32, _ background: UInt32, _ memo: UnsafeMutablePointer<UInt32>) {
        var i = 0
        while i < count {
            // Most of a glyph's box is empty: four pixels in one look.
            if i &+ 4 <= count, UnsafeRawPointer(coverage + i).loadUnaligned(as: UInt32.self) == 0 { i &+= 4; continue }
            let end = min(count, i &+ 4)
            while i < end {
                let c = Int(coverage[i])
                if c != 0 {
                    let below = p[i]
                    if below == background {
                        let known = memo[c]
                        if known != 0 { p[i] = known } else {
                            let new = covered(pixel, UInt32(c), below)
                            memo[c] = new
                            p[i] = new
                        }
                    } else { p[i] = covered(pixel, UInt32(c), below) }
                }
                i &+= 1
            }
        }
    }
    static func covered(_ pixel: UInt32, _ coverage: UInt32, _ below: UInt32) -> UInt32 {
        coverage == 255 && pixel >> 24 == 255 ? pixel : sourceOver(scalePixel(pixel, coverage), below)
    }
    /// The same for a single row.
    static func mask(_ p: UnsafeMutablePointer<UInt32>, _ coverage: UnsafePointer<UInt8>, _ count: Int, _ pixel: UInt32) {
        for i in 0..<count where coverage[i] != 0 { p[i] = covered(pixel, UInt32(coverage[i]), p[i]) }
    }
    /// A row of premultiplied pixels.
    @inline(__always)
    static func copy(_ p: UnsafeMutablePointer<UInt32>, _ source: UnsafePointer<UInt32>, _ count: Int) {
        for i in 0..<count {
            let s = source[i]
            let a = s >> 24
            if a == 255 { p[i] = s } else if s != 0 { p[i] = sourceOver(s, p[i]) }
        }
    }
    /// A row of premultiplied pixels with one more alpha.
    @inline(__always)
    static func copy(_ p: UnsafeMutablePointer<UInt32>, _ source: UnsafePointer<UInt32>, _ count: Int, alpha: UInt32) {
        for i in 0..<count where source[i] != 0 { p[i] = sourceOver(scalePixel(source[i], alpha), p[i]) }
    }
}

/// Results of blending one colour over one background, by coverage; 0: not known yet.
struct BlendMemo {
    private var pixel: UInt32 = 0, background: UInt32 = 0
    let results = UnsafeMutablePointer<UInt32>.allocate(capacity: 256)

    init() { clear() }
    private func clear() { results.initialize(repeating: 0, count: 256) }
    @inline(__always)
    mutating func use(_ p: UInt32, over b: UInt32) {
        if p == pixel && b == background { return }
        pixel = p; background = b
        clear()
    }
    /// Ends its life; the owner calls it once.
    func release() { results.deallocate() }
}
