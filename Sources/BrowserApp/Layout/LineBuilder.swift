// Makes the fragments of one line: horizontal positions by text-align, vertical positions by vertical-align
// (CSS 2.2 §10.8, §16.2). Inline boxes stay open from line to line.
import CSS

struct LineBuilder {
    private struct Group {
        var ascent = LayoutUnit.min, descent = LayoutUnit.min
        /// Fragment-relative alignment of the whole group: nil for the line's root.
        var isTop: Bool
        mutating func include(_ a: LayoutUnit, _ d: LayoutUnit) { ascent = Swift.max(ascent, a); descent = Swift.max(descent, d) }
        var height: LayoutUnit { ascent == .min ? .zero : ascent + descent }
    }
    /// What a fragment waits for until the baseline is known.
    private struct Pending { var group: Int; var top: LayoutUnit; var shift: LayoutUnit; var dy: LayoutUnit }

    let engine: LayoutEngine
    let tree: LayoutTree
    let context: BoxID
    var rootStyle: TextStyle
    /// Lines so far; nested contexts write theirs first, so that each context's lines lie together.
    var lines: [Line] = []
    private var open: [OpenInline] = []
    private var groups: [Group] = []
    private var pending: [Pending] = []
    private var x = LayoutUnit.zero
    /// Exact width of the text fragment that grows, and where it began.
    private var textFine: Int64 = 0, textStart = LayoutUnit.zero
    private var isReal = false
    private var spaceExtra = LayoutUnit.zero
    private var lastText: Int = -1
    /// This line has text or boxes; the inline box that text lay in last.
    private var hasOtherContent = false, textBox = noBox
    private var belowLine: [BoxID] = []
    private var originX = LayoutUnit.zero, lineTop = LayoutUnit.zero
    private var containerWidth = LayoutUnit.zero
    private var isFirstLine = false
    /// Where the part of a ruby on this line begins.
    private var rubyStart = LayoutUnit.zero
    /// How far annotations on this line reach above the baseline.
    private var annotationAscent = LayoutUnit.min

    init(engine: LayoutEngine, context: BoxID) {
        self.engine = engine; tree = engine.tree; self.context = context
        rootStyle = engine.tree.textStyle(context)
    }

    /// Writes fragments and one `Line`; returns the line's height.
    mutating func build(_ atoms: [InlineAtom], breaker: LineBreaker) -> LayoutUnit {
        let g = tree.geo(context)
        let first = tree.fragments.count
        containerWidth = breaker.width
        originX = tree.geometry[g].contentLeft
        lineTop = tree.geometry[g].contentTop + breaker.cursor
        let marker = tree.firstChild(context)
        isReal = breaker.hasContent || breaker.forcedBreak || hasEdges(atoms) || (lines.isEmpty && tree.kind(marker) == .marker)
        annotationAscent = .min
        groups.removeAll(keepingCapacity: true); pending.removeAll(keepingCapacity: true)
        groups.append(Group(isTop: false))
        if breaker.firstLine != nil { rootStyle = breaker.rootStyle }
        if isReal, engine.hasStruts { includeRoot() }
        let end = contentEnd(atoms)
        x = startX(atoms, end, breaker)
        lastText = -1; hasOtherContent = false; textBox = noBox
        isFirstLine = breaker.firstLine != nil
        reopen()
        for i in 0..<atoms.count { add(atoms[i], isTrailing: i >= end, isLast: i == end - 1, breaker: breaker) }
        closeAll()
        return finish(first, g)
    }

    private mutating func includeRoot() { groups[0].include(rootStyle.boxAscent, rootStyle.boxDescent) }

    /// In quirks and limited-quirks mode a box counts for the line's height only where text lies in it (Quirks §3.3).
    private mutating func includeText() {
        if engine.hasStruts { return }
        guard let o = open.last else { includeRoot(); return }
        let ts = tree.textStyle(o.box)
        groups[o.group].include(ts.boxAscent - o.shift, ts.boxDescent + o.shift)
    }

    private func hasEdges(_ atoms: [InlineAtom]) -> Bool {
        for a in atoms where (a.kind == .open || a.kind == .close) && a.fine != 0 { return true }
        return false
    }

    /// Index after the last atom that is not a collapsible space at the line's end.
    private func contentEnd(_ atoms: [InlineAtom]) -> Int {
        var i = atoms.count
        while i > 0 {
            switch atoms[i - 1].kind {
            case .space, .float, .outOfFlow, .newline: i -= 1
            case .close, .open: if atoms[i - 1].fine != 0 { return i }; i -= 1
            default: return i
            }
        }
        return i
    }

