// Layout proper: assigns sizes and positions to a box tree for one viewport. Recursion depth is bounded by the builder.
// Invariant: `layout` leaves a box's border-box size and all descendants' relative positions final; the caller places it.
import DOM
import CSS
import Graphics

/// What a box's own contents may refer to.
struct BlockResult {
    /// Bottom margins that collapse through the box's lower edge.
    var trailing = MarginStrut()
}

final class LayoutEngine {
    let tree: LayoutTree
    let shaper: TextShaper
    let viewportWidth: LayoutUnit, viewportHeight: LayoutUnit
    let document: Document
    /// Every line is at least as high as its block's strut: not so in quirks and limited-quirks mode.
    let hasStruts: Bool
    /// By index into `tree.geometry`; not kept when the layout is made.
    var memo: [LayoutMemo] = []
    var atomPool: [[InlineAtom]] = []
    /// Nesting of flex containers that are laid out twice; bounded so that time stays linear.
    var flexDepth = 0

    init(tree: LayoutTree, shaper: TextShaper, viewportWidth: Int32, viewportHeight: Int32, document: Document) {
        self.tree = tree; self.shaper = shaper
        self.viewportWidth = LayoutUnit(viewportWidth); self.viewportHeight = LayoutUnit(viewportHeight)
        self.document = document
        hasStruts = document.quirksMode == .noQuirks
    }

    /// Lays the whole document out.
    func run() {
        tree.fragments.removeAll(keepingCapacity: true)
        tree.lines.removeAll(keepingCapacity: true)
        tree.collapsedBorders.removeAll()
        for i in 0..<tree.geometry.count { tree.geometry[i] = Geometry() }
        memo = [LayoutMemo](repeating: LayoutMemo(), count: tree.geometry.count)
        for i in 0..<tree.tables.count { tree.tables[i].columnsAreMeasured = false }
        let g = tree.geo(0)
        tree.geometry[g].width = viewportWidth
        tree.geometry[g].height = viewportHeight
        let floats = FloatContext()
        let result = layoutContents(0, contentHeight: viewportHeight, floats: floats, x: .zero, y: .zero)
        tree.geometry[g].height = Swift.max(viewportHeight, result.height)
        assignPagePositions(0, x: .zero, y: .zero)
        layoutOutOfFlow()
        computeBounds(0)
    }

    // MARK: Edges

    @inline(__always) func style(_ b: BoxID) -> ComputedStyle { tree.style(b) }

    /// Sets margin, border, padding from style; auto margins are zero until widths are known.
    func resolveEdges(_ b: BoxID, _ base: LayoutUnit) {
        let s = tree.style(b), g = tree.geo(b)
        if tree.flags(b).contains(.anonymous) { return }
        let kind = tree.kind(b)
        let inTable = kind == .tableRow || kind == .tableRowGroup || kind == .tableColumn || kind == .tableColumnGroup
        if inTable { return }
        if kind != .tableCell {
            tree.geometry[g].margin = Edges(top: s.marginTop.resolveOrZero(base), right: s.marginRight.resolveOrZero(base),
                                            bottom: s.marginBottom.resolveOrZero(base), left: s.marginLeft.resolveOrZero(base))
        }
        tree.geometry[g].border = Edges(top: s.borderTop.width, right: s.borderRight.width, bottom: s.borderBottom.width, left: s.borderLeft.width)
        tree.geometry[g].padding = Edges(top: Swift.max(.zero, s.paddingTop.resolveOrZero(base)), right: Swift.max(.zero, s.paddingRight.resolveOrZero(base)),
                                         bottom: Swift.max(.zero, s.paddingBottom.resolveOrZero(base)), left: Swift.max(.zero, s.paddingLeft.resolveOrZero(base)))
        if let collapsed = tree.collapsedBorders[b] { tree.geometry[g].border = collapsed.widths }
        if kind == .table, s.borderCollapse == .collapse { tree.geometry[g].padding = Edges() }
    }

    /// Horizontal border and padding.
    func frameWidth(_ b: BoxID) -> LayoutUnit { let g = tree.geo(b); return tree.geometry[g].border.horizontal + tree.geometry[g].padding.horizontal }
    func frameHeight(_ b: BoxID) -> LayoutUnit { let g = tree.geo(b); return tree.geometry[g].border.vertical + tree.geometry[g].padding.vertical }

    // MARK: Widths

