// The style engine of a document: its sheets, and the computed style of every rendered element (CSS Cascade 5, CSSOM §6).
// One pass walks the tree once. Elements with the same parent style and the same matched rules share one `ComputedStyle`, also
// from pass to pass while sheets and viewport stay: an unchanged style keeps its identity.
import DOM
import Graphics

/// An @import that the owner of the engine must load, and hand to `setAuthorSheet` under `sheet`.
public struct StyleImport: Sendable {
    public let url: String
    public let sheet: StyleSheetID
}

public struct StyleSheetID: Hashable, Sendable { public let raw: UInt32 }

/// An element that got another style.
public struct RestyledElement {
    public let node: NodeID
    public let old: ComputedStyle, new: ComputedStyle
}

public final class StyleEngine {
    public let document: Document
    /// Fonts that `ex` and `ch` are measured in; without them they are 0.5 and 0.6 em. Set before the first pass.
    public var fonts: FontLibrary?
    /// Grows whenever some element's style changed in a pass.
    public private(set) var styleVersion: UInt64 = 0
    public private(set) var viewportWidth = LayoutUnit(1024), viewportHeight = LayoutUnit(768)

    // Sheets in cascade order.
    private struct Slot {
        var id: StyleSheetID
        var sheet: StyleSheet?
        var media: MediaQueryList
        var baseURL: String
        var depth: Int
    }
    private var slots: [Slot] = []
    private var usesUserAgentSheet = false
    private var nextSheet: UInt32 = 1
    private var sheetsChanged = true

    // The current pass.
    private var index: RuleIndex?
    private var isIndexStale = true
    let matcher: SelectorMatcher
    private var filter = AncestorFilter()
    private(set) var resolver: StyleResolver?
    private var styleOfNode: [ComputedStyle?] = []
    private var pseudoStyles: [UInt64: ComputedStyle] = [:]
    private var seenMutations = UInt64.max, seenState = UInt64.max
    private let initialStyle = ComputedStyle()

    public init(document: Document) {
        self.document = document
        matcher = SelectorMatcher(document: document)
    }

    // Sheets

    /// Adds the built-in sheet of HTML §15, with the quirks part when the document is in quirks mode.
    public func addUserAgentSheet() { usesUserAgentSheet = true; invalidateSheets() }

    /// Appends a sheet. `media`: the attribute of that name. Returns the imports to be loaded.
    @discardableResult
    public func addAuthorSheet(_ bytes: [UInt8], baseURL: String, media: String = "") -> [StyleImport] {
        setAuthorSheet(reserveAuthorSheet(), bytes, baseURL: baseURL, media: media)
    }
    @discardableResult
    public func addAuthorSheet(_ text: String, baseURL: String = "", media: String = "") -> [StyleImport] { addAuthorSheet(Array(text.utf8), baseURL: baseURL, media: media) }

    /// Keeps a place in the cascade for a sheet that is still loading: call in document order.
    public func reserveAuthorSheet() -> StyleSheetID {
        let id = makeSheetID()
        slots.append(Slot(id: id, sheet: nil, media: .always, baseURL: "", depth: 0))
        return id
    }
    /// Fills (or refills) a reserved place. Imports get places just before it. `media` nil keeps that of the @import rule.
    @discardableResult
    public func setAuthorSheet(_ id: StyleSheetID, _ bytes: [UInt8], baseURL: String, media: String? = nil) -> [StyleImport] {
        guard let at = slots.firstIndex(where: { $0.id == id }) else { return [] }
        let sheet = StyleSheet.parse(bytes, baseURL: baseURL, isQuirks: document.isQuirks)
        slots[at].sheet = sheet
        slots[at].baseURL = baseURL
        if let media { slots[at].media = MediaQueryList(text: media) }
        invalidateSheets()
        let depth = slots[at].depth + 1
        guard depth <= 16 else { return [] }
        var imports: [StyleImport] = [], places: [Slot] = []
        for rule in sheet.imports where slots.count + places.count < CSSLimits.sheetCountMax {
            let place = Slot(id: makeSheetID(), sheet: nil, media: rule.media, baseURL: rule.url, depth: depth)
            places.append(place)
            imports.append(StyleImport(url: rule.url, sheet: place.id))
        }
        slots.insert(contentsOf: places, at: at)
        return imports
    }
    public func removeAuthorSheet(_ id: StyleSheetID) {
        slots.removeAll { $0.id == id }
        invalidateSheets()
    }
    public func removeAllAuthorSheets() { slots.removeAll(); invalidateSheets() }