    private mutating func startX(_ atoms: [InlineAtom], _ end: Int, _ breaker: LineBreaker) -> LayoutUnit {
        let left = originX + breaker.lineLeft
        let indent = breaker.isFirst ? breaker.style.textIndent.resolveOrZero(breaker.width) : .zero
        let free = breaker.lineRight - breaker.lineLeft - (breaker.used - breaker.trailing)
        spaceExtra = .zero
        guard free > .zero else { return left + indent }
        let rtl = breaker.style.direction == .rtl
        switch breaker.style.textAlign {
        case .left, .webkitLeft: return left + indent
        case .right, .webkitRight: return left + indent + free
        case .center, .webkitCenter: return left + indent + LayoutUnit(raw: free.raw / 2)
        case .start: return rtl ? left + indent + free : left + indent
        case .end: return rtl ? left + indent : left + indent + free
        case .justify:
            let isLast = breaker.forcedBreak || (breaker.index >= breaker.atoms.count && breaker.carry == nil)
            if !isLast {
                var spaces: Int32 = 0
                for i in 0..<end where atoms[i].kind == .space { spaces += 1 }
                if spaces > 0 { spaceExtra = LayoutUnit(raw: free.raw / spaces) }
            }
            return left + indent
        }
    }

    // MARK: Inline boxes

    private mutating func reopen() {
        for i in 0..<open.count {
            let parent = i > 0 ? open[i - 1] : nil
            var o = open[i]
            align(&o, parent)
            open[i] = o
            makeFragment(i, starts: false)
        }
    }

    private mutating func makeFragment(_ i: Int, starts: Bool) {
        let b = open[i].box, s = tree.style(b), ts = tree.textStyle(b)
        if !isReal {        // nothing on this line: boxes are points
            open[i].fragment = Int32(tree.fragments.count)
            var f = Fragment(kind: .inlineBox, box: b, x: x + open[i].dx, y: .zero, width: .zero, height: .zero)
            f.startsBox = starts
            tree.fragments.append(f)
            pending.append(Pending(group: open[i].group, top: .zero, shift: .zero, dy: open[i].dy))
            return
        }
        let top = s.borderTop.width + s.paddingTop.resolveOrZero(containerWidth), bottom = s.borderBottom.width + s.paddingBottom.resolveOrZero(containerWidth)
        open[i].fragment = Int32(tree.fragments.count)
        var f = Fragment(kind: .inlineBox, box: b, x: x + open[i].dx, y: .zero, width: .zero, height: ts.ascent + ts.descent + top + bottom)
        f.startsBox = starts
        tree.fragments.append(f)
        pending.append(Pending(group: open[i].group, top: ts.ascent + top, shift: open[i].shift, dy: open[i].dy))
        if engine.hasStruts || hasEdge(s) { groups[open[i].group].include(ts.boxAscent - open[i].shift, ts.boxDescent + open[i].shift) }
    }

    private func hasEdge(_ s: ComputedStyle) -> Bool {
        s.borderLeft.width > .zero || s.borderRight.width > .zero || !s.paddingLeft.isZero || !s.paddingRight.isZero || !s.marginLeft.isZero || !s.marginRight.isZero
    }

    /// Computes the baseline shift of an inline box against its parent.
    private mutating func align(_ o: inout OpenInline, _ parent: OpenInline?) {
        let s = tree.style(o.box), ts = tree.textStyle(o.box)
        let parentStyle = parent.map { tree.textStyle($0.box) } ?? rootStyle
        let base = parent?.shift ?? .zero
        o.group = parent?.group ?? 0
        o.dx = parent?.dx ?? .zero; o.dy = parent?.dy ?? .zero
        if s.position == .relative {
            let shift = engine.relativeShift(s, containerWidth, nil)
            o.dx += shift.x; o.dy += shift.y
        }
        if s.verticalAlign == .top || s.verticalAlign == .bottom {
            groups.append(Group(isTop: s.verticalAlign == .top))
            o.group = groups.count - 1; o.shift = .zero
            return
        }
        o.shift = base + shift(s.verticalAlign, ascent: ts.boxAscent, descent: ts.boxDescent, lineHeight: ts.lineHeight, parentStyle)
    }

