// Walks an svg element and paints its shapes in document order (SVG 2 §3.3): groups, links, nested viewports, `use`,
// opacity, clips and masks. Recursion is bounded by `depthMax`.
import CSS
import DOM
import Graphics

final class SVGRenderer {
    static let depthMax = 64, elementCountMax = 200_000, maskCountMax = 64

    let document: Document
    let scope: NodeID
    let fonts: FontLibrary
    private(set) var canvas: VectorCanvas
    var budget: VectorBudget
    /// What the root element inherits, and the page whose sheets apply; none for files.
    private var rootStyle = SVGStyle()
    private var page: StyleEngine?
    private var sheet = SVGSheet()
    private var ids: [UInt32: NodeID] = [:]
    private var elementCount = 0, maskCount = 0
    /// Elements being drawn through references: none of them may be entered again.
    var entered: [NodeID] = []

    /// What a place in the tree hands down.
    struct Context {
        var style: SVGStyle
        var map: Matrix
        var clip: VectorClip?
        var base: LengthBase
        var depth = 0
    }

    init(_ document: Document, _ scope: NodeID, _ fonts: FontLibrary, _ width: Int, _ height: Int, _ budget: VectorBudget) {
        self.document = document
        self.scope = scope
        self.fonts = fonts
        self.budget = budget
        canvas = VectorCanvas(width: width, height: height)
        var n = document.next(scope, within: scope)
        while !n.isNone {
            if document.isElement(n), document.name(n) == .style { sheet.add(Array(document.textContent(n).utf8)) }
            n = document.next(n, within: scope)
        }
    }

    func attribute(_ n: NodeID, _ name: Atom) -> SVGScanner? { document.attribute(n, name).map { SVGScanner($0) } }

    /// The element that `#id` names; the first in the document.
    func element(_ id: String) -> NodeID {
        guard let atom = Atom(existing: id), !atom.isEmpty else { return .none }
        if let known = ids[atom.raw] { return known }
        let found = document.element(withID: atom)
        ids[atom.raw] = found
        return found
    }
    func linked(_ n: NodeID) -> NodeID {
        guard let href = document.attribute(n, Atom("href")) ?? document.attribute(n, Atom("xlink:href")), href.utf8.first == 0x23 else { return .none }
        return element(String(decoding: Array(href.utf8).dropFirst(), as: UTF8.self))
    }

    // MARK: Style

    /// The svg element stands in a page: it inherits fonts and colour, and rules of the page's sheets apply inside.
    func setPage(_ styles: StyleEngine) {
        page = styles
        let s = styles.style(of: scope)
        rootStyle.color = s.color
        rootStyle.fontFamilies = s.fontFamilies
        rootStyle.fontSize = Fixed(raw: Int64(s.fontSize.raw) << 26)
        rootStyle.fontWeight = Int(s.fontWeight)
        rootStyle.isItalic = s.fontStyle != .normal
        rootStyle.letterSpacing = Fixed(raw: Int64(s.letterSpacing.raw) << 26)
    }

    func style(_ n: NodeID, _ parent: SVGStyle, _ base: LengthBase) -> SVGStyle {
        var s = parent.inherited()
        var inline: [UInt8] = []
        for a in document.attributes(n) {
            let name = a.name.string
            if name == "style" { inline = Array(a.value.utf8) } else { s.set(name, Array(a.value.utf8), base) }
        }
        if let page { for d in page.svgDeclarations(of: n) { s.set(d.name, d.value, base) } }
        if !sheet.isEmpty { sheet.apply(n, document) { s.set($0, $1, base) } }
        if !inline.isEmpty { for d in SVGSheet.declarations(inline) { s.set(d.name, d.value, base) } }
        return s
    }

    // MARK: Tree

