// From matched rules to a computed style: sorts by cascade order, adds hints and the style attribute, picks winners, builds, and
// shares results. A cache entry is keyed by the parent's style and the exact list of matched rules; below different parents the
// same rules mostly give equal values, and those are one object too.
import DOM
import Graphics

final class StyleResolver {
    private let document: Document
    private let index: RuleIndex
    private let viewportWidth: LayoutUnit, viewportHeight: LayoutUnit
    private var hints: PresentationalHints
    private let initial = ComputedStyle()

    private struct CacheEntry { var parent: UInt32; var rules: [Int32]; var style: ComputedStyle }
    private var cache: [UInt64: [CacheEntry]] = [:]
    /// Styles that the same rules gave, by hash of the rules.
    private var byRules: [UInt64: [ComputedStyle]] = [:]
    private static let equalSearchMax = 32
    private var nextNumber: UInt32 = 1
    private var cachedCount: UInt32 = 0
    /// Parsed style attributes and hints by text; a rule list refers to one as -1 - its index.
    private var inlineSheets: [StyleSheet] = []
    private var inlineByText: [String: Int] = [:]
    private var winners: UnsafeMutablePointer<UInt32>
    private var flat: [Value] = []
    private var rules: [Int32] = []
    /// The pseudo-elements that some rule is for.
    let pseudos: [PseudoElement]
    private static let styleCountMax: UInt32 = 50_000

    private let fonts: FontLibrary?

    init(document: Document, index: RuleIndex, viewportWidth: LayoutUnit, viewportHeight: LayoutUnit, fonts: FontLibrary?) {
        self.fonts = fonts
        self.document = document
        self.index = index
        self.viewportWidth = viewportWidth; self.viewportHeight = viewportHeight
        hints = PresentationalHints(document: document)
        var seen: UInt8 = 0
        for i in 0..<index.entryCount { seen |= 1 << index.entries[i].selector.pseudo.rawValue }
        pseudos = [PseudoElement.before, .after, .marker, .firstLine, .firstLetter, .placeholder].filter { seen >> $0.rawValue & 1 != 0 }
        winners = UnsafeMutablePointer<UInt32>.allocate(capacity: PropertyID.longhandCount)
        winners.initialize(repeating: 0, count: PropertyID.longhandCount)
    }
    deinit { winners.deallocate() }

    /// Called before each walk: attributes of body may have changed, and an overgrown cache starts anew.
    func beginPass() {
        hints = PresentationalHints(document: document)
        if cachedCount > StyleResolver.styleCountMax || inlineSheets.count > CSSLimits.inlineStyleCacheCountMax {
            cache.removeAll(); byRules.removeAll(); cachedCount = 0; inlineSheets.removeAll(); inlineByText.removeAll()
        }
    }

    /// The element's style. `matches`: entry numbers from the index; those of pseudo-elements are ignored. `parent` nil for the root.
    func style(of node: NodeID, _ matches: [Int32], parent: ComputedStyle?) -> ComputedStyle {
        selectRules(matches, .none)
        let hintText = hints.text(for: node)
        if !hintText.isEmpty { insertHint(inlineNumber(hintText)) }
        if let text = document.attribute(node, .style), !text.isEmpty { rules.append(inlineNumber(text)) }
        if parent != nil { return cached(parent: parent, isRoot: false) }
        rootFontSizeFine = 16 << 16
        rootFontSize = LayoutUnit(16)                                   // rem on the root itself means the initial size
        let root = cached(parent: nil, isRoot: true)
        rootFontSize = root.inherited.fontSize; rootFontSizeFine = root.inherited.fontSizeFine
        return root
    }