    /// A width property as a border-box width; nil for auto. Keywords use intrinsic sizes.
    func borderBoxWidth(_ b: BoxID, _ length: Length, base: LayoutUnit, available: LayoutUnit) -> LayoutUnit? {
        // A picture's contents are its natural width (CSS Sizing 3 §5.1); `intrinsic` would ask for these limits again.
        if tree.kind(b) == .replaced, isIntrinsicKeyword(length), length != .content { return naturalSize(b, available: available).width + frameWidth(b) }
        switch length {
        case .auto, .content: return nil
        case .minContent: return intrinsic(b).min
        case .maxContent: return intrinsic(b).max
        case .fitContent: let i = intrinsic(b); return Swift.max(i.min, Swift.min(i.max, available))
        default:
            let value = Swift.max(.zero, length.resolveOrZero(base))
            let frame = frameWidth(b)
            return style(b).boxSizing == .borderBox ? Swift.max(value, frame) : value + frame
        }
    }

    func clampWidth(_ b: BoxID, _ width: LayoutUnit, base: LayoutUnit, available: LayoutUnit) -> LayoutUnit {
        let s = style(b)
        var w = width
        if let most = borderBoxWidth(b, s.maxWidth, base: base, available: available) { w = Swift.min(w, most) }
        if let least = borderBoxWidth(b, s.minWidth, base: base, available: available) { w = Swift.max(w, least) }
        return Swift.max(w, frameWidth(b))
    }

    /// Shrink-to-fit border-box width (§10.3.5) or the specified one; `available` excludes margins.
    func shrinkToFitWidth(_ b: BoxID, base: LayoutUnit, available: LayoutUnit) -> LayoutUnit {
        if tree.kind(b) == .replaced { return replacedSize(b, base: base, baseHeight: nil).width }
        let width: LayoutUnit
        if tree.kind(b) == .table {
            return tableWidth(b, base: base, available: available)
        } else if let specified = borderBoxWidth(b, style(b).width, base: base, available: available) {
            width = specified
        } else {
            let i = intrinsic(b)
            width = Swift.max(i.min, Swift.min(i.max, available))
        }
        return clampWidth(b, width, base: base, available: available)
    }

    // MARK: Heights

    /// A height property as a border-box height; nil for auto and for percentages of an unknown height.
    func borderBoxHeight(_ b: BoxID, _ length: Length, base: LayoutUnit?) -> LayoutUnit? {
        if length.hasPercent, base == nil { return nil }
        guard let value = length.resolve(base ?? .zero) else { return nil }
        let frame = frameHeight(b)
        let isQuirkyCell = document.isQuirks && tree.kind(b) == .tableCell       // Quirks §3.9
        return style(b).boxSizing == .borderBox || isQuirkyCell ? Swift.max(value, frame) : Swift.max(.zero, value) + frame
    }
    func clampHeight(_ b: BoxID, _ height: LayoutUnit, base: LayoutUnit?) -> LayoutUnit {
        let s = style(b)
        var h = height
        if let most = borderBoxHeight(b, s.maxHeight, base: base) { h = Swift.min(h, most) }
        if let least = borderBoxHeight(b, s.minHeight, base: base) { h = Swift.max(h, least) }
        return h
    }

    // MARK: Dispatch

