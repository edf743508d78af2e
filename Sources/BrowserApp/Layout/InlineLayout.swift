// Inline formatting: breaks atoms into lines beside floats (CSS 2.2 §9.4.2, §9.5; CSS Text 3 §5). One pass, with a step
// back to the last opportunity when a line overflows.
import CSS

extension LayoutEngine {
    /// Lays out the lines of `b`; returns the content height. (x, y) is the content corner in the formatting context.
    func layoutInline(_ b: BoxID, contentHeight: LayoutUnit?, floats: FloatContext, x: LayoutUnit, y: LayoutUnit) -> LayoutUnit {
        let width = tree.geometry[tree.geo(b)].contentWidth
        var builder = AtomBuilder(tree: tree, shaper: shaper, reusing: takeAtoms(), containerWidth: width)
        builder.build(b) { self.layoutAtomic($0, base: width, baseHeight: contentHeight) }
        var breaker = LineBreaker(engine: self, context: b, atoms: builder.atoms, floats: floats, x: x, y: y, width: width, baseHeight: contentHeight)
        builder.atoms = []
        if let styles = enterFirstLine(b) {
            var first = AtomBuilder(tree: tree, shaper: shaper, reusing: takeAtoms(), containerWidth: width)
            first.build(b) { self.layoutAtomic($0, base: width, baseHeight: contentHeight) }
            breaker.beginFirstLine(first.atoms, styles)
        }
        let height = breaker.run()
        returnAtoms(breaker.atoms)
        return height
    }

    func takeAtoms() -> [InlineAtom] { atomPool.popLast() ?? [] }
    func returnAtoms(_ atoms: [InlineAtom]) { if atomPool.count < 8, atoms.capacity < 65536 { atomPool.append(atoms) } }

    /// Sizes an inline-block, inline table or image; returns its margin-box width.
    private func layoutAtomic(_ c: BoxID, base: LayoutUnit, baseHeight: LayoutUnit?) -> LayoutUnit {
        if tree.flags(c).contains(.annotation) {
            resolveEdges(c, base)
            let width = contribution(c).max
            layout(c, width: width, baseHeight: nil)
            return width
        }
        resolveEdges(c, base)
        let margin = tree.geometry[tree.geo(c)].margin
        let available = Swift.max(.zero, base - margin.horizontal)
        let width = tree.kind(c) == .replaced ? replacedSize(c, base: base, baseHeight: baseHeight).width : shrinkToFitWidth(c, base: base, available: available)
        layout(c, width: width, baseHeight: baseHeight)
        return width + margin.horizontal
    }
}

/// An inline box that is open at some point of a line.
struct OpenInline {
    var box: BoxID
    /// Fragment on the current line, -1 before it is made.
    var fragment: Int32 = -1
    /// Baseline below the alignment group's baseline.
    var shift = LayoutUnit.zero
    /// 0: the line's root; others: subtrees with vertical-align top or bottom.
    var group = 0
    var dx = LayoutUnit.zero, dy = LayoutUnit.zero
}

struct LineBreaker {
    let engine: LayoutEngine
    let tree: LayoutTree
    let context: BoxID
    var atoms: [InlineAtom]
    let floats: FloatContext
    let x: LayoutUnit, y: LayoutUnit, width: LayoutUnit
    let baseHeight: LayoutUnit?
    var rootStyle: TextStyle
    let style: ComputedStyle
    /// While the first line is set in its own style: the styles to go back to, and the atoms of all other lines.
    private(set) var firstLine: [(box: BoxID, style: Int32)]?
    private var otherAtoms: [InlineAtom] = []

    // The line being collected.
    var line: [InlineAtom] = []
    private var sum = RunWidth()
    var used: LayoutUnit { sum.total }
    /// Width up to the last content; collapsible spaces may hang behind it.
    private var contentEnd = LayoutUnit.zero
    var trailing: LayoutUnit { used - contentEnd }
    var hasContent = false
    var index = 0
    var carry: InlineAtom?
    var cursor = LayoutUnit.zero
    var lineLeft = LayoutUnit.zero, lineRight = LayoutUnit.zero
    var pendingFloats: [BoxID] = []
    var isFirst = true
    var forcedBreak = false
    var clearAfter = Clear.none
    var hyphenated = false
    private var breakIndex = -1, breakCount = -1