    /// nil when no rule matched, or when ::before/::after has no content.
    func pseudoStyle(of node: NodeID, _ pseudo: PseudoElement, _ matches: [Int32], parent: ComputedStyle) -> ComputedStyle? {
        selectRules(matches, pseudo)
        if rules.isEmpty { return nil }
        let style = cached(parent: parent, isRoot: false)
        switch pseudo {
        case .firstLine, .firstLetter, .placeholder: return style.box.display == .none ? nil : style
        default: break
        }
        guard case .items(let items) = style.box.content else { return pseudo == .marker && style.box.content == .normal ? style : nil }
        if style.box.display == .none { return nil }
        return withAttributes(items, node, style)
    }
    /// attr() becomes text: such a style is the element's own.
    private func withAttributes(_ items: [ContentItem], _ node: NodeID, _ style: ComputedStyle) -> ComputedStyle {
        var resolved: [ContentItem] = [], changed = false
        for item in items {
            guard case .attribute(let name) = item else { resolved.append(item); continue }
            resolved.append(.text(document.attribute(node, Atom(name)) ?? ""))
            changed = true
        }
        if !changed { return style }
        var box = style.box
        box.content = .items(resolved)
        let copy = ComputedStyle(inherited: style.inherited, box: box, custom: style.custom)
        copy.number = style.number
        return copy
    }

    // Rule lists

    /// Fills `rules` with the entries of one pseudo-element in cascade order.
    private func selectRules(_ matches: [Int32], _ pseudo: PseudoElement) {
        rules.removeAll(keepingCapacity: true)
        for match in matches where index.entries[Int(match)].selector.pseudo == pseudo {
            let key = index.entries[Int(match)].key
            var at = rules.count
            while at > 0, index.entries[Int(rules[at - 1])].key > key { at -= 1 }
            rules.insert(match, at: at)
        }
    }
    /// Hints come after the user-agent rules and before the author's.
    private func insertHint(_ number: Int32) {
        var at = 0
        while at < rules.count, index.entries[Int(rules[at])].key >> 62 == 0 { at += 1 }
        rules.insert(number, at: at)
    }
    private func inlineNumber(_ text: String) -> Int32 {
        if let known = inlineByText[text] { return Int32(-1 - known) }
        let sheet = StyleSheet.parseDeclarations(text, baseURL: document.url, isQuirks: document.isQuirks)
        inlineSheets.append(sheet)
        inlineByText[text] = inlineSheets.count - 1
        return Int32(-inlineSheets.count)
    }

    /// The element's rules of the page's sheets in cascade order, first for their ordinary, then for their important declarations.
    func forEachAuthorRule(_ matches: [Int32], _ body: (StyleSheet, StyleRule, _ important: Bool) -> Void) {
        selectRules(matches, .none)
        for rule in rules where !isBuiltIn(rule) { if let (sheet, content) = sheetAndRule(rule) { body(sheet, content, false) } }
        for rule in importantOrder() where !isBuiltIn(rule) { if let (sheet, content) = sheetAndRule(rule) { body(sheet, content, true) } }
    }

    // Sharing

    private func cached(parent: ComputedStyle?, isRoot: Bool) -> ComputedStyle {
        let parentNumber = parent?.number ?? 0
        var ruleHash: UInt64 = 0x9E37_79B9_7F4A_7C15
        for rule in rules { ruleHash = (ruleHash ^ UInt64(UInt32(bitPattern: rule))) &* 0x0000_0100_0000_01B3; ruleHash ^= ruleHash >> 29 }
        let hash = ruleHash ^ UInt64(parentNumber) &* 0x9E37_79B9_7F4A_7C15
        if let bucket = cache[hash] {
            for entry in bucket where entry.parent == parentNumber && entry.rules == rules { return entry.style }
        }
        let style = shared(compute(parent: parent, isRoot: isRoot), ruleHash)
        cachedCount += 1
        cache[hash, default: []].append(CacheEntry(parent: parentNumber, rules: rules, style: style))
        return style
    }
    /// The style with the same values that the same rules gave below another parent, else this one with a number of its own.
    private func shared(_ style: ComputedStyle, _ ruleHash: UInt64) -> ComputedStyle {
        let known = byRules[ruleHash] ?? []
        for other in known where other.hasSameValues(as: style) { return other }
        style.number = nextNumber
        nextNumber &+= 1
        if known.count < StyleResolver.equalSearchMax { byRules[ruleHash, default: []].append(style) }
        return style
    }

    // Winners

