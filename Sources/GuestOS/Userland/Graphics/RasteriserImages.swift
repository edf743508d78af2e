// Images: copied when sizes agree, nearest for whole-number enlargement, bilinear for other enlargement, area average
// (box) when either side shrinks. Positions are 16.16 fixed point.

extension Rasteriser {
    /// Blends another surface's pixels, premultiplied, in their own size.
    func drawSurface(_ source: Surface, _ destination: Rect) {
        let size = Rect(destination.x, destination.y, min(destination.width, Int32(clamping: source.width)), min(destination.height, Int32(clamping: source.height)))
        let v = visible(size)
        if v.isEmpty { return }
        let column = Int(Int64(v.x) - Int64(size.x) - target.dx), line = Int(Int64(v.y) - Int64(size.y) - target.dy)
        for y in 0..<Int(v.height) { Blend.copy(pixels(v.x, v.y + Int32(y)), source.row(line + y) + column, Int(v.width)) }
    }

    func drawImage(_ bitmap: Bitmap, _ source: Rect, _ destination: Rect) {
        let s = source.intersection(Rect(0, 0, Int32(clamping: bitmap.width), Int32(clamping: bitmap.height)))
        let v = visible(destination)
        guard !s.isEmpty, !v.isEmpty, bitmap.pixels.count >= bitmap.width * bitmap.height else { return }
        // First visible pixel, counted from the destination's corner.
        let column = Int64(v.x) - (Int64(destination.x) + target.dx), line = Int64(v.y) - (Int64(destination.y) + target.dy)
        bitmap.pixels.withUnsafeBufferPointer { p in
            let view = ImageView(pixels: p.baseAddress! + Int(s.y) * bitmap.width + Int(s.x), stride: bitmap.width, width: Int64(s.width), height: Int64(s.height))
            let w = Int64(destination.width), h = Int64(destination.height)
            if w == view.width && h == view.height {
                for y in 0..<Int(v.height) {
                    Blend.copy(pixels(v.x, v.y + Int32(y)), view.pixels + (Int(line) + y) * view.stride + Int(column), Int(v.width))
                }
                return
            }
            var row = [UInt32](repeating: 0, count: Int(v.width))
            for y in 0..<Int(v.height) {
                row.withUnsafeMutableBufferPointer { out in
                    let destinationY = line + Int64(y)
                    if w < view.width || h < view.height {
                        view.average(out, column, destinationY, w, h)
                    } else if w % view.width == 0 && h % view.height == 0 {
                        view.nearest(out, column, destinationY, w, h)
                    } else {
                        view.bilinear(out, column, destinationY, w, h)
                    }
                    Blend.copy(pixels(v.x, v.y + Int32(y)), UnsafePointer(out.baseAddress!), Int(v.width))
                }
            }
        }
    }
}

/// Part of a bitmap, sampled for one destination row at a time.
private struct ImageView {
    let pixels: UnsafePointer<UInt32>
    let stride: Int
    let width: Int64, height: Int64

    func nearest(_ out: UnsafeMutableBufferPointer<UInt32>, _ column: Int64, _ y: Int64, _ w: Int64, _ h: Int64) {
        let row = pixels + Int(y * height / h) * stride
        for i in 0..<out.count { out[i] = row[Int((column + Int64(i)) * width / w)] }
    }

    func bilinear(_ out: UnsafeMutableBufferPointer<UInt32>, _ column: Int64, _ y: Int64, _ w: Int64, _ h: Int64) {
        // The centre of the destination pixel in source coordinates, less half a pixel, 24.8.
        let sy = max(0, ((2 * y + 1) * height * 256 / h - 256) / 2)
        let y0 = min(height - 1, sy >> 8), y1 = min(height - 1, y0 + 1), fy = UInt32(sy & 255)
        let a = pixels + Int(y0) * stride, b = pixels + Int(y1) * stride
        for i in 0..<out.count {
            let sx = max(0, ((2 * (column + Int64(i)) + 1) * width * 256 / w - 256) / 2)
            let x0 = Int(min(width - 1, sx >> 8)), x1 = min(Int(width) - 1, x0 + 1), fx = UInt32(sx & 255)
            out[i] = mix(mix(a[x0], a[x1], fx), mix(b[x0], b[x1], fx), fy)
        }
    }
    /// Two pixels mixed by `t` of 256; never brighter than its alpha when the inputs are not.
    @inline(__always)
    private func mix(_ a: UInt32, _ b: UInt32, _ t: UInt32) -> UInt32 {
        if a == b { return a }
        let low = ((a & 0x00FF_00FF) &* (256 &- t) &+ (b & 0x00FF_00FF) &* t) >> 8 & 0x00FF_00FF
        let high = ((a >> 8 & 0x00FF_00FF) &* (256 &- t) &+ (b >> 8 & 0x00FF_00FF) &* t) & 0xFF00_FF00
        return low | high
    }

    func average(_ out: UnsafeMutableBufferPointer<UInt32>, _ column: Int64, _ y: Int64, _ w: Int64, _ h: Int64) {
        let top = y * height * 256 / h, bottom = max(top + 1, (y + 1) * height * 256 / h)
        for i in 0..<out.count {
            let x = column + Int64(i)
            let left = x * width * 256 / w, right = max(left + 1, (x + 1) * width * 256 / w)
            out[i] = average(left, right, top, bottom)
        }
    }
    /// Mean of a source area given in 24.8.
    private func average(_ left: Int64, _ right: Int64, _ top: Int64, _ bottom: Int64) -> UInt32 {
        var a: UInt64 = 0, r: UInt64 = 0, g: UInt64 = 0, b: UInt64 = 0, total: UInt64 = 0
        var y = top >> 8
        while y << 8 < bottom && y < height {
            let wy = min(bottom, (y + 1) << 8) - max(top, y << 8)
            let row = pixels + Int(y) * stride
            var x = left >> 8
            while x << 8 < right && x < width {
                let weight = UInt64(wy * (min(right, (x + 1) << 8) - max(left, x << 8)))
                let p = row[Int(x)]
                a += UInt64(p >> 24) * weight; r += UInt64(p >> 16 & 255) * weight
                g += UInt64(p >> 8 & 255) * weight; b += UInt64(p & 255) * weight
                total += weight
                x += 1
            }
            y += 1
        }
        if total == 0 { return 0 }
        let half = total / 2
        return UInt32((a + half) / total) << 24 | UInt32((r + half) / total) << 16 | UInt32((g + half) / total) << 8 | UInt32((b + half) / total)
    }
}
