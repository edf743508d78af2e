// Composition: damaged rectangles are drawn bottom to top straight into the framebuffer, contents copied row by row
// from the clients' shared memory.

import ABI
import Graphics
import Toolkit

extension Desktop {
    /// Draws everything that changed; returns the rectangles to flush. Empty when nothing changed.
    public func compose(into frame: Surface) -> [Rect] {
        var flush = damage.take()
        if flush.isEmpty && !cursorMoved { return [] }
        let old = sprite.shownRect
        sprite.hide(on: frame)
        for r in flush { composeRect(r, frame) }
        flush.append(old)
        sprite.show(cursorShape, pointerX, pointerY, on: frame)
        cursorMoved = false
        flush.append(sprite.shownRect)
        return flush.filter { !$0.isEmpty }
    }
    private var cursorShape: CursorShape {
        if case .content(let id) = grab { return window(id)?.cursor ?? .arrow }
        return grab.isNone && !menu.isOpen ? (window(hovered)?.cursor ?? .arrow) : .arrow
    }

    /// Splits the rectangle along the contents of windows, so that hidden pixels are not drawn.
    private func composeRect(_ r: Rect, _ frame: Surface) {
        for (i, w) in windows.enumerated().reversed() where w.isVisible {
            let inside = w.content.intersection(r)
            if inside.isEmpty { continue }
            if inside == r { composePart(r, from: i, frame); return }
            composePart(inside, from: i, frame)
            for part in Self.parts(of: r, around: inside) { composeRect(part, frame) }
            return
        }
        drawWallpaper(r, frame)
        composePart(r, from: 0, frame)
    }
    /// Up to four rectangles: `outer` without `inner`, which lies inside it.
    static func parts(of outer: Rect, around inner: Rect) -> [Rect] {
        let all = [Rect(outer.x, outer.y, outer.width, inner.y - outer.y), Rect(outer.x, inner.maxY, outer.width, outer.maxY - inner.maxY),
                   Rect(outer.x, inner.y, inner.x - outer.x, inner.height), Rect(inner.maxX, inner.y, outer.maxX - inner.maxX, inner.height)]
        return all.filter { !$0.isEmpty }
    }
    /// Windows from `start` up, then the menu. Nothing below `start` shows in `r`.
    private func composePart(_ r: Rect, from start: Int, _ frame: Surface) {
        for (i, w) in windows.enumerated() where i >= start && w.isVisible && !w.extent.intersection(r).isEmpty {
            drawWindow(w, r, frame)
        }
        if !menu.bar.intersection(r).isEmpty { drawBar(r, frame) }
        if menu.isOpen && !menu.menuExtent.intersection(r).isEmpty { drawMenu(r, frame) }
    }
    private func drawWallpaper(_ r: Rect, _ frame: Surface) {
        var list = DisplayList()
        list.append(.verticalGradient(Rect(0, 0, width, height), top: Color(rgb: 0x2B5876), bottom: Color(rgb: 0x8FB8A8)))
        rasteriser.draw(list, into: frame, clip: r, offsetX: 0, offsetY: 0)
    }

    // MARK: Windows

