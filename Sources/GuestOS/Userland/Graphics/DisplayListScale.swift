// A display list at another size: how a page is zoomed. Edges, not widths, are scaled, so that what touches stays together.

extension Rect {
    /// Where `DisplayList.scaled` puts this rectangle.
    public func scaled(percent: Int32) -> Rect { percent == 100 ? self : ListScale(percent: percent).rect(self) }
}

extension DisplayList {
    /// Everything `percent` / 100 times as large, from the origin.
    public func scaled(percent: Int32) -> DisplayList {
        if percent == 100 { return self }
        let s = ListScale(percent: percent)
        var out = DisplayList()
        out.items.reserveCapacity(items.count)
        for item in items { out.append(s.item(item)) }
        return out
    }
}

struct ListScale {
    let percent: Int32

    /// Rounded to the nearest pixel.
    func value(_ v: Int32) -> Int32 { Int32(clamping: (Int64(v) * Int64(percent) + 50) / 100 - (v < 0 && (Int64(v) * Int64(percent) + 50) % 100 < 0 ? 1 : 0)) }
    /// 26.6 values keep their fraction.
    private func fine(_ v: Int32) -> Int32 { Int32(clamping: Int64(v) * Int64(percent) / 100) }
    private func size(_ v: Int32) -> Int32 { max(v > 0 ? 1 : 0, value(v)) }
    func rect(_ r: Rect) -> Rect {
        let x = value(r.x), y = value(r.y)
        return Rect(x, y, max(r.width > 0 ? 1 : 0, value(r.maxX) - x), max(r.height > 0 ? 1 : 0, value(r.maxY) - y))
    }

    func item(_ item: DisplayItem) -> DisplayItem {
        switch item {
        case .fill(let r, let c): return .fill(rect(r), c)
        case .roundedFill(let r, let radius, let c): return .roundedFill(rect(r), radius: value(radius), c)
        case .verticalGradient(let r, let top, let bottom): return .verticalGradient(rect(r), top: top, bottom: bottom)
        case .line(let x0, let y0, let x1, let y1, let thickness, let c): return .line(x0: value(x0), y0: value(y0), x1: value(x1), y1: value(y1), thickness: size(thickness), c)
        case .dashedRect(let r, let dash, let c): return .dashedRect(rect(r), dash: size(dash), c)
        case .glyphs(let fontID, let size, let c, let glyphs):
            return .glyphs(fontID: fontID, size: fine(size), c, glyphs.map { PositionedGlyph(glyph: $0.glyph, x: fine($0.x), y: value($0.y >> 6) << 6) })
        case .image(let bitmap, let source, let destination): return .image(bitmap, source: source, destination: rect(destination))
        case .surface(let surface, let r): return .surface(surface, rect(r))
        case .pushClip(let r): return .pushClip(rect(r))
        default: return item
        }
    }
}
