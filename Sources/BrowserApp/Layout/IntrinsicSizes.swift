// Min-content and max-content widths (CSS Sizing 3 §5), computed once per box and layout. Border-box widths.
import CSS

extension LayoutEngine {
    struct Intrinsic { var min: LayoutUnit, max: LayoutUnit }

    /// Border-box min-content and max-content width from the contents (the box's own width property is not considered).
    func intrinsic(_ b: BoxID) -> Intrinsic {
        let g = tree.geo(b)
        if memo[g].minContent.raw >= 0 { return Intrinsic(min: memo[g].minContent, max: memo[g].maxContent) }
        var result: Intrinsic
        switch tree.kind(b) {
        case .replaced:
            let w = replacedSize(b, base: .zero, baseHeight: nil).width
            result = Intrinsic(min: w, max: w)
        case .table: result = tableIntrinsic(b)
        case .flex: result = addFrame(b, flexIntrinsic(b))
        case .grid: result = addFrame(b, gridIntrinsic(b))
        default:
            result = addFrame(b, tree.flags(b).contains(.inlineChildren) ? inlineIntrinsic(b) : blocksIntrinsic(b))
        }
        if tree.flags(b).contains(.control) { result = controlIntrinsic(b, result) }
        result.max = Swift.max(result.max, result.min)
        memo[g].minContent = result.min; memo[g].maxContent = result.max
        return result
    }

    private func addFrame(_ b: BoxID, _ i: Intrinsic) -> Intrinsic { Intrinsic(min: i.min + frameWidth(b), max: i.max + frameWidth(b)) }

    /// What a child asks of its parent: its margin box, its own width property and limits considered.
    func contribution(_ c: BoxID) -> Intrinsic {
        resolveEdges(c, .zero)
        let s = style(c), g = tree.geo(c)
        let margin = tree.geometry[g].margin.horizontal
        if tree.flags(c).contains(.anonymous), tree.kind(c) == .block { return intrinsic(c) }
        var result: Intrinsic
        if case .px = s.width, tree.kind(c) != .replaced {
            let w = borderBoxWidth(c, s.width, base: .zero, available: .zero) ?? .zero
            result = Intrinsic(min: w, max: w)
            if tree.kind(c) == .table { let i = intrinsic(c); result.min = Swift.max(w, i.min); result.max = result.min }
        } else {
            result = intrinsic(c)
            // A percentage of a width that depends on the contents: replaced boxes and controls may shrink to nothing.
            if s.width.hasPercent, tree.kind(c) == .replaced || tree.flags(c).contains(.control) { result.min = .zero }
        }
        if let most = absolute(c, s.maxWidth) { result.min = Swift.min(result.min, most); result.max = Swift.min(result.max, most) }
        if let least = absolute(c, s.minWidth) { result.min = Swift.max(result.min, least); result.max = Swift.max(result.max, least) }
        return Intrinsic(min: Swift.max(.zero, result.min + margin), max: Swift.max(.zero, result.max + margin))
    }

    private func absolute(_ c: BoxID, _ l: Length) -> LayoutUnit? {
        if case .px = l { return borderBoxWidth(c, l, base: .zero, available: .zero) }
        return nil
    }

    private func blocksIntrinsic(_ b: BoxID) -> Intrinsic {
        var result = Intrinsic(min: .zero, max: .zero)
        var floatLeft = LayoutUnit.zero, floatRight = LayoutUnit.zero
        var c = tree.firstChild(b)
        while c != noBox {
            let flags = tree.flags(c)
            if flags.contains(.outOfFlow) || tree.kind(c) == .marker { c = tree.next(c); continue }
            let i = contribution(c)
            result.min = Swift.max(result.min, i.min)
            let clear = style(c).clear
            if clear != .none {
                result.max = Swift.max(result.max, floatLeft + floatRight)
                if clear != .right { floatLeft = .zero }
                if clear != .left { floatRight = .zero }
            }
            if flags.contains(.floating) {
                if style(c).float == .right { floatRight += i.max } else { floatLeft += i.max }
            } else {
                let beside = flags.contains(.formattingRoot) ? floatLeft + floatRight + i.max : Swift.max(i.max, floatLeft + floatRight)
                result.max = Swift.max(result.max, beside)
                if !flags.contains(.formattingRoot) || true { floatLeft = .zero; floatRight = .zero }
            }
            c = tree.next(c)
        }
        result.max = Swift.max(result.max, floatLeft + floatRight)
        return result
    }

    private func inlineIntrinsic(_ b: BoxID) -> Intrinsic {
        var builder = AtomBuilder(tree: tree, shaper: shaper, reusing: takeAtoms(), containerWidth: .zero)
        builder.build(b) { self.contribution($0).max }
        var sum = IntrinsicLine(indent: style(b).textIndent.absolute ?? .zero)
        for atom in builder.atoms { add(atom, &sum) }
        sum.endLine()
        returnAtoms(builder.atoms)
        return Intrinsic(min: sum.min, max: sum.max)
    }

    private struct IntrinsicLine {
        var min = LayoutUnit.zero, max = LayoutUnit.zero
        /// The line so far and its end without hanging spaces; the same for what stands between two break opportunities.
        var line = RunWidth(), lineEnd = LayoutUnit.zero
        var run = RunWidth(), runEnd = LayoutUnit.zero
        var floats = LayoutUnit.zero

        init(indent: LayoutUnit) { line = RunWidth(indent); run = RunWidth(indent); lineEnd = indent; runEnd = indent }
        mutating func endRun() { min = Swift.max(min, runEnd); run = RunWidth(); runEnd = .zero }
        mutating func endLine() {
            endRun()
            max = Swift.max(max, lineEnd + floats)
            line = RunWidth(); lineEnd = .zero; floats = .zero
        }
        mutating func markContent() { lineEnd = line.total; runEnd = run.total }
    }

    private func add(_ atom: InlineAtom, _ sum: inout IntrinsicLine) {
        if atom.breakBefore { sum.endRun() }
        switch atom.kind {
        case .newline: sum.endLine()
        case .space, .preservedSpace:
            sum.line.add(atom); sum.run.add(atom)
            if atom.kind == .preservedSpace, !tree.textStyle(atom.box).wraps { sum.markContent() }
        case .float:
            let i = contribution(atom.box)
            sum.min = Swift.max(sum.min, i.min)
            sum.floats += i.max
        case .outOfFlow: break
        case .atomic:
            let i = contribution(atom.box)
            sum.line.add(i.max); sum.run.add(i.min)
            sum.markContent()
        case .word:
            sum.line.add(atom)
            let wrap = style(atom.box).overflowWrap, brk = style(atom.box).wordBreak
            if wrap == .anywhere || brk == .breakWord, tree.textStyle(atom.box).wraps { sum.endRun(); sum.run.add(Swift.min(atom.width, LayoutUnit(raw: tree.textStyle(atom.box).size))) } else { sum.run.add(atom) }
            sum.markContent()
        case .open, .close, .tab, .gap, .annotation:
            sum.line.add(atom); sum.run.add(atom)
            if atom.fine > 0 { sum.markContent() }
        }
    }
}
