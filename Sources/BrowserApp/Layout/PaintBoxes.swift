// Backgrounds, borders, outlines and replaced content (CSS 2.2 §14, §8.5; CSS Backgrounds 3, the common parts).
import DOM
import CSS
import Graphics

extension Painter {
    /// Background, border and outline of a box with geometry.
    func paintDecoration(_ b: BoxID) {
        var r = borderBox(b)
        if tree.kind(b) == .table {
            let grid = tree.tables[Int(tree.boxes[Int(b)].textStart)]
            let top = grid.captionTop.round, bottom = grid.captionBottom.round
            r = Rect(r.x, r.y + top, r.width, Swift.max(0, r.height - top - bottom))
        }
        let s = tree.style(b)
        if s.visibility != .visible { return }
        note(b, r)
        if let legend = legendRect(b) {
            let top = Swift.max(0, legend.y + legend.height / 2 - r.y - s.borderTop.width.round / 2)
            r = Rect(r.x, r.y + top, r.width, Swift.max(0, r.height - top))
        }
        if goal == .hit || tree.flags(b).contains(.anonymous) { return }
        if tree.kind(b) == .tableCell, s.emptyCells == .hide, s.borderCollapse == .separate, tree.firstChild(b) == noBox { return }
        let g = tree.geometry[tree.geo(b)]
        if !s.boxShadows.isEmpty { paintShadows(s, r) }
        if hasNativeFrame(b, s) { paintNativeFrame(s, r); return }
        if !isCanvasSource(b) { paintBackground(s, border: r, padding: paddingBox(b), g.border) }
        if let c = tree.collapsedBorders[b] { paintBorders(centred(c, g), top: c.top, right: c.right, bottom: c.bottom, left: c.left, radius: 0, background: .transparent) }
        else if let legend = legendRect(b) { paintBorders(of: s, r, around: legend) }
        else { paintBorders(r, top: s.borderTop, right: s.borderRight, bottom: s.borderBottom, left: s.borderLeft, radius: radius(s, r), background: s.backgroundColor) }
        if tree.controls[b]?.isFile == true { paintFileButton(b, r, isDisabled: document.isDisabledControl(tree.boxes[Int(b)].node)) }
        if tree.controls[b]?.isMenu == true { paintMenuArrow(r, tree.textStyle(b).color) }
        if s.outline.width > .zero, s.outline.style != .none { paintOutline(s, r) }
    }

    /// A fieldset's borders leave out what its legend covers.
    private func paintBorders(of s: ComputedStyle, _ r: Rect, around legend: Rect) {
        let far: Int32 = 1 << 20
        for part in [Rect(r.x - far, r.y, far + legend.x - r.x, legend.maxY - r.y), Rect(legend.maxX, r.y, far, legend.maxY - r.y), Rect(r.x, legend.maxY, r.width, far)] where !part.isEmpty {
            emit(.pushClip(out(part)))
            paintBorders(r, top: s.borderTop, right: s.borderRight, bottom: s.borderBottom, left: s.borderLeft, radius: radius(s, r), background: .transparent)
            emit(.popClip)
        }
    }

    /// The arrow of a menu that is closed.
    private func paintMenuArrow(_ r: Rect, _ color: Color) {
        guard r.width > 16, r.height > 8 else { return }
        let o = out(r), x = o.maxX - 9, y = o.y + r.height / 2 + 2
        emit(.line(x0: x - 4, y0: y - 4, x1: x, y1: y, thickness: 2, color))
        emit(.line(x0: x, y0: y, x1: x + 4, y1: y - 4, thickness: 2, color))
    }

