// A picture that vector shapes are painted onto: colours and gradients through coverage masks, clips, and layers that
// are blended as a whole. Pixels are premultiplied, blending is the rasteriser's.

public enum GradientSpread: UInt8, Sendable { case pad, reflect, `repeat` }

public struct VectorStop: Sendable {
    /// 0…1.
    public var offset: Fixed
    public var color: Color
    public init(offset: Fixed, color: Color) { self.offset = offset; self.color = color }
}

/// A gradient and the map from pixels to its own space, where a linear one runs along x from 0 to 1 and a radial one
/// fills the unit circle round the origin from the focus outwards.
public struct VectorGradient: Sendable {
    public var toGradient: Matrix
    public var isRadial: Bool
    public var focus = FixedPoint.zero
    public var spread = GradientSpread.pad
    /// Premultiplied colours along it.
    let ramp: [UInt32]
    static let rampCount = 1024

    /// - Parameter opacity: 0…255, multiplies every stop's alpha.
    public init(stops: [VectorStop], toGradient: Matrix, isRadial: Bool, opacity: UInt8) {
        self.toGradient = toGradient
        self.isRadial = isRadial
        ramp = VectorGradient.makeRamp(stops, opacity)
    }

    private static func makeRamp(_ stops: [VectorStop], _ opacity: UInt8) -> [UInt32] {
        var ramp = [UInt32](repeating: 0, count: rampCount)
        guard !stops.isEmpty else { return ramp }
        var next = 0
        for i in 0..<rampCount {
            let t = (Int64(i) << 32) / Int64(rampCount - 1)
            while next < stops.count && stops[next].offset.raw <= t { next += 1 }
            if next == 0 || next == stops.count {
                ramp[i] = shaded(stops[max(0, next - 1)].color, opacity)
                continue
            }
            let a = stops[next - 1], b = stops[next]
            let span = b.offset.raw - a.offset.raw, at = ((t - a.offset.raw) << 16) / span       // 16 bits of position
            func mix(_ x: UInt8, _ y: UInt8) -> UInt8 { UInt8((Int64(x) * (65536 - at) + Int64(y) * at + 32768) >> 16) }
            ramp[i] = shaded(Color(mix(a.color.red, b.color.red), mix(a.color.green, b.color.green), mix(a.color.blue, b.color.blue), mix(a.color.alpha, b.color.alpha)), opacity)
        }
        return ramp
    }
    private static func shaded(_ c: Color, _ opacity: UInt8) -> UInt32 {
        var c = c
        c.alpha = UInt8((UInt32(c.alpha) * UInt32(opacity) + 127) / 255)
        return c.pixel
    }

    /// Colour at a position along the gradient, 16 bits after the point.
    @inline(__always)
    func color(_ t: Int64) -> UInt32 {
        var t = t
        switch spread {
        case .pad: t = max(0, min(65535, t))
        case .repeat: t &= 0xFFFF
        case .reflect:
            t &= 0x1FFFF
            if t > 0xFFFF { t = 0x1FFFF - t }
        }
        return ramp[Int(truncatingIfNeeded: (t &* Int64(VectorGradient.rampCount - 1) &+ 32768) >> 16)]
    }

    /// Colours of a row of pixels from (x, y) on.
    func row(_ x: Int32, _ y: Int32, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        let start = toGradient.apply(FixedPoint(Fixed(Int(x)) + .half, Fixed(Int(y)) + .half))
        var gx = start.x.raw, gy = start.y.raw
        let dx = toGradient.a.raw, dy = toGradient.b.raw
        if !isRadial {
            for i in 0..<count {
                out[i] = color(gx >> 16)
                gx = max(-Fixed.limit, min(Fixed.limit, gx &+ dx))
            }
            return
        }
        let fx = focus.x.raw >> 16, fy = focus.y.raw >> 16
        let rest = max(64, 65536 - (fx * fx + fy * fy) >> 16)                   // 1 - |f|², 16 bits
        for i in 0..<count {
            // Within ±2^10 radii: further out every spread but repetition has long settled.
            let px = max(-(1 << 26), min(1 << 26, gx >> 16)) - fx, py = max(-(1 << 26), min(1 << 26, gy >> 16)) - fy
            let square = px * px + py * py
            var t: Int64
            if fx == 0 && fy == 0 { t = Int64(squareRoot(UInt64(square))) } else {
                let along = (fx * px + fy * py) >> 16
                let root = Int64(squareRoot(UInt64(max(0, along * along + square / 65536 * rest))))
                t = ((along + root) << 16) / rest
            }
            t = max(0, t)
            out[i] = color(t)
            gx = max(-Fixed.limit, min(Fixed.limit, gx &+ dx))
            gy = max(-Fixed.limit, min(Fixed.limit, gy &+ dy))
        }
    }
}