    /// Lays out `b` at a used border-box width. `height` is a border-box height imposed by the parent (flex, absolute).
    /// `baseHeight` is the containing block's height when definite. `floats` is the formatting context the box takes part
    /// in; (x, y) is its border-box corner there. A formatting root gets a fresh context.
    @discardableResult
    func layout(_ b: BoxID, width: LayoutUnit, height: LayoutUnit? = nil, baseHeight: LayoutUnit?, floats: FloatContext? = nil, x: LayoutUnit = .zero, y: LayoutUnit = .zero) -> BlockResult {
        let g = tree.geo(b)
        let isRoot = floats == nil || tree.flags(b).contains(.formattingRoot)
        let heightKey = height ?? LayoutUnit(raw: -1)
        let baseKey = baseHeight ?? LayoutUnit(raw: -1)
        if isRoot, memo[g].laidOutWidth == width, memo[g].laidOutHeight == heightKey, memo[g].laidOutBase == baseKey || !usesBaseHeight(b) { return BlockResult() }
        memo[g].laidOutBase = baseKey
        memo[g].laidOutWidth = isRoot ? width : .min
        memo[g].laidOutHeight = heightKey
        tree.geometry[g].width = width
        tree.geometry[g].firstBaseline = .min; tree.geometry[g].lastBaseline = .min
        if tree.kind(b) == .replaced { layoutReplaced(b, height: height, baseHeight: baseHeight); return BlockResult() }

        let definite = height ?? borderBoxHeight(b, style(b).height, base: baseHeight) ?? ratioHeight(b) ?? listBoxHeight(b)
        let filled = definite == nil ? quirkHeight(b) : nil
        let contentHeight = definite.map { Swift.max(.zero, clampHeight(b, $0, base: baseHeight) - frameHeight(b)) }
        var result: ContentResult, natural: LayoutUnit?
        switch tree.kind(b) {
        case .table: result = layoutTable(b, contentHeight: contentHeight)
        case .flex: result = layoutFlex(b, contentHeight: contentHeight)
        case .grid: result = layoutGrid(b, contentHeight: contentHeight)
        default:
            if isRoot, let columns = columnSetup(b, tree.geometry[g].contentWidth) {
                result = layoutColumns(b, columns, contentHeight: contentHeight)
                break
            }
            let context = isRoot ? FloatContext() : floats!
            let left = tree.geometry[g].contentLeft, top = tree.geometry[g].contentTop
            // In quirks mode percentages look through blocks of automatic height.
            let base = contentHeight ?? filled.map { $0 - frameHeight(b) } ?? (document.isQuirks && tree.kind(b) == .block && !tree.flags(b).contains(.formattingRoot) ? baseHeight : nil)
            result = layoutContents(b, contentHeight: base, floats: context, x: isRoot ? left : x + left, y: isRoot ? top : y + top)
            natural = result.height
            if let least = controlHeight(b) { result.height = Swift.max(result.height, least) }
            if isRoot, context.bottom > top + result.height { result.height = context.bottom - top }
        }
        if tree.kind(b) == .table, let h = definite { tree.geometry[g].height = Swift.max(h, result.height + frameHeight(b)) }
        else if let height { tree.geometry[g].height = Swift.max(.zero, height) }
        else { tree.geometry[g].height = clampHeight(b, definite ?? Swift.max(filled.map { $0 - excessMargin(b, result.trailing) } ?? .zero, result.height + frameHeight(b)), base: baseHeight) }
        centreControl(b, natural ?? result.height)
        placeMarker(b)
        return BlockResult(trailing: result.trailing)
    }

    private func usesBaseHeight(_ b: BoxID) -> Bool {
        let s = style(b)
        return s.height.hasPercent || s.minHeight.hasPercent || s.maxHeight.hasPercent || document.isQuirks || tree.kind(b) == .replaced
    }

    /// In quirks mode html and body fill the viewport (Quirks §3.6, §3.7). Border-box height.
    private func quirkHeight(_ b: BoxID) -> LayoutUnit? {
        guard document.isQuirks else { return nil }
        let node = tree.boxes[Int(b)].node
        guard !node.isNone, style(b).position == .static, !style(b).isFloating else { return nil }
        if node == document.documentElement { return Swift.max(.zero, viewportHeight - tree.geometry[tree.geo(b)].margin.vertical) }
        guard document.isHTML(node, .body), let p = Optional(tree.parent(b)), p > 0 else { return nil }
        let root = tree.geometry[tree.geo(p)]
        return Swift.max(.zero, viewportHeight - root.margin.vertical - frameHeight(p) - tree.geometry[tree.geo(b)].margin.vertical)
    }

    /// By how much the last child's margin, collapsed with the box's own, is larger than that: body leaves room for it below.
    private func excessMargin(_ b: BoxID, _ trailing: MarginStrut) -> LayoutUnit {
        let own = tree.geometry[tree.geo(b)].margin.bottom
        var strut = MarginStrut(own)
        strut.add(trailing)
        return Swift.max(.zero, strut.value - own)
    }

    /// Height that aspect-ratio gives a box of this width (CSS Sizing 4 §4).
    private func ratioHeight(_ b: BoxID) -> LayoutUnit? {
        let s = style(b), g = tree.geo(b)
        guard s.aspectRatio > 0, !tree.flags(b).contains(.anonymous) else { return nil }
        let isBorderBox = s.boxSizing == .borderBox
        let width = isBorderBox ? tree.geometry[g].width : tree.geometry[g].contentWidth
        let height = LayoutUnit(clamping: Int64(width.raw) * 65536 / Int64(s.aspectRatio))
        return isBorderBox ? height : height + frameHeight(b)
    }