    private func compute(parent: ComputedStyle?, isRoot: Bool) -> ComputedStyle {
        let base = parent ?? initial
        let custom = customProperties(base.custom)
        flat.removeAll(keepingCapacity: true)
        winners.update(repeating: 0, count: PropertyID.longhandCount)
        quirkyTop = false; quirkyBottom = false; hasAuthorFrame = false
        for rule in rules { apply(rule, important: false) }
        applyImportant()
        var lengths = LengthContext(fontSize: base.inherited.fontSize, rootFontSize: rootFontSize, viewportWidth: viewportWidth, viewportHeight: viewportHeight)
        lengths.fontSizeFine = base.inherited.fontSizeFine; lengths.rootFontSizeFine = rootFontSizeFine
        lengths.lineHeight = base.lineHeightLength ?? base.inherited.fontSize * 6 / 5
        var builder = StyleBuilder(parent: base, isRoot: isRoot, custom: custom, lengths: lengths, fonts: fonts)
        let style = builder.build(winners) { flat[Int($0)] }
        style.box.quirkyMarginTop = quirkyTop; style.box.quirkyMarginBottom = quirkyBottom
        style.box.hasAuthorFrame = hasAuthorFrame
        return style
    }
    private var rootFontSize = LayoutUnit(16)
    private var rootFontSizeFine: Int64 = 16 << 16

    private func sheetAndRule(_ number: Int32) -> (StyleSheet, StyleRule)? {
        if number >= 0 {
            let entry = index.entries[Int(number)], sheet = index.sheets[Int(entry.sheet)]
            return (sheet, sheet.rules[Int(entry.rule)])
        }
        let sheet = inlineSheets[-1 - Int(number)]
        return sheet.rules.first.map { (sheet, $0) }
    }
    private func apply(_ number: Int32, important: Bool) {
        guard let (sheet, rule) = sheetAndRule(number), !important || rule.hasImportant else { return }
        for i in rule.declarations where sheet.declarations[i].isImportant == important {
            flat.append(sheet.declarations[i].value)
            let property = sheet.declarations[i].property
            winners[Int(property.rawValue)] = UInt32(flat.count)
            if !isBuiltIn(number), PropertyID.frameProperties.contains(property) { hasAuthorFrame = true }
            if property == .marginTop || property == .marginBottom { noteMargin(property, isBuiltIn: isBuiltIn(number), sheet.declarations[i].value) }
        }
    }
    /// Em margins of the built-in sheet are quirky; where they are not to be, the sheet writes calc().
    private func noteMargin(_ property: PropertyID, isBuiltIn: Bool, _ value: Value) {
        var isQuirky = false
        if isBuiltIn, case .length(let l) = value, l.unit == .em { isQuirky = true }
        if property == .marginTop { quirkyTop = isQuirky } else { quirkyBottom = isQuirky }
    }
    private func isBuiltIn(_ rule: Int32) -> Bool { rule >= 0 && index.entries[Int(rule)].key >> 62 == 0 }
    private var quirkyTop = false, quirkyBottom = false, hasAuthorFrame = false

    /// Important declarations in their own order: author (unlayered, then layers from last to first), style attribute, user agent.
    private func applyImportant() {
        for rule in importantOrder() { apply(rule, important: true) }
    }
    private func importantOrder() -> [Int32] {
        var order: [(rank: UInt32, rule: Int32)] = []
        for rule in rules {
            guard let (_, content) = sheetAndRule(rule), content.hasImportant else { continue }
            var rank = UInt32(0x1000)                                   // style attribute
            if rule >= 0 {
                let entry = index.entries[Int(rule)]
                rank = entry.key >> 62 == 0 ? 0x2000 : 0xFFF - UInt32(entry.layerOrder)
            }
            var at = order.count
            while at > 0, order[at - 1].rank > rank { at -= 1 }
            order.insert((rank, rule), at: at)
        }
        return order.map { $0.rule }
    }

    private func customProperties(_ parent: CustomProperties?) -> CustomProperties? {
        var winners: [(name: String, text: [UInt8])] = []
        for rule in rules { collectCustom(rule, important: false, &winners) }
        for rule in importantOrder() { collectCustom(rule, important: true, &winners) }
        return VariableResolver.compute(winners, parent: parent)
    }
    /// Later entries of a name replace earlier ones when the resolver reads them.
    private func collectCustom(_ number: Int32, important: Bool, _ winners: inout [(name: String, text: [UInt8])]) {
        guard let (sheet, rule) = sheetAndRule(number) else { return }
        for i in rule.customs where sheet.customs[i].isImportant == important && sheet.customs[i].isVariable { winners.append((sheet.customs[i].name, sheet.customs[i].text)) }
    }
}
