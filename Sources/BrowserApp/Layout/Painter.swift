// Painting order (CSS 2.2 Appendix E): walks the laid-out boxes and emits display items for what lies in view, or finds
// the topmost box at a point. Both use one walk, so that what is hit is what is seen.
import DOM
import CSS
import Graphics

final class Painter {
    enum Goal { case paint, hit }

    let tree: LayoutTree
    let shaper: TextShaper
    let document: Document
    let layers: [Layer]
    let goal: Goal
    var images: (any ImageProvider)?
    var controls: (any ControlTextProvider)?
    var frames: (any FrameProvider)?
    /// A document in a frame shows what lies behind it where it paints nothing.
    var isTransparent = false
    /// Backgrounds of text, each list sorted by `start` and without overlaps; later lists lie above.
    var highlights: [[TextHighlight]] = []
    var list = DisplayList()
    /// Visible part of the page (painting) or the point (hit testing), in page pixels.
    var view: Rect
    let baseView: Rect
    /// From page to output pixels.
    var dx: Int32, dy: Int32
    /// What is inside all clips, in page pixels.
    var clip: Rect
    var hitBox = noBox
    /// The box whose background the canvas took.
    var canvas = noBox

    init(tree: LayoutTree, shaper: TextShaper, document: Document, layers: [Layer], view: Rect, goal: Goal) {
        self.tree = tree; self.shaper = shaper; self.document = document; self.layers = layers; self.goal = goal
        self.view = view; baseView = view; clip = view
        dx = 0 &- view.x; dy = 0 &- view.y
    }

    func run() { if !tree.boxes.isEmpty { paintLayer(0) } }

    @inline(__always) func isVisible(_ r: Rect) -> Bool { r.x < clip.maxX && r.maxX > clip.x && r.y < clip.maxY && r.maxY > clip.y }
    @inline(__always) func emit(_ item: DisplayItem) { if goal == .paint { list.append(item) } }
    @inline(__always) func out(_ r: Rect) -> Rect { r.offset(dx, dy) }

    /// Records a hit on a rectangle in page pixels.
    @inline(__always) func note(_ b: BoxID, _ r: Rect) {
        if goal == .hit, r.contains(view.x, view.y), clip.contains(view.x, view.y), tree.style(b).pointerEvents == .auto { hitBox = b }
    }

    func borderBox(_ b: BoxID) -> Rect {
        let g = tree.geometry[tree.geo(b)]
        return snapped(g.pageX, g.pageY, g.width, g.height)
    }

    // MARK: Layers

    private func paintLayer(_ i: Int) {
        let layer = layers[i], b = layer.box
        let saved = (view, dx, dy, clip)
        defer { (view, dx, dy, clip) = saved }
        if tree.flags(b).contains(.fixed) { detachFromScroll() }
        let stick = stickyShift(b)
        if stick != (0, 0) { dx &+= stick.x; dy &+= stick.y; view = view.offset(0 &- stick.x, 0 &- stick.y); clip = clip.offset(0 &- stick.x, 0 &- stick.y) }
        let outer = ancestorClip(b).map { $0.offset(0 &- stick.x, 0 &- stick.y) }
        let pushed = b != 0 && outer != nil
        if let outer { if pushed { pushClip(outer) } }
        let opacity = tree.style(b).opacity
        if opacity < 255 { emit(.pushOpacity(opacity)) }
        if opacity > 0 {
            let seen = b == 0 || isVisible(tree.geometry[tree.geo(b)].bounds)
            if b != 0, seen { paintDecoration(b) }
            for child in layer.children where layers[child].z < 0 { paintLayer(child) }
            if seen { paintContents(b) }
            for child in layer.children where layers[child].z >= 0 { paintLayer(child) }
        }
        if opacity < 255 { emit(.popOpacity) }
        if pushed { emit(.popClip) }
    }

    private func stickyShift(_ b: BoxID) -> (x: Int32, y: Int32) {
        guard b != 0, tree.style(b).position == .sticky else { return (0, 0) }
        let scrollX = goal == .paint ? baseView.x : 0 &- hitScrollX, scrollY = goal == .paint ? baseView.y : 0 &- hitScrollY
        let shift = tree.stickyShift(b, viewport: (LayoutUnit(scrollX), LayoutUnit(scrollY), stickyWidth, stickyHeight))
        return (shift.x.round, shift.y.round)
    }