    /// Distance the baseline moves down for an alignment other than top and bottom.
    private func shift(_ align: VerticalAlign, ascent: LayoutUnit, descent: LayoutUnit, lineHeight: LayoutUnit, _ parent: TextStyle) -> LayoutUnit {
        switch align {
        case .baseline, .top, .bottom: return .zero
        case .sub: return LayoutUnit(raw: parent.size / 5) + .one
        case .super: return -(LayoutUnit(raw: parent.size / 3) + .one)
        case .middle: return LayoutUnit(raw: (ascent.raw &- descent.raw) / 2) - LayoutUnit(raw: parent.xHeight.raw / 2)
        case .textTop: return ascent - parent.ascent
        case .textBottom: return parent.descent - descent
        case .length(let l): return -l.resolveOrZero(lineHeight)
        }
    }

    // MARK: Atoms

    private mutating func add(_ a: InlineAtom, isTrailing: Bool, isLast: Bool, breaker: LineBreaker) {
        switch a.kind {
        case .open:
            var o = OpenInline(box: a.box)
            align(&o, open.last)
            open.append(o)
            let s = tree.style(a.box)
            let continues = tree.flags(a.box).contains(.continues)
            if !continues { x += s.marginLeft.resolveOrZero(containerWidth) }
            makeFragment(open.count - 1, starts: !continues)
            if !continues { x += s.borderLeft.width + s.paddingLeft.resolveOrZero(containerWidth) }
            lastText = -1
        case .close:
            close(a)
        case .word, .space, .preservedSpace, .tab:
            if isTrailing && a.kind == .space { return }
            addText(a, hyphenated: isLast && breaker.hyphenated)
        case .newline:
            if tree.kind(a.box) == .lineBreak { addBreakMark(a) } else { includeText() }
        case .atomic: addAtomic(a)
        case .gap:
            x += a.width
            rubyStart = x
            if a.fine != 0 { lastText = -1 }
        case .annotation: addAnnotation(a)
        case .float:
            tree.fragments.append(Fragment(kind: .float, box: a.box, x: .zero, y: .zero, width: .zero, height: .zero))
            pending.append(Pending(group: -1, top: .zero, shift: .zero, dy: .zero))
            tree.boxes[Int(context)].flags.insert(.floatsBelow)
        case .outOfFlow:
            let g = tree.geo(a.box)
            tree.geometry[g].x = x
            tree.geometry[g].y = lineTop
            // A block after content would begin below the line.
            if hasOtherContent, !tree.style(a.box).box.wasInline { belowLine.append(a.box) }
        }
    }

    /// A zero-width fragment, so that a `br` has a place.
    private mutating func addBreakMark(_ a: InlineAtom) {
        let ts = tree.textStyle(a.box), o = open.last
        // Without a strut, a break after content of other boxes is a point on the baseline.
        let isPoint = !engine.hasStruts && hasOtherContent && textBox != (o?.box ?? context)
        if !isPoint { includeText() }
        tree.fragments.append(Fragment(kind: .text, box: a.box, x: x, y: .zero, width: .zero, height: isPoint ? .zero : ts.ascent + ts.descent))
        pending.append(Pending(group: o?.group ?? 0, top: isPoint ? .zero : ts.ascent, shift: o?.shift ?? .zero, dy: .zero))
        lastText = -1
    }

    private mutating func close(_ a: InlineAtom) {
        guard let o = open.popLast() else { return }
        let s = tree.style(a.box)
        let continued = tree.flags(a.box).contains(.continued)
        if !continued { x += s.paddingRight.resolveOrZero(containerWidth) + s.borderRight.width }
        endFragment(o, ends: !continued)
        if !continued { x += s.marginRight.resolveOrZero(containerWidth) }
        lastText = -1
    }

    private mutating func closeAll() { for o in open { endFragment(o, ends: false) } }

    private func endFragment(_ o: OpenInline, ends: Bool) {
        let i = Int(o.fragment)
        guard i >= 0 else { return }
        tree.fragments[i].width = Swift.max(.zero, x + o.dx - tree.fragments[i].x)
        tree.fragments[i].endsBox = ends
    }