    func drawRoot(_ svg: NodeID, viewport: (width: Fixed, height: Fixed), _ map: Matrix) {
        var base = LengthBase()
        base.width = viewport.width
        base.height = viewport.height
        var context = Context(style: style(svg, rootStyle, base), map: map, clip: nil, base: base)
        guard context.style.isDisplayed else { return }
        if let box = ViewBox(document.attribute(svg, Atom("viewBox"))) {
            guard let inner = SVGViewport.map(box, viewport.width, viewport.height, preserveAspectRatio: document.attribute(svg, Atom("preserveAspectRatio"))) else { return }
            context.map = map.concatenating(inner)
            context.base.width = box.width
            context.base.height = box.height
        }
        context.style.transform = nil
        grouped(svg, context) { drawChildren(svg, $0) }
    }

    func drawChildren(_ parent: NodeID, _ context: Context) {
        var inner = context
        inner.depth += 1
        if inner.depth > SVGRenderer.depthMax { return }
        let isSwitch = document.name(parent).string == "switch"
        for child in document.children(parent) {
            if budget.isSpent { return }
            guard document.isElement(child), document.namespace(child) == .svg else { continue }
            if isSwitch, document.hasAttribute(child, Atom("requiredExtensions")) || document.name(child).string == "foreignObject" { continue }
            draw(child, inner)
            if isSwitch { return }
        }
    }

    /// One element with everything below it.
    func draw(_ n: NodeID, _ parent: Context) {
        elementCount += 1
        if elementCount > SVGRenderer.elementCountMax { return }
        let name = document.name(n).string
        let shape: SVGShape?
        switch name {
        case "g", "a", "svg", "use", "switch", "text", "image": shape = nil
        default:
            guard let known = SVGShape(name) else { return }
            shape = known
        }
        var context = parent
        context.style = style(n, parent.style, parent.base)
        guard context.style.isDisplayed else { return }
        if let text = context.style.transform {
            var v = SVGScanner(text)
            context.map = context.map.concatenating(v.transform())
        }
        grouped(n, context) { inner in
            if let shape { return drawShape(n, shape, inner) }
            switch name {
            case "use": drawUse(n, inner)
            case "svg": drawNested(n, inner)
            case "text": drawText(n, inner)
            case "image": drawImage(n, inner)
            default: drawChildren(n, inner)
            }
        }
    }

    /// Opacity, clip and mask of an element around what it draws.
    private func grouped(_ n: NodeID, _ context: Context, _ body: (Context) -> Void) {
        var context = context
        let s = context.style
        if s.opacity == 0 { return }
        if let id = s.clipPath, !id.isEmpty {
            let target = element(id)
            if !target.isNone, document.name(target).string == "clipPath" {
                guard let clip = clipPath(target, n, context) else { return }
                context.clip = clip
            }
        }
        var mask: [UInt8]?
        if let id = s.mask, !id.isEmpty {
            let target = element(id)
            if !target.isNone, document.name(target).string == "mask" { mask = drawMask(target, n, context) }
        }
        // A single shape without stroke needs no layer of its own for its opacity.
        let filter = s.filter.flatMap { readFilter($0, n, context) }
        if s.opacity < 255 || mask != nil || filter != nil {
            budget.pixels -= canvas.width * canvas.height * (2 + 12 * (filter?.steps.count ?? 0))
            if !budget.isSpent, canvas.pushLayer() {
                body(context)
                if let filter { apply(filter) }
                canvas.popLayer(alpha: s.opacity, mask: mask)
                return
            }
        }
        body(context)
    }

    /// Draws into a canvas of its own and returns its picture; nil when that is more than the budget allows.
    func drawn(width: Int, height: Int, _ body: () -> Void) -> Bitmap? {
        budget.pixels -= width * height * 2
        maskCount += 1
        if budget.isSpent || maskCount > SVGRenderer.maskCountMax { return nil }
        let outer = canvas
        canvas = VectorCanvas(width: width, height: height)
        body()
        let result = canvas.bitmap()
        canvas = outer
        return result
    }