    private func drawWindow(_ w: WindowState, _ clip: Rect, _ frame: Surface) {
        if w.content.intersection(clip) != clip {
            let f = w.frame, e = w.extent
            if !w.isMaximised {
                // Around the frame only; the top strip reaches under the rounded corners.
                let top = Rect(e.x, e.y, e.width, f.y + Self.cornerRadius - e.y), side = f.height - Self.cornerRadius
                drawShadow(f, clip.intersection(top), frame)
                drawShadow(f, clip.intersection(Rect(e.x, top.maxY, f.x - e.x, side)), frame)
                drawShadow(f, clip.intersection(Rect(f.maxX, top.maxY, e.maxX - f.maxX, side)), frame)
                drawShadow(f, clip.intersection(Rect(e.x, f.maxY, e.width, e.maxY - f.maxY)), frame)
            }
            if !f.intersection(clip).isEmpty {
                var list = DisplayList()
                decorate(w, &list)
                rasteriser.draw(list, into: frame, clip: clip, offsetX: 0, offsetY: 0)
            }
        }
        copyContent(w, clip, frame)
        let c = w.content
        if !w.isMaximised && !w.isInternal && !Rect(c.maxX - 14, c.maxY - 14, 14, 14).intersection(clip).isEmpty {
            var list = DisplayList()
            for i in Int32(1)...3 {
                list.append(.line(x0: c.maxX - 3, y0: c.maxY - 1 - 4 * i + 2, x1: c.maxX - 1 - 4 * i + 2, y1: c.maxY - 3, thickness: 1, Color(90, 98, 112, 150)))
            }
            rasteriser.draw(list, into: frame, clip: clip.intersection(c), offsetX: 0, offsetY: 0)
        }
    }
    private static let cornerRadius: Int32 = 7
    private func drawShadow(_ f: Rect, _ clip: Rect, _ frame: Surface) {
        if clip.isEmpty { return }
        var list = DisplayList()
        for i in Int32(0)..<5 { list.append(.roundedFill(Rect(f.x - 9 + 2 * i, f.y - 5 + 2 * i, f.width + 18 - 4 * i, f.height + 16 - 4 * i), radius: 12, Color(0, 0, 0, 14))) }
        rasteriser.draw(list, into: frame, clip: clip, offsetX: 0, offsetY: 0)
    }
    private func decorate(_ w: WindowState, _ list: inout DisplayList) {
        let isFocused = w.id == focused, f = w.frame, bar = w.titleBar
        let radius = w.isMaximised ? 0 : Self.cornerRadius
        list.append(.pushClip(bar))
        list.append(.roundedFill(Rect(f.x, f.y, f.width, bar.height + radius), radius: radius, Color(rgb: isFocused ? 0x2A4A6E : 0xB9C2CC)))
        list.append(.popClip)
        let edge = Color(rgb: isFocused ? 0x2A4A6E : 0xA4AEBA), below = f.height - bar.height
        list.append(.fill(Rect(f.x, bar.maxY - 1, f.width, 1), edge))
        list.append(.fill(Rect(f.x, bar.maxY, 1, below), edge))
        list.append(.fill(Rect(f.maxX - 1, bar.maxY, 1, below), edge))
        list.append(.fill(Rect(f.x, f.maxY - 1, f.width, 1), edge))
        let textColor = Color(rgb: isFocused ? 0xFFFFFF : 0x4A5462), painter = isFocused ? boldPainter : titlePainter
        let room = max(0, bar.width - 70)
        let textWidth = min(room, painter.width(w.title))
        painter.draw(w.title, into: &list, x: bar.x + 35 + (room - textWidth) / 2, baseline: bar.y + (bar.height - painter.lineHeight) / 2 + painter.ascent, color: textColor, maxWidth: room)
        let b = w.closeButton
        var isClosing = false
        if case .closing(let id) = grab { isClosing = id == w.id }
        list.append(.roundedFill(b, radius: 9, isClosing ? Color(rgb: 0xB02A20) : (isFocused ? Color(rgb: 0xE0564A) : Color(rgb: 0xCDD4DC))))
        let cross = isFocused ? Color.white : Color(rgb: 0x6A7482)
        list.append(.line(x0: b.x + 6, y0: b.y + 6, x1: b.x + 12, y1: b.y + 12, thickness: 2, cross))
        list.append(.line(x0: b.x + 12, y0: b.y + 6, x1: b.x + 6, y1: b.y + 12, thickness: 2, cross))
    }
    private func copyContent(_ w: WindowState, _ clip: Rect, _ frame: Surface) {
        let content = w.content.intersection(clip)
        if content.isEmpty { return }
        var hidden = false
        for l in w.layers where l.shown.offset(w.x, w.y).intersection(content) == content { hidden = true }
        if !hidden { Self.copy(w.memory.surface(w.buffer), w.x, w.y, content, frame) }
        for l in w.layers { Self.copy(l.memory.surface(l.buffer), w.x + l.rect.x, w.y + l.rect.y, l.shown.offset(w.x, w.y).intersection(content), frame) }
    }
    /// Copies the part of `source`, whose origin lies at (x, y) of the screen, that `part` asks for.
    private static func copy(_ source: Surface, _ x: Int32, _ y: Int32, _ part: Rect, _ frame: Surface) {
        let p = part.intersection(Rect(x, y, Int32(source.width), Int32(source.height))).intersection(frame.bounds)
        if p.isEmpty { return }
        var row = p.y
        while row < p.maxY {
            // A memory copy; an element-wise one costs some twenty instructions a pixel in a program.
            UnsafeMutableRawPointer(frame.row(Int(row)) + Int(p.x)).copyMemory(from: source.row(Int(row - y)) + Int(p.x - x), byteCount: Int(p.width) * 4)
            row += 1
        }
    }