    init(engine: LayoutEngine, context: BoxID, atoms: [InlineAtom], floats: FloatContext, x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, baseHeight: LayoutUnit?) {
        self.baseHeight = baseHeight
        self.engine = engine; tree = engine.tree; self.context = context; self.atoms = atoms; self.floats = floats
        self.x = x; self.y = y; self.width = width
        rootStyle = engine.tree.textStyle(context); style = engine.tree.style(context)
    }

    mutating func run() -> LayoutUnit {
        let g = tree.geo(context)
        var builder = LineBuilder(engine: engine, context: context)
        let indent = style.textIndent.resolveOrZero(width)
        while index < atoms.count || carry != nil {
            collectLine(indent: isFirst ? indent : .zero)
            if line.isEmpty { continue }
            let height = builder.build(line, breaker: self)
            cursor += height
            if hasContent || forcedBreak {
                isFirst = false
                if firstLine != nil { endFirstLine(); builder.rootStyle = rootStyle }
            }
            afterLine()
        }
        if firstLine != nil { endFirstLine() }
        tree.geometry[g].lineStart = Int32(tree.lines.count)
        tree.lines.append(contentsOf: builder.lines)
        tree.geometry[g].lineEnd = Int32(tree.lines.count)
        return cursor
    }

    /// Sets the first line from atoms in its own style. The text is the same, and so are the places where it can be broken.
    mutating func beginFirstLine(_ first: [InlineAtom], _ styles: [(box: BoxID, style: Int32)]) {
        guard first.count == atoms.count else { engine.leaveFirstLine(styles); return }
        otherAtoms = atoms
        atoms = first
        firstLine = styles
        rootStyle = tree.textStyle(context)
    }
    private mutating func endFirstLine() {
        guard let styles = firstLine else { return }
        engine.leaveFirstLine(styles)
        firstLine = nil
        for i in 0..<atoms.count where atoms[i].isPlaced { otherAtoms[i].isPlaced = true }
        atoms = otherAtoms
        otherAtoms = []
        rootStyle = tree.textStyle(context)
        if let rest = carry, rest.kind == .word { carry?.fine = engine.shaper.fineWidth(tree.bytes(rest.start, rest.end), tree.textStyle(rest.box)) }
    }

    private mutating func afterLine() {
        for f in pendingFloats { place(f) }
        pendingFloats.removeAll(keepingCapacity: true)
        if clearAfter != .none {
            let bottom = floats.clearance(clearAfter)
            if bottom != .min { cursor = Swift.max(cursor, bottom - y) }
            clearAfter = .none
        }
    }

    private mutating func updateSpan() {
        if floats.isEmpty { lineLeft = .zero; lineRight = width; return }
        let span = floats.span(y: y + cursor, height: rootStyle.lineHeight, left: x, right: x + width)
        lineLeft = span.left - x; lineRight = Swift.max(span.left, span.right) - x
    }

    private mutating func place(_ f: BoxID) {
        engine.placeFloat(f, in: context, floats: floats, x: x, y: y, minY: y + cursor, width: width)
    }

    /// Collects the atoms of the next line into `line`.
    private mutating func collectLine(indent: LayoutUnit) {
        line.removeAll(keepingCapacity: true)
        sum = RunWidth(indent); contentEnd = indent; hasContent = false; forcedBreak = false; hyphenated = false
        breakIndex = -1; breakCount = -1
        updateSpan()
        while true {
            let atom: InlineAtom
            if let c = carry { atom = c } else if index < atoms.count { atom = atoms[index] } else { return }
            if atom.breakBefore, hasContent, carry == nil { breakIndex = index; breakCount = line.count }
            switch atom.kind {
            case .space:
                if hasContent { line.append(atom); sum.add(atom) }
            case .preservedSpace:
                line.append(atom); sum.add(atom); hasContent = true
                if !tree.textStyle(atom.box).wraps { contentEnd = used }
            case .tab: addTab(atom)
            case .newline:
                line.append(atom); forcedBreak = true; index += 1
                if tree.kind(atom.box) == .lineBreak { clearAfter = tree.style(atom.box).clear }
                return
            case .open, .close:
                line.append(atom); sum.add(atom)
                if atom.fine > 0 {
                    contentEnd = used
                    // The edge belongs to what it closes and may push it to the next line.
                    if atom.kind == .close, hasContent, breakIndex >= 0, used > lineRight - lineLeft + LayoutUnit(raw: 1) { endAtBreak(); return }
                }
            case .outOfFlow: line.append(atom)
            case .gap, .annotation:
                line.append(atom); sum.add(atom)
                if atom.fine > 0 { contentEnd = used }
            case .float: addFloat(atom)
            case .word, .atomic:
                if !addContent(atom) { return }
            }
            if carry != nil { carry = nil }
            index += 1
        }
    }