public enum VectorPaint: Sendable {
    case color(Color)
    case gradient(VectorGradient)
    case pattern(VectorPattern)
}

/// Coverage of a clip over a whole canvas.
public final class VectorClip {
    public internal(set) var bytes: [UInt8]
    /// Outside this nothing shows.
    public internal(set) var bounds: Rect
    init(bytes: [UInt8], bounds: Rect) { self.bytes = bytes; self.bounds = bounds }
}

public final class VectorCanvas {
    public let width: Int, height: Int
    public private(set) var pixels: [UInt32]
    private var below: [[UInt32]] = []
    /// Layers inside each other; more are drawn without their opacity.
    public static let layerDepthMax = 8
    public var bounds: Rect { Rect(0, 0, Int32(width), Int32(height)) }

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt32](repeating: 0, count: width * height)
    }

    public func fill(_ mask: CoverageMask, _ paint: VectorPaint, clip: VectorClip?) {
        var v = mask.bounds.intersection(bounds)
        if let clip { v = v.intersection(clip.bounds) }
        if v.isEmpty || mask.isEmpty { return }
        let count = Int(v.width)
        var row = [UInt8](repeating: 0, count: clip == nil ? 0 : count), colors: [UInt32] = []
        switch paint {
        case .color: break
        case .gradient, .pattern: colors = [UInt32](repeating: 0, count: count)
        }
        let width = width
        pixels.withUnsafeMutableBufferPointer { pixels in
            mask.bytes.withUnsafeBufferPointer { m in
                for y in v.y..<v.maxY {
                    let to = pixels.baseAddress! + (Int(y) * width + Int(v.x))
                    var coverage = m.baseAddress! + (Int(y - mask.bounds.y) * Int(mask.bounds.width) + Int(v.x - mask.bounds.x))
                    row.withUnsafeMutableBufferPointer { clipped in
                        if let clip {
                            VectorCanvas.multiply(clipped.baseAddress!, coverage, clip.bytes, Int(y) * width + Int(v.x), count)
                            coverage = UnsafePointer(clipped.baseAddress!)
                        }
                        switch paint {
                        case .color(let c): Blend.mask(to, coverage, count, c.pixel)
                        case .gradient(let g):
                            colors.withUnsafeMutableBufferPointer { out in
                                g.row(v.x, y, out.baseAddress!, count)
                                for i in 0..<count where coverage[i] != 0 { to[i] = Blend.covered(out[i], UInt32(coverage[i]), to[i]) }
                            }
                        case .pattern(let p):
                            colors.withUnsafeMutableBufferPointer { out in
                                p.row(v.x, y, out.baseAddress!, count)
                                for i in 0..<count where coverage[i] != 0 { to[i] = Blend.covered(out[i], UInt32(coverage[i]), to[i]) }
                            }
                        }
                    }
                }
            }
        }
    }
    private static func multiply(_ out: UnsafeMutablePointer<UInt8>, _ a: UnsafePointer<UInt8>, _ b: [UInt8], _ start: Int, _ count: Int) {
        b.withUnsafeBufferPointer { b in
            for i in 0..<count { out[i] = UInt8((UInt32(a[i]) &* UInt32(b[start &+ i]) &+ 127) / 255) }
        }
    }

    /// Puts other pixels in the place of the layer's: a filter's result. There must be as many.
    public func replace(_ other: [UInt32]) { if other.count == pixels.count { pixels = other } }

    // MARK: Layers

    /// False when there are too many; then nothing was pushed.
    public func pushLayer() -> Bool {
        if below.count >= VectorCanvas.layerDepthMax { return false }
        below.append(pixels)
        pixels = [UInt32](repeating: 0, count: width * height)
        return true
    }
    /// Blends the layer onto what is below, through a clip or a mask.
    public func popLayer(alpha: UInt8, mask: [UInt8]? = nil) {
        guard var under = below.popLast() else { return }
        for i in 0..<under.count where pixels[i] != 0 {
            var p = scalePixel(pixels[i], UInt32(alpha))
            if let mask { p = scalePixel(p, UInt32(mask[i])) }
            under[i] = sourceOver(p, under[i])
        }
        pixels = under
    }
    /// Ends the layer and gives what it holds as a mask: luminance times alpha (CSS Masking 1 §6.3.1), or alpha alone.
    public func popLayerAsMask(isLuminance: Bool) -> [UInt8] {
        let drawn = pixels
        pixels = below.popLast() ?? pixels
        var mask = [UInt8](repeating: 0, count: drawn.count)
        for i in 0..<drawn.count where drawn[i] != 0 {
            let p = drawn[i]
            // Premultiplied channels weigh the alpha already.
            mask[i] = isLuminance ? UInt8(((p >> 16 & 255) * 13933 + (p >> 8 & 255) * 46871 + (p & 255) * 4732 + 32768) >> 16) : UInt8(p >> 24)
        }
        return mask
    }

    /// Blurs what the layer holds: three box averages a direction come close to a Gaussian (Filter Effects 1 §9.13).
    public func blur(_ deviationX: Fixed, _ deviationY: Fixed) {
        func boxWidth(_ d: Fixed) -> Int { max(1, min(512, (d * Fixed(raw: 8_074_538_000) + .half).floor)) }      // 3 √(2π) / 4
        var line = [UInt32](repeating: 0, count: max(width, height))
        let bx = boxWidth(deviationX), by = boxWidth(deviationY)
        for pass in 0..<3 {
            if bx > 1 { for y in 0..<height { blurLine(y * width, 1, width, bx, pass, &line) } }
            if by > 1 { for x in 0..<width { blurLine(x, width, height, by, pass, &line) } }
        }
    }
    /// One box average along a row or column; boxes of even width lean to either side in turn.
    private func blurLine(_ start: Int, _ step: Int, _ count: Int, _ box: Int, _ pass: Int, _ line: inout [UInt32]) {
        for i in 0..<count { line[i] = pixels[start + i * step] }
        let before = box & 1 == 1 ? box / 2 : pass == 0 ? box / 2 : box / 2 - 1, width = box & 1 == 0 && pass == 2 ? box + 1 : box
        let left = box & 1 == 0 && pass == 2 ? box / 2 : before, right = width - 1 - left
        var low: UInt64 = 0, high: UInt64 = 0                      // two channels each, 32 bits apart
        func add(_ p: UInt32) { low &+= UInt64(p & 255) | UInt64(p >> 16 & 255) << 32; high &+= UInt64(p >> 8 & 255) | UInt64(p >> 24) << 32 }
        func subtract(_ p: UInt32) { low &-= UInt64(p & 255) | UInt64(p >> 16 & 255) << 32; high &-= UInt64(p >> 8 & 255) | UInt64(p >> 24) << 32 }
        for i in 0..<min(right, count) { add(line[i]) }
        let half = UInt64(width / 2), w = UInt64(width)
        for i in 0..<count {
            if i + right < count { add(line[i + right]) }
            if i - left - 1 >= 0 { subtract(line[i - left - 1]) }
            let b = UInt32(((low & 0xFFFF_FFFF) + half) / w), r = UInt32(((low >> 32) + half) / w)
            let g = UInt32(((high & 0xFFFF_FFFF) + half) / w), a = UInt32(((high >> 32) + half) / w)
            pixels[start + i * step] = a << 24 | r << 16 | g << 8 | b
        }
    }

    /// A picture through a map from its unit square; bilinear.
    public func draw(_ bitmap: Bitmap, _ m: Matrix, alpha: UInt8, clip: VectorClip?, _ budget: inout VectorBudget) {
        guard let back = m.inverse, bitmap.width > 0, bitmap.height > 0 else { return }
        let mask = VectorPath.rectangle(.zero, .zero, .one, .one).fillMask(m, .nonZero, clip: clip?.bounds ?? bounds, &budget)
        let v = mask.bounds
        for y in v.y..<max(v.y, v.maxY) {
            for x in v.x..<v.maxX {
                var c = UInt32(mask.bytes[Int(y - v.y) * Int(v.width) + Int(x - v.x)])
                let at = Int(y) * width + Int(x)
                if let clip { c = (c * UInt32(clip.bytes[at]) + 127) / 255 }
                if c == 0 { continue }
                let p = back.apply(FixedPoint(Fixed(Int(x)) + .half, Fixed(Int(y)) + .half))
                let source = VectorCanvas.sample(bitmap, p.x * Fixed(bitmap.width) - .half, p.y * Fixed(bitmap.height) - .half)
                pixels[at] = sourceOver(scalePixel(scalePixel(source, c), UInt32(alpha)), pixels[at])
            }
        }
    }

    private static func sample(_ b: Bitmap, _ x: Fixed, _ y: Fixed) -> UInt32 {
        func clampX(_ v: Int) -> Int { max(0, min(b.width - 1, v)) }
        func clampY(_ v: Int) -> Int { max(0, min(b.height - 1, v)) }
        let x0 = clampX(x.floor), x1 = clampX(x.floor + 1), y0 = clampY(y.floor), y1 = clampY(y.floor + 1)
        let fx = UInt32(truncatingIfNeeded: x.raw >> 24 & 255), fy = UInt32(truncatingIfNeeded: y.raw >> 24 & 255)
        func mix(_ p: UInt32, _ q: UInt32, _ t: UInt32) -> UInt32 {
            let low = ((p & 0x00FF_00FF) &* (256 &- t) &+ (q & 0x00FF_00FF) &* t) >> 8 & 0x00FF_00FF
            let high = ((p >> 8 & 0x00FF_00FF) &* (256 &- t) &+ (q >> 8 & 0x00FF_00FF) &* t) & 0xFF00_FF00
            return low | high
        }
        return mix(mix(b.pixels[y0 * b.width + x0], b.pixels[y0 * b.width + x1], fx), mix(b.pixels[y1 * b.width + x0], b.pixels[y1 * b.width + x1], fx), fy)
    }

    /// The clip that is left inside both a union of masks and an outer clip.
    public func clip(_ masks: [CoverageMask], inside outer: VectorClip?) -> VectorClip {
        var bytes = [UInt8](repeating: 0, count: width * height)
        var box = Rect.zero
        for mask in masks {
            let v = mask.bounds.intersection(bounds)
            box = box.union(v)
            for y in v.y..<max(v.y, v.maxY) {
                for x in v.x..<v.maxX {
                    let c = mask.bytes[Int(y - mask.bounds.y) * Int(mask.bounds.width) + Int(x - mask.bounds.x)], at = Int(y) * width + Int(x)
                    bytes[at] = bytes[at] == 0 ? c : UInt8(255 - (UInt32(255 - bytes[at]) * UInt32(255 - c) + 127) / 255)
                }
            }
        }
        if let outer {
            for i in 0..<bytes.count where bytes[i] != 0 { bytes[i] = UInt8((UInt32(bytes[i]) * UInt32(outer.bytes[i]) + 127) / 255) }
            box = box.intersection(outer.bounds)
        }
        return VectorClip(bytes: bytes, bounds: box)
    }

    public func bitmap() -> Bitmap { Bitmap(width: width, height: height, pixels: pixels) }
}
