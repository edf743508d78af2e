// Linear gradients as pictures (CSS Images 3 §3.1): a strip of one pixel where the line runs along an axis, all pixels of what is
// in view otherwise. Fixed point throughout.
import CSS
import Graphics

/// Colours along a gradient line of some length.
struct GradientRamp {
    private struct Stop { var position: Int64; var color: Color }
    private var stops: [Stop] = []

    /// `length` of the gradient line in 1/64 px; positions become 1/65536 of it.
    init(_ given: [GradientStop], length: Int64) {
        let base = LayoutUnit(clamping: length)
        var positions = given.map { stop in stop.position.map { Int64($0.resolveOrZero(base).raw) << 16 / Swift.max(1, length) } }
        if positions[0] == nil { positions[0] = 0 }
        if positions[positions.count - 1] == nil { positions[positions.count - 1] = 65536 }
        var last = Int64.min
        for i in 0..<positions.count { if let p = positions[i] { last = Swift.max(last, p); positions[i] = last } }
        var i = 0
        while i < given.count {
            if let p = positions[i] { stops.append(Stop(position: p, color: given[i].color)); i += 1; continue }
            var end = i
            while positions[end] == nil { end += 1 }
            let from = positions[i - 1] ?? 0, to = positions[end] ?? 65536, steps = Int64(end - i + 1)
            for k in i..<end { stops.append(Stop(position: from + (to - from) * Int64(k - i + 1) / steps, color: given[k].color)) }
            i = end
        }
    }

    /// Premultiplied pixel at a place in 1/65536 of the line.
    func pixel(_ t: Int64) -> UInt32 {
        var i = 0
        while i < stops.count, stops[i].position <= t { i += 1 }
        if i == 0 { return GradientRamp.premultiplied(stops[0].color) }
        if i == stops.count { return GradientRamp.premultiplied(stops[i - 1].color) }
        let a = stops[i - 1], b = stops[i], part = t - a.position, whole = b.position - a.position
        func mixed(_ x: Int64, _ y: Int64) -> UInt32 { UInt32((x * (whole - part) + y * part + whole / 2) / whole) }
        func times(_ v: UInt8, _ c: Color) -> Int64 { Int64(v) * Int64(c.alpha) }
        let alpha = mixed(Int64(a.color.alpha), Int64(b.color.alpha))
        func channel(_ x: UInt8, _ y: UInt8) -> UInt32 { Swift.min(alpha, (mixed(times(x, a.color), times(y, b.color)) + 127) / 255) }
        return alpha << 24 | channel(a.color.red, b.color.red) << 16 | channel(a.color.green, b.color.green) << 8 | channel(a.color.blue, b.color.blue)
    }
    private static func premultiplied(_ c: Color) -> UInt32 {
        func part(_ v: UInt8) -> UInt32 { (UInt32(v) * UInt32(c.alpha) + 127) / 255 }
        return UInt32(c.alpha) << 24 | part(c.red) << 16 | part(c.green) << 8 | part(c.blue)
    }
}

extension Painter {
    static let gradientPixelCountMax: Int64 = 4 << 20

    /// Fills the tiles of a gradient layer inside the border box, which may have round corners.
    func paintGradient(_ angle: Int32, _ stops: [GradientStop], _ layer: BackgroundLayer, _ s: ComputedStyle, _ border: Rect, padding: Rect) {
        guard stops.count >= 2, isVisible(border) else { return }
        let area = layer.origin == .borderBox ? border : padding
        guard area.width > 0, area.height > 0 else { return }
        let size = tileSize((Int64(area.width), Int64(area.height)), layer.size, area)
        guard size.width > 0, size.height > 0 else { return }
        let x0 = area.x &+ layer.positionX.resolveOrZero(LayoutUnit(area.width - size.width)).round
        let y0 = area.y &+ layer.positionY.resolveOrZero(LayoutUnit(area.height - size.height)).round
        let seen = border.intersection(clip)
        let columns = tiles(x0, size.width, seen.x, seen.maxX, layer.repeatX), rows = tiles(y0, size.height, seen.y, seen.maxY, layer.repeatY)
        guard Int64(columns.count) * Int64(rows.count) <= 4096 else { return }
        let corner = radius(s, border)
        let isOneTile = size == (area.width, area.height) && area == border
        emit(.pushClip(out(border)))
        for y in rows { for x in columns { paintGradientTile(angle, stops, Rect(x, y, size.width, size.height), seen, radius: isOneTile ? corner : 0) } }
        emit(.popClip)
    }