    /// In CSS pixels; media queries and viewport units follow.
    public func setViewport(width: Int32, height: Int32) {
        let newWidth = LayoutUnit(width), newHeight = LayoutUnit(height)
        if newWidth == viewportWidth, newHeight == viewportHeight { return }
        let before = mediaResults()
        viewportWidth = newWidth; viewportHeight = newHeight
        if mediaResults() != before || StyleEngine.usesViewportUnits(slots.map { $0.sheet }) { invalidateSheets() }
    }

    private func makeSheetID() -> StyleSheetID { nextSheet += 1; return StyleSheetID(raw: nextSheet) }
    private func invalidateSheets() { isIndexStale = true; sheetsChanged = true }
    private var context: MediaContext { MediaContext(width: viewportWidth, height: viewportHeight) }

    /// One truth value per sheet and condition.
    private func mediaResults() -> [Bool] {
        var results: [Bool] = []
        for slot in slots {
            results.append(slot.media.matches(context))
            guard let sheet = slot.sheet else { continue }
            for condition in sheet.conditions { results.append(condition.query.matches(context)) }
        }
        return results
    }
    private static func usesViewportUnits(_ sheets: [StyleSheet?]) -> Bool {
        for sheet in sheets { if let sheet, sheet.usesViewportUnits { return true } }
        return false
    }

    // Queries

    /// True when `computeStyles` has work to do.
    public var needsUpdate: Bool { sheetsChanged || seenMutations != document.mutationCount || seenState != document.stateCount }

    /// Style of an element (or of a text node: its parent's). Elements inside `display: none` have the initial style.
    public func style(of node: NodeID) -> ComputedStyle {
        if let style = stored(node) { return style }
        if !node.isNone, document.kind(node) == .text, let style = stored(document.parent(node)) { return style }
        return initialStyle
    }
    private func stored(_ node: NodeID) -> ComputedStyle? {
        let raw = Int(node.raw)
        return raw < styleOfNode.count ? styleOfNode[raw] : nil
    }
    /// Style of a pseudo-element; nil when it generates nothing. `attr()` in its content is already text.
    public func pseudoStyle(of node: NodeID, _ pseudo: PseudoElement) -> ComputedStyle? { pseudoStyles[UInt64(node.raw) << 3 | UInt64(pseudo.rawValue)] }

    /// Whether a change of these flags on any element can change styles at all.
    public func depends(on state: ElementState) -> Bool {
        guard let index else { return true }
        return !index.usesState.intersection(state).isEmpty
    }

    /// The rules that match one element, for questions outside a pass.
    func matches(of node: NodeID) -> [Int32]? {
        guard let index else { return nil }
        let filter = AncestorFilter()
        var ancestor = document.parent(node), matches: [Int32] = []
        while !ancestor.isNone { if document.isElement(ancestor) { filter.push(ancestor, document) }; ancestor = document.parent(ancestor) }
        index.collect(node, document, matcher, filter, &matches)
        return matches
    }

    // The pass

    /// Brings all styles up to date. Cheap when nothing changed.
    public func computeStyles() {
        guard needsUpdate else { return }
        if !isIndexStale, !sheetsChanged, seenMutations == document.mutationCount, followStates() { return }
        if isIndexStale { rebuildIndex() }
        guard let index, let resolver else { return }
        seenMutations = document.mutationCount
        seenState = document.stateCount
        sheetsChanged = false
        matcher.reset()
        filter = AncestorFilter()
        resolver.beginPass()
        let missing = document.nodeIDLimit - styleOfNode.count
        if missing > 0 { styleOfNode.append(contentsOf: repeatElement(nil, count: missing)) }
        let oldPseudo = pseudoStyles
        pseudoStyles = [:]
        let root = document.documentElement
        var changed = false
        elementsStyled = 0
        if !root.isNone { changed = walk(from: root, index, resolver, isWhole: true) }
        restyled = nil
        if changed || oldPseudo.count != pseudoStyles.count || !samePseudo(oldPseudo) { styleVersion &+= 1 }
    }
    private func samePseudo(_ old: [UInt64: ComputedStyle]) -> Bool {
        for (key, style) in old where pseudoStyles[key] !== style { return false }
        return true
    }

    private func rebuildIndex() {
        var sheets: [StyleSheet] = []
        if usesUserAgentSheet {
            sheets.append(UserAgentSheet.sheet)
            if document.isQuirks { sheets.append(UserAgentSheet.quirksSheet) }
        }
        for slot in slots where slot.media.matches(context) { if let sheet = slot.sheet { sheets.append(sheet) } }
        let index = RuleIndex(sheets: sheets, context: context)
        self.index = index
        resolver = StyleResolver(document: document, index: index, viewportWidth: viewportWidth, viewportHeight: viewportHeight, fonts: fonts)
        isIndexStale = false
    }