    // MARK: Replaced elements (§10.3.2, §10.6.2)

    /// Natural size in layout units; zero parts are unknown. A picture with a ratio alone fills `available`.
    func naturalSize(_ b: BoxID, available: LayoutUnit) -> ReplacedNatural {
        if let known = tree.naturalSizes[b] { return known }
        switch ReplacedKind(rawValue: tree.boxes[Int(b)].textStart) ?? .image {
        case .image:
            guard let picture = tree.images[b] else { return ReplacedNatural() }
            let size = picture.naturalSize.used(available: available)
            return ReplacedNatural(width: size.width, height: size.height, ratioWidth: size.ratio ? size.width : .zero, ratioHeight: size.ratio ? size.height : .zero)
        case .frame, .canvas, .slider, .swatch: return ReplacedNatural(width: LayoutUnit(300), height: LayoutUnit(150))
        case .checkbox, .radio: return ReplacedNatural(width: LayoutUnit(13), height: LayoutUnit(13))
        case .progress: return ReplacedNatural(width: LayoutUnit(160), height: LayoutUnit(16))
        }
    }

    /// Used border-box size.
    func replacedSize(_ b: BoxID, base: LayoutUnit, baseHeight: LayoutUnit?) -> (width: LayoutUnit, height: LayoutUnit) {
        let s = style(b), frameW = frameWidth(b), frameH = frameHeight(b)
        let natural = ratio(b, naturalSize(b, available: base - frameW - tree.geometry[tree.geo(b)].margin.horizontal))
        let specifiedW = borderBoxWidth(b, isIntrinsicKeyword(s.width) ? .auto : s.width, base: base, available: base).map { $0 - frameW }
        let specifiedH = borderBoxHeight(b, s.height, base: baseHeight).map { $0 - frameH }
        var w: LayoutUnit, h: LayoutUnit
        if let sw = specifiedW, let sh = specifiedH { w = sw; h = sh }
        else if let sw = specifiedW { w = sw; h = natural.hasRatio ? sw.scaled(by: natural.ratioHeight, over: natural.ratioWidth) : natural.height }
        else if let sh = specifiedH { h = sh; w = natural.hasRatio ? sh.scaled(by: natural.ratioWidth, over: natural.ratioHeight) : natural.width }
        else { w = natural.width; h = natural.height }
        let clampedW = clampWidth(b, w + frameW, base: base, available: base) - frameW
        if clampedW != w, specifiedH == nil, natural.hasRatio { h = clampedW.scaled(by: natural.ratioHeight, over: natural.ratioWidth) }
        w = clampedW
        let clampedH = clampHeight(b, h + frameH, base: baseHeight) - frameH
        if clampedH != h, specifiedW == nil, natural.hasRatio { w = clampWidth(b, clampedH.scaled(by: natural.ratioWidth, over: natural.ratioHeight) + frameW, base: base, available: base) - frameW }
        h = clampedH
        return (w + frameW, h + frameH)
    }
    /// The ratio that the style asks for, when there is no natural one.
    private func ratio(_ b: BoxID, _ natural: ReplacedNatural) -> ReplacedNatural {
        var result = natural
        if style(b).aspectRatio > 0, !natural.hasRatio { result.ratioWidth = LayoutUnit(raw: style(b).aspectRatio); result.ratioHeight = LayoutUnit(raw: 65536) }
        return result
    }
    private func isIntrinsicKeyword(_ l: Length) -> Bool {
        switch l { case .minContent, .maxContent, .fitContent, .content: return true; default: return false }
    }

    private func layoutReplaced(_ b: BoxID, height: LayoutUnit?, baseHeight: LayoutUnit?) {
        let g = tree.geo(b)
        if let height { tree.geometry[g].height = height; return }
        let p = tree.container(b)
        let base = p == noBox ? viewportWidth : tree.geometry[tree.geo(p)].contentWidth
        let size = replacedSize(b, base: base, baseHeight: baseHeight)
        tree.geometry[g].height = size.height
        // A width imposed by the parent keeps the ratio.
        let natural = ratio(b, naturalSize(b, available: base))
        if size.width != tree.geometry[g].width, style(b).height.isAuto, natural.hasRatio {
            tree.geometry[g].height = clampHeight(b, tree.geometry[g].contentWidth.scaled(by: natural.ratioHeight, over: natural.ratioWidth) + frameHeight(b), base: baseHeight)
        }
    }