    /// Fixed boxes stay where they are in the viewport.
    private func detachFromScroll() {
        if goal == .paint { view = Rect(0, 0, baseView.width, baseView.height); dx = 0; dy = 0 } else {
            view = Rect(baseView.x &+ hitScrollX, baseView.y &+ hitScrollY, 1, 1)
        }
        clip = view
    }
    /// The viewport that sticky boxes stick to: the first box.
    private var stickyWidth: LayoutUnit { tree.geometry[0].width }
    private var stickyHeight: LayoutUnit { viewportHeight > 0 ? LayoutUnit(viewportHeight) : tree.geometry[0].height }
    var viewportHeight: Int32 = 0
    /// Hit testing: minus the scroll position.
    var hitScrollX: Int32 = 0, hitScrollY: Int32 = 0

    /// Intersection of the overflow clips of the containing block chain; nil without clips.
    private func ancestorClip(_ b: BoxID) -> Rect? {
        var result: Rect?
        var position = tree.style(b).position
        var p = tree.parent(b)
        while p > 0 {
            if position == .fixed { break }
            let isContainer = position != .absolute || tree.style(p).isPositioned
            if isContainer {
                if tree.flags(p).contains(.clips) { let r = paddingBox(p); result = result.map { $0.intersection(r) } ?? r }
                if tree.boxes[Int(p)].geometry >= 0 { position = tree.style(p).position }
            }
            p = tree.parent(p)
        }
        return result
    }

    func paddingBox(_ b: BoxID) -> Rect {
        let g = tree.geometry[tree.geo(b)]
        return snapped(g.pageX + g.border.left, g.pageY + g.border.top, g.width - g.border.horizontal, g.height - g.border.vertical)
    }

    func pushClip(_ r: Rect) {
        clip = clip.intersection(r)
        emit(.pushClip(out(r)))
    }

    // MARK: Phases

    /// Contents of a box that paints atomically: block backgrounds, floats, inline content.
    private func paintContents(_ b: BoxID) {
        let saved = clip
        let clips = b != 0 && tree.flags(b).contains(.clips)
        if clips { pushClip(paddingBox(b)) }
        if goal == .paint, tree.flags(b).contains(.control), let text = controls?.controlText(of: tree.boxes[Int(b)].node) {
            if text.scalars.isEmpty { inlines(b) }          // the placeholder
            paintControl(b, text)
            if clips { emit(.popClip); clip = saved }
            return
        }
        blocks(b)
        if tree.flags(b).contains(.floatsBelow) { floats(b) }
        inlines(b)
        if clips { emit(.popClip); clip = saved }
    }

    private func paintAtomic(_ b: BoxID) {
        guard isVisible(tree.geometry[tree.geo(b)].bounds) else { return }
        paintDecoration(b)
        paintContents(b)
    }

    /// Boxes that the current walk leaves to other phases.
    @inline(__always) private func isElsewhere(_ f: BoxFlags) -> Bool { !f.isDisjoint(with: [.layered, .floating, .outOfFlow, .atomicInline]) }

    private func blocks(_ b: BoxID) {
        if tree.flags(b).contains(.inlineChildren) { return }
        var c = tree.firstChild(b)
        while c != noBox {
            let flags = tree.flags(c)
            if tree.boxes[Int(c)].geometry >= 0, !isElsewhere(flags), isVisible(tree.geometry[tree.geo(c)].bounds) {
                paintDecoration(c)
                if tree.firstChild(c) != noBox { within(c) { self.blocks(c) } }
            }
            c = tree.next(c)
        }
    }

    /// Runs `body` inside the box's overflow clip.
    @inline(__always) private func within(_ c: BoxID, _ body: () -> Void) {
        guard tree.flags(c).contains(.clips) else { body(); return }
        let saved = clip
        pushClip(paddingBox(c))
        body()
        emit(.popClip)
        clip = saved
    }