    private mutating func addText(_ a: InlineAtom, hyphenated: Bool) {
        if isReal { includeText() }
        hasOtherContent = true; textBox = open.last?.box ?? context
        var fine = a.kind == .tab ? Int64(a.width.raw) << 10 : a.fine
        if a.kind == .space { fine &+= Int64(spaceExtra.raw) << 10 }
        let ts = tree.textStyle(a.box)
        if hyphenated { fine &+= Int64(engine.measure("-", ts).raw) << 10 }
        let i = lastText
        if i >= 0, tree.fragments[i].box == a.box, tree.fragments[i].textEnd <= a.start, a.kind != .tab {
            textFine &+= fine
            tree.fragments[i].textEnd = a.end
            tree.fragments[i].width = snappedUp(textFine)
            tree.fragments[i].hyphenated = hyphenated
        } else {
            textFine = fine; textStart = x
            let o = open.last
            var f = Fragment(kind: .text, box: a.box, x: x + (o?.dx ?? .zero), y: .zero, width: snappedUp(fine), height: ts.ascent + ts.descent)
            f.textStart = a.start; f.textEnd = a.end; f.spaceExtra = spaceExtra; f.hyphenated = hyphenated
            if isFirstLine { f.isFirstLine = true; tree.firstLineStyles[a.box] = tree.boxes[Int(a.box)].style }
            lastText = a.kind == .tab ? -1 : tree.fragments.count
            tree.fragments.append(f)
            pending.append(Pending(group: o?.group ?? 0, top: ts.ascent, shift: o?.shift ?? .zero, dy: o?.dy ?? .zero))
        }
        x = textStart + snappedUp(textFine)
    }

    /// Puts a ruby's annotation above its part, as wide as the part at least: the boxes of both fonts, an em high, touch.
    private mutating func addAnnotation(_ a: InlineAtom) {
        let g = tree.geo(a.box), o = open.last, part = Swift.max(.zero, x - rubyStart)
        let base = o.map { tree.textStyle($0.box) } ?? rootStyle, own = tree.textStyle(a.box), width = Swift.max(part, tree.geometry[g].width)
        centre(a.box, width)
        func emAscent(_ ts: TextStyle) -> LayoutUnit {
            let whole = ts.ascent + ts.descent
            return whole > .zero ? LayoutUnit(raw: ts.size).scaled(by: ts.ascent, over: whole) : .zero
        }
        let bottom = LayoutUnit(emAscent(base).round), height = tree.geometry[g].height, left = rubyStart - LayoutUnit(raw: (width - part).raw / 2)
        let group = o?.group ?? 0, shift = o?.shift ?? .zero
        annotationAscent = Swift.max(annotationAscent, bottom + height - own.ascent + LayoutUnit(emAscent(own).ceil) - shift)
        tree.fragments.append(Fragment(kind: .atomic, box: a.box, x: left, y: .zero, width: width, height: height))
        pending.append(Pending(group: group, top: bottom + height, shift: shift, dy: o?.dy ?? .zero))
        tree.geometry[g].x = left
        tree.geometry[g].shiftX = o?.dx ?? .zero; tree.geometry[g].shiftY = .zero
        x += a.width
        lastText = -1
    }

    /// Padding or margin above the first line, the lower half of the leading of the line before others.
    private func roomAbove(_ g: Int) -> LayoutUnit {
        if let last = lines.last { return Swift.max(.zero, last.height - (last.baseline - last.y) - rootStyle.descent) }
        let geometry = tree.geometry[g]
        if geometry.padding.top > .zero || geometry.border.top > .zero { return geometry.padding.top }
        return Swift.max(.zero, geometry.margin.top) + roomBelowSibling()
    }
    /// The lower half of the leading of the last line right before this block.
    private func roomBelowSibling() -> LayoutUnit {
        var before = noBox, c = tree.firstChild(tree.parent(context))
        while c != noBox, c != context { if tree.kind(c).hasGeometry { before = c }; c = tree.next(c) }
        guard before != noBox, tree.flags(before).contains(.inlineChildren) else { return .zero }
        let g = tree.geometry[tree.geo(before)]
        guard g.lineEnd > g.lineStart, g.padding.bottom == .zero, g.border.bottom == .zero else { return .zero }
        let last = tree.lines[Int(g.lineEnd) - 1]
        return Swift.max(.zero, last.height - (last.baseline - last.y) - tree.textStyle(before).descent)
    }