    /// One-line controls and buttons show their content in the middle of their height.
    private func centreControl(_ b: BoxID, _ used: LayoutUnit) {
        let node = tree.boxes[Int(b)].node
        guard !node.isNone else { return }
        let isOneLine = tree.flags(b).contains(.control) && (tree.controls[b]?.rows ?? 0) == 0
        guard isOneLine || document.isHTML(node, .button) else { return }
        let free = tree.geometry[tree.geo(b)].contentHeight - used
        if free > .zero { shiftContents(b, LayoutUnit(raw: free.raw / 2)) }
    }

    // MARK: Markers

    /// Puts an outside list marker beside the first line of its item (CSS Lists 3 §3.2, positions as browsers have them).
    private func placeMarker(_ b: BoxID) {
        guard tree.flags(b).contains(.listItem) else { return }
        let m = tree.firstChild(b)
        guard m != noBox, tree.kind(m) == .marker, let marker = tree.markers[m] else { return }
        let ts = tree.textStyle(b), g = tree.geo(b), mg = tree.geo(m)
        let baseline = firstBaseline(b) ?? (tree.geometry[g].contentTop + ts.boxAscent)
        let ascent = ts.ascent.floor
        if marker.shape == .text {
            let width = measure(marker.text, ts)
            tree.geometry[mg].x = tree.geometry[g].contentLeft - width
            tree.geometry[mg].y = baseline - ts.ascent
            tree.geometry[mg].width = width
            tree.geometry[mg].height = ts.ascent + ts.descent
            tree.geometry[mg].firstBaseline = ts.ascent
        } else {
            let offset = ascent * 2 / 3, size = (offset + 1) / 2
            tree.geometry[mg].x = tree.geometry[g].contentLeft - LayoutUnit(offset + 7)
            tree.geometry[mg].y = baseline - LayoutUnit(ascent) + LayoutUnit(3 * (ascent - offset) / 2)
            tree.geometry[mg].width = LayoutUnit(size); tree.geometry[mg].height = LayoutUnit(size)
        }
        let least = tree.geometry[g].contentTop + ts.lineHeight + tree.geometry[g].padding.bottom + tree.geometry[g].border.bottom
        if tree.geometry[g].height < least, style(b).height.isAuto, firstBaseline(b) == nil { tree.geometry[g].height = least }
    }

    /// Width of a short text, spaces included.
    func measure(_ text: String, _ ts: TextStyle) -> LayoutUnit {
        var copy = text
        return copy.withUTF8 { bytes in
            var width: Int64 = 0
            var i = 0
            while i < bytes.count {
                if bytes[i] == 0x20 { width &+= ts.fine(ts.spaceUnits); i += 1; continue }
                var end = i
                while end < bytes.count, bytes[end] != 0x20, end - i < 120 { end += 1 }
                width &+= shaper.fineWidth(UnsafeBufferPointer(rebasing: bytes[i..<end]), ts)
                i = end
            }
            return snappedUp(width)
        }
    }

    /// Baseline of the first line in the box, from its border top; searches blocks in order (§10.8.1, CSS Align 3 §9).
    func firstBaseline(_ b: BoxID) -> LayoutUnit? {
        let g = tree.geo(b)
        if tree.geometry[g].firstBaseline != .min { return tree.geometry[g].firstBaseline }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.kind(c).hasGeometry, tree.kind(c) != .marker, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]), let inner = firstBaseline(c) {
                let value = inner + tree.geometry[tree.geo(c)].y
                tree.geometry[g].firstBaseline = value
                return value
            }
            c = tree.next(c)
        }
        return nil
    }
    func lastBaseline(_ b: BoxID) -> LayoutUnit? {
        let g = tree.geo(b)
        if tree.geometry[g].lastBaseline != .min { return tree.geometry[g].lastBaseline }
        if tree.kind(b) == .table || tree.kind(b) == .flex { return firstBaseline(b) }
        var c = tree.firstChild(b), found: LayoutUnit?
        while c != noBox {
            if tree.kind(c).hasGeometry, tree.kind(c) != .marker, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]), let inner = lastBaseline(c) { found = inner + tree.geometry[tree.geo(c)].y }
            c = tree.next(c)
        }
        if let found { tree.geometry[g].lastBaseline = found }
        return found
    }
}