    private func floats(_ b: BoxID) {
        if tree.flags(b).contains(.inlineChildren) {
            let g = tree.geometry[tree.geo(b)]
            for l in Int(g.lineStart)..<Int(g.lineEnd) {
                for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where tree.fragments[f].kind == .float {
                    let c = tree.fragments[f].box
                    if !tree.flags(c).contains(.layered) { paintAtomic(c) }
                }
            }
            return
        }
        var c = tree.firstChild(b)
        while c != noBox {
            let flags = tree.flags(c)
            if flags.contains(.floating), !flags.contains(.layered), !flags.contains(.outOfFlow) { paintAtomic(c) }
            else if flags.contains(.floatsBelow), !isElsewhere(flags), isVisible(tree.geometry[tree.geo(c)].bounds) { within(c) { self.floats(c) } }
            c = tree.next(c)
        }
    }

    private func inlines(_ b: BoxID) {
        if tree.flags(b).contains(.inlineChildren) { paintLines(b); paintMarkerOf(b); return }
        if tree.kind(b) == .replaced { paintReplaced(b); return }
        var c = tree.firstChild(b)
        while c != noBox {
            let flags = tree.flags(c)
            if tree.boxes[Int(c)].geometry >= 0, !isElsewhere(flags), isVisible(tree.geometry[tree.geo(c)].bounds) {
                if tree.kind(c) == .marker { paintMarker(c) } else { within(c) { self.inlines(c) } }
            }
            c = tree.next(c)
        }
    }

    /// An item with only inline content has its marker as first child.
    private func paintMarkerOf(_ b: BoxID) {
        let m = tree.firstChild(b)
        if m != noBox, tree.kind(m) == .marker { paintMarker(m) }
    }

    private func paintLines(_ b: BoxID) {
        let g = tree.geometry[tree.geo(b)]
        let slack = LayoutUnit(200)
        let top = LayoutUnit(clip.y) - g.pageY - slack, bottom = LayoutUnit(clip.maxY) - g.pageY + slack
        for l in Int(g.lineStart)..<Int(g.lineEnd) {
            let line = tree.lines[l]
            if line.y + line.height < top { continue }
            if line.y > bottom { break }
            let cut = ellipsisStart(b, g, line)
            let saved = clip
            if let cut { pushClip(Rect(clip.x, clip.y, Swift.max(0, cut - clip.x), clip.height)) }
            for f in Int(line.fragmentStart)..<Int(line.fragmentEnd) { paintFragment(f, g.pageX, g.pageY) }
            if let cut {
                emit(.popClip)
                clip = saved
                let ts = tree.textStyle(b)
                if goal == .paint { paintRun("\u{2026}", ts, ts.color, x: LayoutUnit(cut), baseline: (g.pageY + line.baseline).round) }
            }
        }
    }

    /// Where a line that overflows a box with `text-overflow: ellipsis` is cut (CSS UI 4 §3.1); nil when it is not.
    private func ellipsisStart(_ b: BoxID, _ g: Geometry, _ line: Line) -> Int32? {
        guard tree.flags(b).contains(.clips), tree.style(b).textOverflow == .ellipsis else { return nil }
        let right = g.contentLeft + g.contentWidth
        var end = LayoutUnit.min
        for f in Int(line.fragmentStart)..<Int(line.fragmentEnd) where tree.fragments[f].kind != .float { end = Swift.max(end, tree.fragments[f].x + tree.fragments[f].width) }
        guard end > right + LayoutUnit(1) else { return nil }
        let ts = tree.textStyle(b)
        let dots: [UInt8] = [0xE2, 0x80, 0xA6]
        let width = dots.withUnsafeBufferPointer { shaper.width($0, ts) }
        return Swift.max(g.pageX + g.contentLeft, g.pageX + right - width).floor
    }

    private func paintFragment(_ f: Int, _ x: LayoutUnit, _ y: LayoutUnit) {
        let fragment = tree.fragments[f]
        switch fragment.kind {
        case .text: paintText(fragment, x, y)
        case .inlineBox:
            let r = snapped(x + fragment.x, y + fragment.y, fragment.width, fragment.height)
            if isVisible(r) || fragment.width == .zero { paintInlineBox(fragment, r) }
        case .atomic: if !tree.flags(fragment.box).contains(.layered) { paintAtomic(fragment.box) }
        case .float, .ellipsis: break
        }
    }
}