    /// Restyles what changes of states can have touched and nothing else; false when that is not known.
    private func followStates() -> Bool {
        guard let index, let resolver, let changes = document.stateChanges(since: seenState) else { return false }
        let dependence = index.dependence
        for change in changes where !StateDependence.followed.isSuperset(of: change.states) || !dependence.everywhere.isDisjoint(with: change.states) { return false }
        seenState = document.stateCount
        matcher.resetSteps()
        elementsStyled = 0
        var changed = false
        for change in changes {
            guard let reach = dependence.reach(of: change.states, on: change.node, document) else { continue }
            let parent = document.parent(change.node), isAside = reach == .siblings && document.isElement(parent)
            if restyle(isAside ? parent : change.node, index, resolver, isWhole: reach != .element) { changed = true }
        }
        if changed { styleVersion &+= 1 }
        return true
    }
    /// Restyles an element, and what is below it where its own style changed or, with `isWhole`, in any case.
    private func restyle(_ node: NodeID, _ index: RuleIndex, _ resolver: StyleResolver, isWhole: Bool) -> Bool {
        guard stored(node) != nil, node == document.documentElement || stored(document.parent(node)) != nil else { return false }     // not shown
        filter = AncestorFilter()
        var ancestor = document.parent(node)
        while !ancestor.isNone, document.isElement(ancestor) { filter.push(ancestor, document); ancestor = document.parent(ancestor) }
        let old = pseudoStyles
        let changed = walk(from: node, index, resolver, isWhole: isWhole)
        let isPseudoChanged = old.count != pseudoStyles.count || !samePseudo(old)
        if isPseudoChanged { restyled = nil }
        return changed || isPseudoChanged
    }
    /// Elements whose styles changed; nil when there were many, or all, or a pseudo-element's did.
    private var restyled: [RestyledElement]?
    private static let restyledCountMax = 64
    private func note(_ node: NodeID, _ old: ComputedStyle?, _ new: ComputedStyle) {
        guard let count = restyled?.count else { return }
        if let old, count < StyleEngine.restyledCountMax { restyled?.append(RestyledElement(node: node, old: old, new: new)) } else { restyled = nil }
    }
    /// What changed since this was last asked; nil when it is not known.
    public func takeRestyled() -> [RestyledElement]? {
        defer { restyled = [] }
        return restyled
    }
    /// Elements that the last pass looked at.
    private(set) var elementsStyled = 0

    /// Depth first without recursion; children of `display: none` are skipped. Without `isWhole` the walk ends at a root whose style
    /// is what it was. Returns whether some style changed.
    private func walk(from root: NodeID, _ index: RuleIndex, _ resolver: StyleResolver, isWhole: Bool) -> Bool {
        var node = root, matches: [Int32] = [], changed = false
        while true {
            matches.removeAll(keepingCapacity: true)
            elementsStyled += 1
            index.collect(node, document, matcher, filter, &matches)
            let style = resolver.style(of: node, matches, parent: stored(document.parent(node)))
            if styleOfNode[Int(node.raw)] !== style {
                changed = true
                note(node, styleOfNode[Int(node.raw)], style)
                styleOfNode[Int(node.raw)] = style
            }
            if !changed, !isWhole {
                addPseudoStyles(node, matches, style, resolver)
                return false
            }
            if style.box.display != .none {
                addPseudoStyles(node, matches, style, resolver)
                let child = firstElement(document.firstChild(node))
                if !child.isNone { filter.push(node, document); node = child; continue }
            }
            var sibling = node == root ? NodeID.none : firstElement(document.nextSibling(node))
            while sibling.isNone {
                if node == root { return changed }
                node = document.parent(node)
                filter.pop(node, document)
                if node == root { return changed }
                sibling = firstElement(document.nextSibling(node))
            }
            node = sibling
        }
    }
    private func firstElement(_ start: NodeID) -> NodeID {
        var node = start
        while !node.isNone, !document.isElement(node) { node = document.nextSibling(node) }
        return node
    }
    private func addPseudoStyles(_ node: NodeID, _ matches: [Int32], _ style: ComputedStyle, _ resolver: StyleResolver) {
        for pseudo in resolver.pseudos {
            let key = UInt64(node.raw) << 3 | UInt64(pseudo.rawValue)
            if let result = resolver.pseudoStyle(of: node, pseudo, matches, parent: style) { pseudoStyles[key] = result } else if pseudoStyles[key] != nil { pseudoStyles[key] = nil }
        }
    }
}