    /// Border box of the legend that stands in a fieldset's border.
    private func legendRect(_ b: BoxID) -> Rect? {
        let node = tree.boxes[Int(b)].node
        guard !node.isNone, document.isHTML(node, .fieldset) else { return nil }
        var c = tree.firstChild(b)
        while c != noBox {
            let child = tree.boxes[Int(c)].node
            if !child.isNone, document.isHTML(child, .legend), tree.kind(c).hasGeometry, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]) { return borderBox(c) }
            c = tree.next(c)
        }
        return nil
    }

    /// The rectangle whose inner border ring is centred on the cell's edges.
    private func centred(_ c: CollapsedBorders, _ g: Geometry) -> Rect {
        let w = c.widths
        return snapped(g.pageX - w.left, g.pageY - w.top, g.width + w.horizontal, g.height + w.vertical)
    }

    /// Controls whose border the page left alone get a plain one-pixel frame.
    private func hasNativeFrame(_ b: BoxID, _ s: ComputedStyle) -> Bool {
        let node = tree.boxes[Int(b)].node
        guard s.appearance == .auto, !s.hasAuthorFrame, s.borderTop.style == .inset || s.borderTop.style == .outset, !node.isNone else { return false }
        return tree.flags(b).contains(.control) || document.isHTML(node, .button)
    }
    private func paintNativeFrame(_ s: ComputedStyle, _ r: Rect) {
        let radius = Swift.max(3, radius(s, r))
        emit(.roundedFill(out(r), radius: radius, overWhite(s.borderTop.color)))
        emit(.roundedFill(out(Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2)), radius: radius - 1, overWhite(s.backgroundColor)))
        if s.outline.width > .zero, s.outline.style != .none { paintOutline(s, r) }
    }

    private func paintFileButton(_ b: BoxID, _ r: Rect, isDisabled: Bool) {
        var label = ControlSize.fileButton
        let width = label.withUTF8 { Int32(clamping: (shaper.fineWidth($0, tree.textStyle(b)) + 32768) >> 16) }
        let button = Rect(r.x, r.y, Swift.min(r.width, width), r.height)
        emit(.roundedFill(out(button), radius: 3, isDisabled ? Color(rgb: 0xC9C9C9) : Color(rgb: 0x767676)))
        emit(.roundedFill(out(Rect(button.x + 1, button.y + 1, button.width - 2, button.height - 2)), radius: 2, Color(rgb: 0xEFEFEF)))
    }

    /// A colour as it looks on white: frames of disabled controls are translucent.
    private func overWhite(_ c: Color) -> Color {
        func part(_ v: UInt8) -> UInt8 { UInt8((UInt32(v) * UInt32(c.alpha) + 255 * UInt32(255 - c.alpha) + 127) / 255) }
        return Color(part(c.red), part(c.green), part(c.blue))
    }

    func paintInlineBox(_ f: Fragment, _ r: Rect) {
        let s = tree.style(f.box)
        if s.visibility != .visible { return }
        note(f.box, r)
        if goal == .hit { return }
        let edges = Edges(top: s.borderTop.width, right: f.endsBox ? s.borderRight.width : .zero, bottom: s.borderBottom.width, left: f.startsBox ? s.borderLeft.width : .zero)
        let padding = Rect(r.x + edges.left.round, r.y + edges.top.round, r.width - edges.horizontal.round, r.height - edges.vertical.round)
        paintBackground(s, border: r, padding: padding, edges)
        paintBorders(r, top: s.borderTop, right: f.endsBox ? s.borderRight : .none, bottom: s.borderBottom, left: f.startsBox ? s.borderLeft : .none, radius: radius(s, r), background: s.backgroundColor)
        if s.outline.width > .zero, s.outline.style != .none { paintOutline(s, r) }
    }

    func radius(_ s: ComputedStyle, _ r: Rect) -> Int32 {
        if s.radiusTopLeft.isZero, s.radiusBottomRight.isZero { return 0 }
        let base = LayoutUnit(Swift.min(r.width, r.height))
        let value = Swift.max(s.radiusTopLeft.resolveOrZero(base), s.radiusBottomRight.resolveOrZero(base)).round
        return Swift.max(0, Swift.min(value, Swift.min(r.width, r.height) / 2))
    }

    // MARK: Canvas (§14.2)

    /// The element whose background covers the canvas: the root, or body when the root has none.
    func canvasSource() -> BoxID {
        let root = tree.box(of: document.documentElement)
        guard root != noBox else { return noBox }
        if hasBackground(tree.style(root)) { return root }
        let bodyNode = document.body
        let body = bodyNode.isNone ? noBox : tree.box(of: bodyNode)
        if body != noBox, tree.boxes[Int(body)].geometry >= 0, hasBackground(tree.style(body)) { return body }
        return noBox
    }
    private func hasBackground(_ s: ComputedStyle) -> Bool { s.backgroundColor.alpha > 0 || !s.backgroundLayers.isEmpty }
    private func isCanvasSource(_ b: BoxID) -> Bool {
        let node = tree.boxes[Int(b)].node
        return !node.isNone && (node == document.documentElement || node == document.body) && b == canvas
    }

    func paintCanvas() {
        let r = Rect(0, 0, baseView.width, baseView.height)
        if !isTransparent { emit(.fill(r, .white)) }
        canvas = canvasSource()
        guard canvas != noBox else { return }
        let s = tree.style(canvas)
        if s.backgroundColor.alpha > 0 { emit(.fill(r, s.backgroundColor)) }
        let page = Rect(0, 0, Swift.max(baseView.width, tree.geometry[0].bounds.maxX), Swift.max(baseView.maxY, tree.geometry[0].bounds.maxY))
        for layer in s.backgroundLayers.reversed() { paintLayer(layer, s, border: page, padding: page) }
    }

    // MARK: Backgrounds

    private func paintBackground(_ s: ComputedStyle, border r: Rect, padding: Rect, _ edges: Edges) {
        guard isVisible(r) else { return }
        if s.backgroundColor.alpha > 0 {
            let radius = radius(s, r)
            emit(radius > 0 ? .roundedFill(out(r), radius: radius, s.backgroundColor) : .fill(out(r.intersection(clip)), s.backgroundColor))
        }
        for layer in s.backgroundLayers.reversed() { paintLayer(layer, s, border: r, padding: padding) }
    }

    private func paintLayer(_ layer: BackgroundLayer, _ s: ComputedStyle, border: Rect, padding: Rect) {
        switch layer.image {
        case .none: break
        case .linearGradient(let angle, let stops): paintGradient(angle, stops, layer, s, border, padding: padding)
        case .url(let url):
            guard let picture = images?.image(for: url) else { images?.needsImage(url); return }
            paintTiles(picture, layer, border: border, area: layer.origin == .borderBox ? border : padding)
        }
    }

    private func paintTiles(_ picture: any PageImage, _ layer: BackgroundLayer, border: Rect, area: Rect) {
        guard area.width > 0, area.height > 0 else { return }
        let size = tileSize(picture.naturalSize.concrete(area), layer.size, area)
        guard size.width > 0, size.height > 0, !border.intersection(clip).isEmpty, let bitmap = picture.bitmap(width: size.width, height: size.height) else { return }
        let x0 = area.x &+ layer.positionX.resolveOrZero(LayoutUnit(area.width - size.width)).round
        let y0 = area.y &+ layer.positionY.resolveOrZero(LayoutUnit(area.height - size.height)).round
        let seen = border.intersection(clip)
        guard !seen.isEmpty else { return }
        emit(.pushClip(out(border)))
        let source = Rect(0, 0, Int32(clamping: bitmap.width), Int32(clamping: bitmap.height))
        let columns = tiles(x0, size.width, seen.x, seen.maxX, layer.repeatX), rows = tiles(y0, size.height, seen.y, seen.maxY, layer.repeatY)
        if Int64(columns.count) * Int64(rows.count) <= 20_000 {
            for y in rows { for x in columns { emit(.image(bitmap, source: source, destination: out(Rect(x, y, size.width, size.height)))) } }
        }
        emit(.popClip)
    }

    func tiles(_ start: Int32, _ size: Int32, _ from: Int32, _ to: Int32, _ mode: BackgroundRepeat) -> [Int32] {
        if mode == .noRepeat { return start < to && start &+ size > from ? [start] : [] }
        var p = start
        if p > from { p -= (p - from + size - 1) / size * size } else { p += (from - p) / size * size }
        var result: [Int32] = []
        while p < to, result.count < 20_000 { result.append(p); p += size }
        return result
    }

    func tileSize(_ natural: (width: Int64, height: Int64), _ size: BackgroundSize, _ area: Rect) -> (width: Int32, height: Int32) {
        let w = natural.width, h = natural.height
        let aw = Int64(area.width), ah = Int64(area.height)
        switch size {
        case .contain, .cover:
            let byWidth = aw * h < ah * w
            if byWidth == (size == .contain) { return (Int32(aw), Int32(clamping: Swift.max(1, aw * h / w))) }
            return (Int32(clamping: Swift.max(1, ah * w / h)), Int32(ah))
        case .size(let width, let height):
            let sw = width.resolve(LayoutUnit(area.width))?.round, sh = height.resolve(LayoutUnit(area.height))?.round
            if let sw, let sh { return (sw, sh) }
            if let sw { return (sw, Int32(clamping: Int64(sw) * h / w)) }
            if let sh { return (Int32(clamping: Int64(sh) * w / h), sh) }
            return (Int32(clamping: w), Int32(clamping: h))
        }
    }

    /// Shadows lie outside the border box only: what a transparent box covers stays clear.
    private func paintShadows(_ s: ComputedStyle, _ r: Rect) {
        if s.backgroundColor.alpha == 255 { paintShadowShapes(s, r); return }
        let far: Int32 = 256
        for side in [Rect(r.x - far, r.y - far, r.width + 2 * far, far), Rect(r.x - far, r.maxY, r.width + 2 * far, far), Rect(r.x - far, r.y, far, r.height), Rect(r.maxX, r.y, far, r.height)] where isVisible(side) {
            emit(.pushClip(out(side)))
            paintShadowShapes(s, r)
            emit(.popClip)
        }
    }
    private func paintShadowShapes(_ s: ComputedStyle, _ r: Rect) {
        for shadow in s.boxShadows.reversed() where !shadow.inset && shadow.color.alpha > 0 {
            let spread = shadow.spread.round, blur = Swift.max(0, Swift.min(shadow.blur.round, 64))
            let base = Rect(r.x + shadow.offsetX.round - spread, r.y + shadow.offsetY.round - spread, r.width + 2 * spread, r.height + 2 * spread)
            let steps = Swift.max(1, Swift.min(blur, 6))
            var color = shadow.color
            color.alpha = UInt8(Swift.max(1, Int32(color.alpha) / steps))
            for i in 0..<steps {
                let grow = blur / 2 - blur * i / steps
                let rect = Rect(base.x - grow, base.y - grow, base.width + 2 * grow, base.height + 2 * grow)
                if !rect.isEmpty { emit(.roundedFill(out(rect), radius: Swift.max(0, Swift.min(radius(s, r) + Swift.max(0, grow), Swift.min(rect.width, rect.height) / 2)), color)) }
            }
        }
    }

    // MARK: Borders

    /// Used width in whole pixels: at least one when not zero.
    private func pixels(_ side: BorderSide) -> Int32 {
        guard side.style != .none, side.style != .hidden, side.width > .zero else { return 0 }
        return Swift.max(1, side.width.floor)
    }

    func paintBorders(_ r: Rect, top: BorderSide, right: BorderSide, bottom: BorderSide, left: BorderSide, radius: Int32, background: Color) {
        let t = pixels(top), rt = pixels(right), b = pixels(bottom), l = pixels(left)
        if t | rt | b | l == 0 { return }
        if radius > 0, top == right, right == bottom, bottom == left, background.alpha == 255, top.style != .double {
            emit(.roundedFill(out(r), radius: radius, top.color))
            emit(.roundedFill(out(Rect(r.x + l, r.y + t, r.width - l - rt, r.height - t - b)), radius: Swift.max(0, radius - t), background))
            return
        }
        let inset = radius > 2 ? radius / 2 : 0    // rounded corners over transparent backgrounds: leave them open
        if t > 0 { paintSide(Rect(r.x + inset, r.y, r.width - 2 * inset, t), top, horizontal: true, isStart: true) }
        if b > 0 { paintSide(Rect(r.x + inset, r.maxY - b, r.width - 2 * inset, b), bottom, horizontal: true, isStart: false) }
        if l > 0 { paintSide(Rect(r.x, r.y + Swift.max(t, inset), l, r.height - Swift.max(t, inset) - Swift.max(b, inset)), left, horizontal: false, isStart: true) }
        if rt > 0 { paintSide(Rect(r.maxX - rt, r.y + Swift.max(t, inset), rt, r.height - Swift.max(t, inset) - Swift.max(b, inset)), right, horizontal: false, isStart: false) }
    }

    private func paintSide(_ r: Rect, _ side: BorderSide, horizontal: Bool, isStart: Bool) {
        guard !r.isEmpty, side.color.alpha > 0, isVisible(r) else { return }
        let thickness = horizontal ? r.height : r.width
        switch side.style {
        case .dashed: emit(.dashedRect(out(r), dash: Swift.max(3, thickness * 2), side.color))
        case .dotted: emit(.dashedRect(out(r), dash: thickness, side.color))
        case .double where thickness >= 3:
            let third = (thickness + 1) / 3
            emit(.fill(out(horizontal ? Rect(r.x, r.y, r.width, third) : Rect(r.x, r.y, third, r.height)), side.color))
            emit(.fill(out(horizontal ? Rect(r.x, r.maxY - third, r.width, third) : Rect(r.maxX - third, r.y, third, r.height)), side.color))
        case .inset: emit(.fill(out(r), isStart ? darker(side.color) : lighter(side.color)))
        case .outset: emit(.fill(out(r), isStart ? lighter(side.color) : darker(side.color)))
        case .groove, .ridge:
            let half = Swift.max(1, thickness / 2)
            let dark = (side.style == .groove) == isStart
            emit(.fill(out(r), dark == isStart ? lighter(side.color) : darker(side.color)))
            let outer = isStart ? (horizontal ? Rect(r.x, r.y, r.width, half) : Rect(r.x, r.y, half, r.height)) : (horizontal ? Rect(r.x, r.maxY - half, r.width, half) : Rect(r.maxX - half, r.y, half, r.height))
            emit(.fill(out(outer), dark == isStart ? darker(side.color) : lighter(side.color)))
        default: emit(.fill(out(r.intersection(clip)), side.color))
        }
    }
    /// The edge in the shadow: a third of full brightness less. Where a colour is too dark for that, both edges are lightened.
    private func darker(_ c: Color) -> Color {
        let most = Int32(Swift.max(c.red, c.green, c.blue))
        return most <= 32 ? brightened(c, 84, from: most) : scaled(c, Swift.max(0, most - 84), most)
    }
    private func lighter(_ c: Color) -> Color {
        let most = Int32(Swift.max(c.red, c.green, c.blue))
        if most >= 235 { return c }
        return most <= 32 ? brightened(c, 168, from: most) : scaled(c, Swift.min(255, most + 84), most)
    }
    private func scaled(_ c: Color, _ to: Int32, _ from: Int32) -> Color {
        func part(_ v: UInt8) -> UInt8 { UInt8(Swift.min(255, (Int32(v) * to + from / 2) / from)) }
        return Color(part(c.red), part(c.green), part(c.blue), c.alpha)
    }
    private func brightened(_ c: Color, _ by: Int32, from most: Int32) -> Color {
        if most == 0 { return Color(UInt8(by), UInt8(by), UInt8(by), c.alpha) }
        return scaled(c, most + by, most)
    }

    private func paintOutline(_ s: ComputedStyle, _ r: Rect) {
        let width = Swift.max(1, s.outline.width.round), gap = s.outlineOffset.round
        let outer = Rect(r.x - width - gap, r.y - width - gap, r.width + 2 * (width + gap), r.height + 2 * (width + gap))
        var side = s.outline
        side.width = LayoutUnit(width)
        if side.style == .auto { side.style = .solid; side.color = Color(16, 16, 16) }
        paintBorders(outer, top: side, right: side, bottom: side, left: side, radius: 0, background: .transparent)
    }

    // MARK: Replaced content

    func paintReplaced(_ b: BoxID) {
        let s = tree.style(b)
        if s.visibility != .visible || goal == .hit { return }
        let g = tree.geometry[tree.geo(b)]
        let r = snapped(g.pageX + g.contentLeft, g.pageY + g.contentTop, g.contentWidth, g.contentHeight)
        guard isVisible(r), !r.isEmpty else { return }
        switch ReplacedKind(rawValue: tree.boxes[Int(b)].textStart) ?? .image {
        case .image: if let picture = tree.images[b] { paintImage(picture, s.objectFit, r) } else { paintBroken(b, r) }
        case .checkbox, .radio: paintCheck(b, r)
        case .progress: paintProgress(b, r)
        case .frame:
            let node = tree.boxes[Int(b)].node
            if let frames, !node.isNone { frames.paintFrame(node, out(r), into: &list) }
        case .canvas: break
        case .slider: paintSlider(r)
        case .swatch: emit(.fill(out(r), .black))
        }
    }

    private func paintImage(_ picture: any PageImage, _ fit: ObjectFit, _ r: Rect) {
        let (w, h) = picture.naturalSize.concrete(r)
        guard w > 0, h > 0 else { return }
        let source = Rect(0, 0, Int32(clamping: w), Int32(clamping: h))
        var target = r
        switch fit {
        case .fill: break
        case .none: target = Rect(r.x + (r.width - source.width) / 2, r.y + (r.height - source.height) / 2, source.width, source.height)
        case .contain, .scaleDown, .cover:
            // The exact ratio, where the size in whole pixels has lost it.
            let (rw, rh) = picture.naturalSize.proportions(w, h)
            let byWidth = Int64(r.width) * rh < Int64(r.height) * rw
            if byWidth != (fit == .cover) { let nh = Int32(clamping: Int64(r.width) * rh / rw); target = Rect(r.x, r.y + (r.height - nh) / 2, r.width, nh) }
            else { let nw = Int32(clamping: Int64(r.height) * rw / rh); target = Rect(r.x + (r.width - nw) / 2, r.y, nw, r.height) }
        }
        guard let bitmap = picture.bitmap(width: target.width, height: target.height) else { return }
        if target != r { emit(.pushClip(out(r))) }
        emit(.image(bitmap, source: Rect(0, 0, Int32(clamping: bitmap.width), Int32(clamping: bitmap.height)), destination: out(target)))
        if target != r { emit(.popClip) }
    }

    /// A track with its thumb in the middle.
    private func paintSlider(_ r: Rect) {
        let y = r.y + r.height / 2
        emit(.roundedFill(out(Rect(r.x, y - 3, r.width, 6)), radius: 3, Color(224, 224, 224)))
        emit(.roundedFill(out(Rect(r.x, y - 3, r.width / 2, 6)), radius: 3, Color(26, 115, 232)))
        emit(.roundedFill(out(Rect(r.x + r.width / 2 - 8, y - 8, 16, 16)), radius: 8, Color(26, 115, 232)))
    }

    private func paintBroken(_ b: BoxID, _ r: Rect) {
        guard let alt = tree.generatedText[b] else { return }
        let side = BorderSide(width: .one, style: .solid, color: Color(192, 192, 192))
        paintBorders(r, top: side, right: side, bottom: side, left: side, radius: 0, background: .transparent)
        emit(.pushClip(out(r)))
        let ts = tree.textStyle(b)
        paintRun(alt, ts, ts.color, x: LayoutUnit(r.x + 4), baseline: r.y + 4 + ts.ascent.round)
        emit(.popClip)
    }

    private func paintCheck(_ b: BoxID, _ r: Rect) {
        let node = tree.boxes[Int(b)].node
        let on = document.isChecked(node)
        let isRadio = tree.boxes[Int(b)].textStart == ReplacedKind.radio.rawValue
        let radius = isRadio ? Swift.min(r.width, r.height) / 2 : 2
        let frame = on ? Color(0, 103, 192) : Color(118, 118, 118)
        emit(.roundedFill(out(r), radius: radius, frame))
        let inner = Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2)
        if !on || isRadio { emit(.roundedFill(out(inner), radius: Swift.max(0, radius - 1), .white)) }
        guard on else { return }
        if isRadio { emit(.roundedFill(out(Rect(r.x + 3, r.y + 3, r.width - 6, r.height - 6)), radius: Swift.max(0, radius - 3), frame)); return }
        let o = out(r)
        emit(.line(x0: o.x + 3, y0: o.y + r.height / 2, x1: o.x + r.width / 2 - 1, y1: o.maxY - 4, thickness: 2, .white))
        emit(.line(x0: o.x + r.width / 2 - 1, y0: o.maxY - 4, x1: o.maxX - 3, y1: o.y + 3, thickness: 2, .white))
    }

    private func paintProgress(_ b: BoxID, _ r: Rect) {
        let node = tree.boxes[Int(b)].node
        let value = Int64(integer(document.attribute(node, .value)) ?? 0), most = Int64(Swift.max(1, integer(document.attribute(node, Atom("max"))) ?? 100))
        emit(.roundedFill(out(r), radius: Swift.min(r.height / 2, 4), Color(230, 230, 230)))
        let width = Int32(clamping: Swift.max(0, Swift.min(Int64(r.width), Int64(r.width) * value / most)))
        if width > 0 { emit(.roundedFill(out(Rect(r.x, r.y, width, r.height)), radius: Swift.min(Swift.min(width, r.height) / 2, 4), Color(0, 103, 192))) }
    }
}