    private func paintGradientTile(_ angle: Int32, _ stops: [GradientStop], _ tile: Rect, _ seen: Rect, radius: Int32) {
        let degrees = ((angle >> 16) % 360 + 360) % 360
        let (sine, cosine) = Fixed.sineAndCosine(degrees: Fixed(raw: Int64(angle) << 16))
        // Length of the gradient line (§3.1.1).
        let length = (Fixed(Int(tile.width)) * sine).magnitude + (Fixed(Int(tile.height)) * cosine).magnitude
        guard length > .zero else { return }
        let ramp = GradientRamp(stops, length: length.raw >> 26)
        if degrees % 90 == 0, angle & 0xFFFF == 0, radius == 0 { paintStrip(ramp, tile, isVertical: degrees % 180 == 0, isReversed: degrees == 0 || degrees == 270); return }
        let part = tile.intersection(seen)
        guard !part.isEmpty, Int64(part.width) * Int64(part.height) <= Painter.gradientPixelCountMax else { return }
        let bitmap = Bitmap(width: Int(part.width), height: Int(part.height))
        let table = (0...1024).map { ramp.pixel(Int64($0) * 64) }
        let stepX = (sine / length).raw >> 12, stepY = -(cosine / length).raw >> 12      // 12.20 of the line a pixel
        for y in 0..<part.height {
            let dy = Int64(2 * (y + part.y - tile.y) + 1 - tile.height), dx = Int64(2 * (part.x - tile.x) + 1 - tile.width)
            var t = (dx * stepX + dy * stepY) / 2 + 1 << 19
            for x in 0..<Int(part.width) {
                bitmap.pixels[Int(y) * Int(part.width) + x] = table[Int(Swift.max(0, Swift.min(1024, (t + 512) >> 10)))]
                t += stepX
            }
        }
        if radius > 0 { roundCorners(bitmap, part, tile, radius) }
        emit(.image(bitmap, source: Rect(0, 0, part.width, part.height), destination: out(part)))
    }

    /// A gradient along an axis: one row or column, stretched.
    private func paintStrip(_ ramp: GradientRamp, _ tile: Rect, isVertical: Bool, isReversed: Bool) {
        let count = Int64(isVertical ? tile.height : tile.width)
        guard count <= 65536 else { return }
        let bitmap = Bitmap(width: isVertical ? 1 : Int(count), height: isVertical ? Int(count) : 1)
        for i in 0..<count {
            let t = (2 * i + 1) << 15 / count
            bitmap.pixels[Int(i)] = ramp.pixel(isReversed ? 65536 - t : t)
        }
        emit(.image(bitmap, source: Rect(0, 0, Int32(bitmap.width), Int32(bitmap.height)), destination: out(tile)))
    }

    /// Clears what lies outside quarter discs at the tile's corners, at four samples a side of a pixel.
    private func roundCorners(_ bitmap: Bitmap, _ part: Rect, _ tile: Rect, _ radius: Int32) {
        for y in 0..<part.height {
            let py = y + part.y - tile.y, dy = Swift.min(py, tile.height - 1 - py)
            if dy >= radius { continue }
            for x in 0..<part.width {
                let px = x + part.x - tile.x, dx = Swift.min(px, tile.width - 1 - px)
                if dx >= radius { continue }
                let i = Int(y) * Int(part.width) + Int(x)
                bitmap.pixels[i] = faded(bitmap.pixels[i], cornerCoverage(dx, dy, radius))
            }
        }
    }
    /// Sixteenths of a pixel inside the disc whose corner of the box is at (0, 0).
    private func cornerCoverage(_ x: Int32, _ y: Int32, _ radius: Int32) -> UInt32 {
        var inside: UInt32 = 0
        let r = Int64(radius) * 8
        for sy in Int64(0)..<4 {
            for sx in Int64(0)..<4 {
                let dx = r - (Int64(x) * 8 + sx * 2 + 1), dy = r - (Int64(y) * 8 + sy * 2 + 1)
                if dx * dx + dy * dy <= r * r { inside += 1 }
            }
        }
        return inside
    }
    private func faded(_ p: UInt32, _ sixteenths: UInt32) -> UInt32 {
        func part(_ shift: UInt32) -> UInt32 { ((p >> shift & 255) * sixteenths / 16) << shift }
        return part(24) | part(16) | part(8) | part(0)
    }
}