    // MARK: Menu bar

    private func drawBar(_ clip: Rect, _ frame: Surface) {
        var list = DisplayList()
        list.append(.fill(menu.bar, Color(rgb: 0xF4F5F7)))
        list.append(.fill(Rect(0, MenuBar.height - 1, width, 1), Color(rgb: 0xC3C9D2)))
        if menu.isOpen { list.append(.fill(menu.menuTitle, Theme.accent)) }
        let baseline = (MenuBar.height - boldPainter.lineHeight) / 2 + boldPainter.ascent
        boldPainter.draw("Terrarium", into: &list, x: 14, baseline: baseline, color: menu.isOpen ? .white : Theme.text)
        let clockWidth = titlePainter.width(menu.clock)
        titlePainter.draw(menu.clock, into: &list, x: width - clockWidth - 14, baseline: baseline, color: Theme.text)
        if let w = window(focused) {
            titlePainter.draw(w.title, into: &list, x: 110, baseline: baseline, color: Theme.textFaint, maxWidth: max(0, width - clockWidth - 140))
        }
        rasteriser.draw(list, into: frame, clip: clip, offsetX: 0, offsetY: 0)
    }
    private func drawMenu(_ clip: Rect, _ frame: Surface) {
        var list = DisplayList()
        let m = menu.menu
        for i in Int32(0)..<3 { list.append(.roundedFill(Rect(m.x - 6 + 2 * i, m.y, m.width + 12 - 4 * i, m.height + 8 - 2 * i), radius: 8, Color(0, 0, 0, 18))) }
        list.append(.fill(m, Color(rgb: 0xFBFCFD)))
        for i in 0..<menu.items.count {
            let r = menu.itemRect(i), isHovered = i == menu.hovered
            if isHovered { list.append(.fill(r, Theme.accent)) }
            titlePainter.draw(menu.items[i].label, into: &list, x: r.x + 14, baseline: r.y + (r.height - titlePainter.lineHeight) / 2 + titlePainter.ascent,
                              color: isHovered ? .white : Theme.text)
        }
        rasteriser.draw(list, into: frame, clip: clip, offsetX: 0, offsetY: 0)
    }

    // MARK: About

    /// The only window without a client.
    func openAbout() {
        for w in windows where w.isInternal { focus(w.id); return }
        let buffer = WindowBuffer(width: 360, height: 150, strideWords: 360)
        let byteCount = buffer.byteCount ?? 0
        let base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 4)
        base.initializeMemory(as: UInt32.self, repeating: Theme.background.pixel, count: byteCount / 4)
        let memory = SurfaceMemory(base: base, byteCount: byteCount) { base.deallocate() }
        let w = WindowState(id: makeID(), title: "About Terrarium", x: (width - 360) / 2, y: max(60, (height - 150) / 3), buffer: buffer, memory: memory)
        w.isInternal = true
        w.isVisible = true
        var list = DisplayList()
        let large = TextPainter(fonts: fonts, pixels: 24, bold: true)
        large.draw("Terrarium", into: &list, x: 24, baseline: 48, color: Theme.text)
        titlePainter.draw("A deterministic machine, a microkernel,", into: &list, x: 24, baseline: 80, color: Theme.text)
        titlePainter.draw("and a browser that lives in them.", into: &list, x: 24, baseline: 99, color: Theme.text)
        titlePainter.draw("Screen \(width) × \(height)", into: &list, x: 24, baseline: 128, color: Theme.textFaint)
        rasteriser.draw(list, into: memory.surface(buffer))
        windows.append(w)
        addDamage(w.extent)
        focus(w.id)
    }
}