    /// Calls `body` unless the element is being drawn already.
    func entering(_ n: NodeID, _ body: () -> Void) {
        if entered.contains(n) || entered.count > 16 { return }
        entered.append(n)
        body()
        entered.removeLast()
    }

    private func drawUse(_ n: NodeID, _ context: Context) {
        let target = linked(n)
        if target.isNone || !document.isElement(target) { return }
        let base = context.style.relative(context.base)
        var inner = context
        inner.depth += 1
        if inner.depth > SVGRenderer.depthMax { return }
        var x = attribute(n, Atom("x")), y = attribute(n, Atom("y"))
        inner.map = context.map.concatenating(.translation(x?.length(.x, base) ?? .zero, y?.length(.y, base) ?? .zero))
        entering(target) {
            let name = document.name(target).string
            if name == "symbol" || name == "svg" {
                var w = attribute(n, .width), h = attribute(n, .height)
                viewport(target, inner, w?.length(.x, base), h?.length(.y, base))
            } else { draw(target, inner) }
        }
    }

    private func drawNested(_ n: NodeID, _ context: Context) {
        let base = context.style.relative(context.base)
        var x = attribute(n, Atom("x")), y = attribute(n, Atom("y"))
        var inner = context
        inner.map = context.map.concatenating(.translation(x?.length(.x, base) ?? .zero, y?.length(.y, base) ?? .zero))
        content(n, inner, nil, nil)
    }
    /// A symbol or svg that `use` shows.
    private func viewport(_ n: NodeID, _ context: Context, _ width: Fixed?, _ height: Fixed?) {
        var inner = context
        inner.style = style(n, context.style, context.base)
        grouped(n, inner) { content(n, $0, width, height) }
    }
    /// The content of an element with a viewport of its own, clipped to it.
    func content(_ n: NodeID, _ context: Context, _ width: Fixed?, _ height: Fixed?) {
        let base = context.style.relative(context.base)
        var ws = attribute(n, .width), hs = attribute(n, .height)
        let w = width ?? ws?.length(.x, base) ?? base.width, h = height ?? hs?.length(.y, base) ?? base.height
        if w <= .zero || h <= .zero { return }
        var inner = context
        inner.base.width = w
        inner.base.height = h
        if let box = ViewBox(document.attribute(n, Atom("viewBox"))) {
            guard let map = SVGViewport.map(box, w, h, preserveAspectRatio: document.attribute(n, Atom("preserveAspectRatio"))) else { return }
            inner.map = context.map.concatenating(map)
            inner.base.width = box.width
            inner.base.height = box.height
        }
        if !context.style.overflows {
            let mask = VectorPath.rectangle(.zero, .zero, w, h).fillMask(context.map, .nonZero, clip: canvas.bounds, &budget)
            // A viewport that covers the whole canvas clips nothing.
            if mask.bounds != canvas.bounds || mask.bytes.contains(where: { $0 != 255 }) {
                guard let clip = newClip([mask], context.clip) else { return }
                inner.clip = clip
            }
        }
        drawChildren(n, inner)
    }

    // MARK: Clips and masks

    func newClip(_ masks: [CoverageMask], _ outer: VectorClip?) -> VectorClip? {
        maskCount += 1
        budget.pixels -= canvas.width * canvas.height
        if budget.isSpent { return nil }
        return canvas.clip(masks, inside: outer)
    }