    private mutating func addTab(_ atom: InlineAtom) {
        var tab = atom
        if atom.width > .zero {
            let position = used.raw % Swift.max(1, atom.width.raw)
            tab.width = LayoutUnit(raw: atom.width.raw - position)
        }
        line.append(tab); sum.add(tab); hasContent = true
        contentEnd = used
    }

    private mutating func addFloat(_ atom: InlineAtom) {
        var float = atom
        if !atom.isPlaced {
            engine.layoutFloat(atom.box, base: width, baseHeight: baseHeight)
            let g = tree.geo(atom.box)
            let needed = tree.geometry[g].width + tree.geometry[g].margin.horizontal
            if !hasContent || (pendingFloats.isEmpty && used - trailing + needed <= lineRight - lineLeft) {
                place(atom.box)
                updateSpan()
            } else { pendingFloats.append(atom.box) }
            if carry == nil { atoms[index].isPlaced = true }
            float.isPlaced = true
        }
        line.append(float)
    }

    /// Adds a word or box; false when the line ends before it.
    private mutating func addContent(_ atom: InlineAtom) -> Bool {
        let available = lineRight - lineLeft
        if sum.adding(atom) > available + LayoutUnit(raw: 1) {     // rounding up may cost a unit
            if hasContent, breakIndex >= 0 { endAtBreak(); return false }
            if !hasContent, lineLeft > .zero || lineRight < width, let next = floats.nextBottom(after: y + cursor) {
                cursor = next - y
                updateSpan()
                return addContent(atom)
            }
            if atom.kind == .word, splits(atom) { return addSplit(atom, available) }
        }
        line.append(atom)
        sum.add(atom); contentEnd = used; hasContent = true
        return true
    }

    private mutating func endAtBreak() {
        line.removeLast(line.count - breakCount)
        index = breakIndex
        carry = nil
        // Widths of what is left.
        sum = RunWidth(isFirst ? style.textIndent.resolveOrZero(width) : .zero)
        contentEnd = used
        for a in line where a.kind != .float && a.kind != .outOfFlow {
            sum.add(a)
            switch a.kind {
            case .space: break
            case .preservedSpace: if !tree.textStyle(a.box).wraps { contentEnd = used }
            case .open, .close: if a.fine > 0 { contentEnd = used }
            default: contentEnd = used
            }
        }
        if let last = line.last, last.kind == .word, last.hyphenAfter { hyphenated = true }
    }

    private func splits(_ atom: InlineAtom) -> Bool {
        let s = tree.style(atom.box)
        guard tree.textStyle(atom.box).wraps else { return false }
        return s.overflowWrap != .normal || s.wordBreak == .breakAll || s.wordBreak == .breakWord
    }

    /// Breaks inside a word: as many characters as fit, at least one when the line is empty. The rest is carried over.
    private mutating func addSplit(_ atom: InlineAtom, _ available: LayoutUnit) -> Bool {
        let ts = tree.textStyle(atom.box)
        let bytes = tree.bytes(atom.start, atom.end)
        var i = 0, fitted = 0
        var width: Int64 = 0, fittedWidth: Int64 = 0
        let before = used
        while i < bytes.count {
            let start = i
            _ = decodeScalar(bytes, &i)
            width &+= engine.shaper.fineWidth(UnsafeBufferPointer(rebasing: bytes[start..<i]), ts) &+ Int64(ts.letterSpacing.raw) << 10
            if before + snappedUp(width) > available, fitted > 0 || hasContent { break }
            fitted = i; fittedWidth = width
        }
        if fitted == 0 { if carry == nil { carry = atom; carry?.breakBefore = false }; return false }
        var head = atom
        head.end = atom.start + Int32(fitted); head.fine = fittedWidth; head.hyphenAfter = false
        line.append(head)
        sum.add(head); contentEnd = used; hasContent = true
        if fitted == bytes.count { return true }
        var rest = atom
        rest.start = head.end; rest.breakBefore = false
        rest.fine = engine.shaper.fineWidth(tree.bytes(rest.start, rest.end), ts)
        carry = rest
        return false
    }
}