    /// Widens an annotation that is laid out already, its text staying in the middle.
    private func centre(_ b: BoxID, _ width: LayoutUnit) {
        let g = tree.geo(b), move = LayoutUnit(raw: (width - tree.geometry[g].width).raw / 2)
        tree.geometry[g].width = width
        guard move > .zero, tree.flags(b).contains(.inlineChildren) else { return }
        for l in Int(tree.geometry[g].lineStart)..<Int(tree.geometry[g].lineEnd) {
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) {
                tree.fragments[f].x += move
                if tree.fragments[f].kind == .atomic { tree.geometry[tree.geo(tree.fragments[f].box)].x += move }
            }
        }
    }

    private mutating func addAtomic(_ a: InlineAtom) {
        hasOtherContent = true
        let g = tree.geo(a.box), geometry = tree.geometry[g], o = open.last
        let s = tree.style(a.box)
        let outer = geometry.height + geometry.margin.vertical
        var ascent = outer
        let isTextArea = tree.flags(a.box).contains(.control) && (tree.controls[a.box]?.rows ?? 0) > 0
        if tree.kind(a.box) != .replaced, !isTextArea, !tree.flags(a.box).contains(.clips) || tree.flags(a.box).contains(.control) {
            if let baseline = tree.kind(a.box) == .block ? engine.lastBaseline(a.box) : engine.firstBaseline(a.box) { ascent = geometry.margin.top + baseline }
            else if tree.flags(a.box).contains(.control) { ascent = geometry.margin.top + geometry.contentTop + tree.textStyle(a.box).boxAscent }   // an empty field
        }
        if tree.kind(a.box) == .replaced {
            switch ReplacedKind(rawValue: tree.boxes[Int(a.box)].textStart) {
            case .checkbox, .radio, .slider: ascent = outer - geometry.margin.bottom
            case .swatch: ascent = outer - geometry.margin.bottom - LayoutUnit(6)        // its frame and padding
            default: break
            }
        }
        if tree.controls[a.box]?.isList == true {     // the last option's text
            let ts = tree.textStyle(a.box)
            ascent = outer - geometry.margin.bottom - geometry.border.bottom - geometry.padding.bottom - ts.descent
        }
        let descent = outer - ascent
        var group = o?.group ?? 0, move = o?.shift ?? .zero
        if s.verticalAlign == .top || s.verticalAlign == .bottom {
            groups.append(Group(isTop: s.verticalAlign == .top)); group = groups.count - 1; move = .zero
        } else {
            let parent = o.map { tree.textStyle($0.box) } ?? rootStyle
            move += shift(s.verticalAlign, ascent: ascent, descent: descent, lineHeight: tree.textStyle(a.box).lineHeight, parent)
        }
        groups[group].include(ascent - move, descent + move)
        tree.fragments.append(Fragment(kind: .atomic, box: a.box, x: x + geometry.margin.left, y: .zero, width: geometry.width, height: geometry.height))
        pending.append(Pending(group: group, top: ascent - geometry.margin.top, shift: move, dy: .zero))
        tree.geometry[g].x = x + geometry.margin.left
        engine.applyRelative(a.box, containerWidth, nil)
        tree.geometry[g].shiftX += o?.dx ?? .zero; tree.geometry[g].shiftY += o?.dy ?? .zero
        x += a.width
        lastText = -1
    }

    // MARK: Vertical positions

    private mutating func finish(_ first: Int, _ g: Int) -> LayoutUnit {
        if !isReal || groups[0].ascent == .min { groups[0].ascent = .zero; groups[0].descent = .zero }
        // Annotations take the room that is free above the line first.
        if annotationAscent > groups[0].ascent { groups[0].ascent = Swift.max(groups[0].ascent, annotationAscent - roomAbove(g)) }
        var ascent = groups[0].ascent, descent = groups[0].descent
        for group in groups where group.height > ascent + descent {
            if group.isTop { descent = group.height - ascent } else { ascent = group.height - descent }
        }
        let baseline = lineTop + ascent
        for k in 0..<pending.count where pending[k].group >= 0 {
            let p = pending[k], i = first + k
            var base = baseline
            if p.group > 0 { base = groups[p.group].isTop ? lineTop + groups[p.group].ascent : baseline + descent - groups[p.group].descent }
            tree.fragments[i].baseline = base + p.shift + p.dy
            tree.fragments[i].y = base + p.shift - p.top + p.dy
            if tree.fragments[i].kind == .atomic { tree.geometry[tree.geo(tree.fragments[i].box)].y = tree.fragments[i].y }
        }
        let height = isReal ? ascent + descent : .zero
        for b in belowLine { tree.geometry[tree.geo(b)].x = originX; tree.geometry[tree.geo(b)].y = lineTop + height }
        belowLine.removeAll(keepingCapacity: true)
        lines.append(Line(y: lineTop, height: height, baseline: baseline, fragmentStart: Int32(first), fragmentEnd: Int32(tree.fragments.count)))
        if isReal {
            if tree.geometry[g].firstBaseline == .min { tree.geometry[g].firstBaseline = baseline }
            tree.geometry[g].lastBaseline = baseline
        }
        return height
    }
}