    /// The clip of a `clipPath` for the element that it clips (CSS Masking 1 §5); nil when nothing is left to show.
    private func clipPath(_ n: NodeID, _ target: NodeID, _ context: Context) -> VectorClip? {
        var map = context.map
        if document.attribute(n, Atom("clipPathUnits")) == "objectBoundingBox" {
            guard let box = boundingBox(target, context) else { return nil }
            map = map.concatenating(Matrix(box.x1 - box.x0, .zero, .zero, box.y1 - box.y0, box.x0, box.y0))
        }
        var inner = context
        inner.map = map
        inner.style = style(n, context.style, context.base)
        if let text = inner.style.transform { var v = SVGScanner(text); inner.map = map.concatenating(v.transform()) }
        var outer = context.clip
        if let own = inner.style.clipPath, !own.isEmpty, !entered.contains(n), entered.count < 8 {
            let next = element(own)
            if !next.isNone, document.name(next).string == "clipPath" {
                entered.append(n)
                outer = clipPath(next, target, context)
                entered.removeLast()
                if outer == nil { return nil }
            }
        }
        var masks: [CoverageMask] = []
        for child in document.children(n) where document.isElement(child) { addClipShape(child, inner, &masks, isUsed: false) }
        return newClip(masks, outer)
    }
    private func addClipShape(_ n: NodeID, _ context: Context, _ masks: inout [CoverageMask], isUsed: Bool) {
        if masks.count > 1024 || budget.isSpent { return }
        var inner = context
        inner.style = style(n, context.style, context.base)
        if !inner.style.isDisplayed || !inner.style.isVisible { return }
        if let text = inner.style.transform { var v = SVGScanner(text); inner.map = inner.map.concatenating(v.transform()) }
        let name = document.name(n).string
        if name == "use", !isUsed {
            let base = context.style.relative(context.base), target = linked(n)
            if target.isNone { return }
            var x = attribute(n, Atom("x")), y = attribute(n, Atom("y"))
            inner.map = inner.map.concatenating(.translation(x?.length(.x, base) ?? .zero, y?.length(.y, base) ?? .zero))
            return addClipShape(target, inner, &masks, isUsed: true)
        }
        let path: VectorPath
        if name == "text" { path = textPath(n, inner) } else {
            guard let shape = SVGShape(name), let p = shapePath(n, shape, inner) else { return }
            path = p
        }
        let mask = path.fillMask(inner.map, inner.style.clipRule, clip: canvas.bounds, &budget)
        if !mask.isEmpty { masks.append(mask) }
    }

    /// What a `mask` lets through, one byte a pixel.
    private func drawMask(_ n: NodeID, _ target: NodeID, _ context: Context) -> [UInt8]? {
        if entered.contains(n) || entered.count > 8 || maskCount > SVGRenderer.maskCountMax { return nil }
        maskCount += 1
        budget.pixels -= canvas.width * canvas.height * 3
        guard !budget.isSpent, canvas.pushLayer() else { return nil }
        entered.append(n)
        var inner = context
        inner.clip = nil
        inner.style = style(n, SVGStyle(), context.base)
        let isLuminance = document.attribute(n, Atom("mask-type")) != "alpha"
        if document.attribute(n, Atom("maskContentUnits")) == "objectBoundingBox", let box = boundingBox(target, context) {
            inner.map = context.map.concatenating(Matrix(box.x1 - box.x0, .zero, .zero, box.y1 - box.y0, box.x0, box.y0))
        }
        drawChildren(n, inner)
        entered.removeLast()
        return canvas.popLayerAsMask(isLuminance: isLuminance)
    }

    /// The box of an element's geometry in its own coordinates: of a shape, or of the shapes of a group.
    func boundingBox(_ n: NodeID, _ context: Context) -> (x0: Fixed, y0: Fixed, x1: Fixed, y1: Fixed)? {
        var whole = VectorPath()
        collect(n, context, .identity, &whole)
        return whole.bounds
    }
    private func collect(_ n: NodeID, _ context: Context, _ map: Matrix, _ path: inout VectorPath) {
        if path.points.count > 100_000 || context.depth > SVGRenderer.depthMax { return }
        if let shape = SVGShape(document.name(n).string) {
            if let p = shapePath(n, shape, context) { path.append(p, map) }
            return
        }
        var inner = context
        inner.depth += 1
        for child in document.children(n) where document.isElement(child) {
            var m = map
            if var v = attribute(child, Atom("transform")) { m = map.concatenating(v.transform()) }
            collect(child, inner, m, &path)
        }
    }
}
