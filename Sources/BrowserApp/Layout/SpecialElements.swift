// Boxes that do not follow from `display` alone: replaced elements, line breaks, form controls, generated content and
// list markers (HTML §15.4–15.5, CSS 2.2 §12).
import DOM
import CSS
import Graphics

enum ReplacedKind: Int32 { case image = 0, frame, checkbox, radio, progress, canvas, slider, swatch }

struct Marker {
    enum Shape: UInt8 { case disc, circle, square, text }
    var shape: Shape
    var text: String
    /// From list-style-image.
    var image: (any PageImage)?
}

extension BoxBuilder {
    /// Handles elements whose children make no boxes. True when the element is done.
    func addSpecial(_ n: NodeID, _ style: ComputedStyle) -> Bool {
        guard document.namespace(n) == .html else {
            if document.namespace(n) == .svg, document.name(n).string == "svg" { addSVG(n, style); return true }
            return false
        }
        switch document.name(n) {
        case .br: addLineBreak(n, style); return true
        case .wbr: addGeneratedInline("\u{200B}"); return true
        case .img: addImage(n, style); return true
        case .input: addInput(n, style); return true
        case .textarea: addControl(n, style, text: textareaText(n), multiline: true); return true
        case .select:
            if isListBox(n) { return false }
            addControl(n, style, text: selectText(n), multiline: false)
            return true
        case .iframe, .video: addReplaced(n, style, .frame); return true
        case .embed: return true
        case .object:
            if hasFallback(n) { return false }
            addReplaced(n, style, .frame)
            return true
        case .progress: addReplaced(n, style, .progress); return true
        case .meter: addReplaced(n, style, .progress); return true
        case .audio: return true
        default: return false
        }
    }

    private func addLineBreak(_ n: NodeID, _ style: ComputedStyle) {
        let box = tree.make(.lineBreak, node: n, style: styleIndex(style))
        tree.setBox(box, of: n)
        insert(box, isBlockLevel: false)
    }

    private func addGeneratedInline(_ text: String) {
        let parent = frames[frames.count - 1].box
        addGeneratedText(text, to: parent, decoration: frames[frames.count - 1].decoration)
    }

    @discardableResult
    private func addReplaced(_ n: NodeID, _ style: ComputedStyle, _ kind: ReplacedKind) -> BoxID {
        let parent = nearestBox()
        let inFlex = !parent.isInline && tree.hasItems(parent.box)
        var flags = boxFlags(style, kind: .replaced, inFlex: inFlex).union(.formattingRoot)
        flags.remove(.clips)
        if isInlineDisplay(style.display), flags.isDisjoint(with: [.floating, .outOfFlow, .flexItem]) { flags.insert(.atomicInline) }
        let box = place(n, style, .replaced, flags)
        tree.boxes[Int(box)].textStart = kind.rawValue
        return box
    }

    private func isInlineDisplay(_ d: Display) -> Bool {
        switch d {
        case .inline, .inlineBlock, .inlineTable, .inlineFlex, .inlineGrid: return true
        default: return false
        }
    }

    /// An image shows its pixels; without them, its alternative text in the line, or an empty box of the given size.
    private func addImage(_ n: NodeID, _ style: ComputedStyle) {
        let source = document.attribute(n, .src) ?? ""
        let picture = source.isEmpty ? nil : images?.image(for: source)
        if picture == nil, !source.isEmpty { images?.needsImage(source) }
        let alt = document.attribute(n, .alt) ?? ""
        let isSized = !style.width.isAuto && !style.height.isAuto
        if picture == nil, !alt.isEmpty, !(isSized && document.isQuirks), isInlineDisplay(style.display), !style.isFloating, !style.isOutOfFlow {
            let box = tree.make(.inline, node: n, style: styleIndex(style))
            tree.setBox(box, of: n)
            insert(box, isBlockLevel: false)
            let icon = ComputedStyle(anonymousIn: style, display: .inline)
            icon.setPaddingLeft(LayoutUnit(16))       // where others show the broken picture
            tree.append(tree.make(.inline, node: .none, style: addStyle(icon), flags: .generated), to: box)
            addGeneratedText(alt, to: box, decoration: frames[frames.count - 1].decoration)
            return
        }
        let box = addReplaced(n, style, .image)
        if let picture { tree.images[box] = picture } else {
            if !alt.isEmpty { tree.generatedText[box] = alt }
            tree.naturalSizes[box] = missingImageSize(n, source, document.attribute(n, .alt))
        }
    }

    /// What a picture without pixels is taken for: the ratio of its attributes, or the icon of a broken one.
    private func missingImageSize(_ n: NodeID, _ source: String, _ alt: String?) -> ReplacedNatural {
        if let w = integer(document.attribute(n, .width)), let h = integer(document.attribute(n, .height)), w > 0, h > 0 {
            return ReplacedNatural(width: .zero, height: .zero, ratioWidth: LayoutUnit(Swift.min(w, 100_000)), ratioHeight: LayoutUnit(Swift.min(h, 100_000)))
        }
        if !source.isEmpty, alt == nil { return ReplacedNatural(width: LayoutUnit(16), height: LayoutUnit(16)) }
        return ReplacedNatural()
    }

    private func addSVG(_ n: NodeID, _ style: ComputedStyle) {
        let box = addReplaced(n, style, .image)
        tree.images[box] = InlineSVG(document, n, styles: styles, fonts: fonts, cache: pixels)
    }

    private func addInput(_ n: NodeID, _ style: ComputedStyle) {
        let type = lowercased(document.attribute(n, .type) ?? "text")
        switch type {
        case "hidden": break
        case "checkbox": addReplaced(n, style, .checkbox)
        case "radio": addReplaced(n, style, .radio)
        case "image": addImage(n, style)
        case "range": addReplaced(n, style, .slider)
        case "submit": addControl(n, style, text: document.attribute(n, .value) ?? "Submit", multiline: false)
        case "reset": addControl(n, style, text: document.attribute(n, .value) ?? "Reset", multiline: false)
        case "button": addControl(n, style, text: document.attribute(n, .value) ?? "", multiline: false)
        case "file": addControl(n, style, text: ControlSize.fileButton + "\u{A0}" + chosenFiles(n), multiline: false)
        case "color": addReplaced(n, style, .swatch)
        default:
            let value = document.controlValue(n)
            let shown = value.isEmpty ? document.attribute(n, .placeholder) ?? "" : type == "password" ? mask(value) : value
            addControl(n, style, text: shown, multiline: false)
        }
    }

    private func chosenFiles(_ n: NodeID) -> String {
        let paths = document.chosenFiles(n)
        if paths.count > 1 { return "\(paths.count) files" }
        return paths.first.map { path in path.split(separator: "/").last.map { String($0) } ?? path } ?? "No file chosen"
    }
    private func mask(_ text: String) -> String {
        var result = ""
        for _ in text.unicodeScalars { result += "\u{2022}" }
        return result
    }

    /// A control is an atomic inline block with one generated text in it.
    private func addControl(_ n: NodeID, _ style: ComputedStyle, text: String, multiline: Bool) {
        let parent = nearestBox()
        let inFlex = !parent.isInline && tree.hasItems(parent.box)
        var flags = boxFlags(style, kind: .block, inFlex: inFlex).union([.formattingRoot, .control, .inlineChildren, .clips])
        if isInlineDisplay(style.display), flags.isDisjoint(with: [.floating, .outOfFlow, .flexItem]) { flags.insert(.atomicInline) }
        let box = place(n, style, .block, flags)
        let inner = tree.make(.text, node: .none, style: controlTextStyle(n, style, multiline: multiline), flags: .generated)
        tree.generatedText[inner] = text.isEmpty ? "\u{200B}" : text
        tree.append(inner, to: box)
        if let size = controlSize(n, multiline: multiline) { tree.controls[box] = size }
        if document.name(n) == .select { tree.menuTexts[box] = optionTexts(n) }
    }

    private func controlSize(_ n: NodeID, multiline: Bool) -> ControlSize? {
        func clamped(_ name: Atom, _ other: Int32) -> Int32 {
            guard let v = integer(document.attribute(n, name)), v > 0 else { return other }
            return Swift.min(v, 1000)
        }
        if multiline { return ControlSize(columns: clamped(.cols, 20), rows: clamped(.rows, 2)) }
        if document.name(n) == .select { return ControlSize(columns: 0, rows: 0, isMenu: true) }
        guard document.name(n) == .input else { return nil }
        switch lowercased(document.attribute(n, .type) ?? "text") {
        case "submit", "reset", "button": return nil
        case "file": return ControlSize(columns: 34, rows: 0, isFile: true)
        default: return ControlSize(columns: clamped(.size, 20), rows: 0)
        }
    }

    /// An object with contents of its own shows them, since nothing plays objects.
    private func hasFallback(_ n: NodeID) -> Bool {
        var c = document.firstChild(n)
        while !c.isNone {
            if document.isElement(c), !document.isHTML(c, .param) { return true }
            c = document.nextSibling(c)
        }
        return false
    }

    /// A select that shows several options at once.
    func isListBox(_ n: NodeID) -> Bool { document.hasAttribute(n, .multiple) || (integer(document.attribute(n, .size)) ?? 1) > 1 }
    func listBoxSize(_ n: NodeID) -> ControlSize {
        let size = integer(document.attribute(n, .size)) ?? 0
        return ControlSize(columns: 0, rows: size > 0 ? Swift.min(size, 1000) : 4, isList: true)
    }

    private func isPlaceholder(_ n: NodeID) -> Bool {
        document.name(n) == .input && document.controlValue(n).isEmpty && !(document.attribute(n, .placeholder) ?? "").isEmpty
    }

    private func controlTextStyle(_ n: NodeID, _ style: ComputedStyle, multiline: Bool) -> Int32 {
        let placeholder = isPlaceholder(n), own = placeholder ? styles.pseudoStyle(of: n, .placeholder) : nil
        let index = addStyle(ComputedStyle(anonymousIn: own ?? style, display: .inline))
        tree.textStyles[Int(index)].whiteSpace = multiline ? .preWrap : .pre
        // A style of the page that leaves the colour alone keeps the grey.
        if placeholder, own.map({ $0.color == style.color }) ?? true { tree.textStyles[Int(index)].color = Color(117, 117, 117) }
        return index
    }

    private func textareaText(_ n: NodeID) -> String { document.controlValue(n) }

    private static let optionCountMax = 2000
    private func optionTexts(_ n: NodeID) -> [String] {
        var result: [String] = []
        var c = document.next(n, within: n)
        while !c.isNone, result.count < BoxBuilder.optionCountMax {
            if document.isHTML(c, .option) { result.append(trimmed(document.attribute(c, .label) ?? document.textContent(c))) }
            c = document.next(c, within: n)
        }
        return result
    }

    private func selectText(_ n: NodeID) -> String {
        let shown = document.shownOption(of: n)
        return shown.isNone ? "" : document.optionText(shown)
    }

    // MARK: Generated content

    func addPseudo(_ n: NodeID, _ style: ComputedStyle) {
        guard style.display != .none, case .items(let items) = style.content else { return }
        counters.apply(style, depth: frames.count)
        let kind = boxKind(style)
        let parent = nearestBox()
        let inFlex = !parent.isInline && tree.hasItems(parent.box)
        var flags = boxFlags(style, kind: kind, inFlex: inFlex)
        var usedKind = kind == .inline || kind == .flex || kind == .grid || kind == .table ? kind : .block
        if usedKind == .inline, inFlex || style.isFloating || style.isOutOfFlow { usedKind = .block; flags.insert(.formattingRoot) }
        let box = tree.make(usedKind, node: .none, style: styleIndex(style), flags: flags.union(.generated))
        if flags.contains(.layered) { tree.layers.append(box) }
        if flags.contains(.outOfFlow) { tree.outOfFlow.append(box) }
        tree.boxes[Int(box)].decoration = frames[frames.count - 1].decoration
        insert(box, isBlockLevel: usedKind != .inline && flags.isDisjoint(with: [.atomicInline, .floating, .outOfFlow]))
        let text = contentText(n, items)
        if !text.isEmpty { addGeneratedText(text, to: box, decoration: tree.boxes[Int(box)].decoration) }
        if usedKind != .inline { finishBlock(box) }
    }

    private func contentText(_ n: NodeID, _ items: [ContentItem]) -> String {
        var text = ""
        for item in items {
            switch item {
            case .text(let t): text += t
            case .attribute(let name): text += document.attribute(n, Atom(name)) ?? ""
            case .url: break
            case .counter(let name, let style): text += counterText(counters.value(name), style)
            case .counters(let name, let separator, let style):
                var first = true
                for value in counters.values(name) { if !first { text += separator }; first = false; text += counterText(value, style) }
            case .openQuote: text += quote(n, open: true); quoteDepth += 1
            case .closeQuote: quoteDepth = Swift.max(0, quoteDepth - 1); text += quote(n, open: false)
            case .noOpenQuote: quoteDepth += 1
            case .noCloseQuote: quoteDepth = Swift.max(0, quoteDepth - 1)
            }
        }
        return text
    }

    private func quote(_ n: NodeID, open: Bool) -> String {
        let pairs = styles.style(of: n).quotes
        guard !pairs.isEmpty else { return "" }
        let pair = pairs[Swift.min(quoteDepth, pairs.count - 1)]
        return open ? pair.open : pair.close
    }

    // MARK: Lists

    func opensList(_ n: NodeID) -> Bool {
        guard document.namespace(n) == .html else { return false }
        let name = document.name(n)
        return name == .ol || name == .ul || name == .menu || name == .dir
    }

    func listStart(_ n: NodeID) -> Int32 {
        if let start = integer(document.attribute(n, .start)) { return start }
        guard document.hasAttribute(n, .reversed) else { return 1 }
        var count: Int32 = 0
        var c = document.firstChild(n)
        while !c.isNone { if document.isHTML(c, .li) { count += 1 }; c = document.nextSibling(c) }
        return count
    }

    func addMarker(_ n: NodeID, _ box: BoxID, _ style: ComputedStyle) {
        let number = counters.nextItem(explicit: document.isHTML(n, .li) ? integer(document.attribute(n, .value)) : nil)
        let image = style.listStyleImage.flatMap { markerImage($0) }
        if style.listStyleType == .none, image == nil { return }
        var marker = Marker(shape: .text, text: "")
        switch style.listStyleType {
        case .disc: marker.shape = .disc
        case .circle: marker.shape = .circle
        case .square: marker.shape = .square
        case .string(let text): marker.text = text
        case .disclosureOpen, .disclosureClosed: marker.text = counterText(number, style.listStyleType) + " "
        default: marker.text = counterText(number, style.listStyleType) + ". "
        }
        marker.image = image
        if style.listStylePosition == .inside {
            addInsideMarker(marker.shape == .text ? marker.text : counterText(number, style.listStyleType) + " ", shape: marker.shape, to: box, style)
            return
        }
        let m = tree.make(.marker, node: .none, style: tree.boxes[Int(box)].style, flags: .generated)
        tree.markers[m] = marker
        tree.append(m, to: box)
    }
}

extension BoxBuilder {
    private func markerImage(_ url: String) -> (any PageImage)? {
        guard let images else { return nil }
        if let picture = images.image(for: url) { return picture }
        images.needsImage(url)
        return nil
    }

    /// A marker in the line. Bullets and triangles take fixed room: bullet, a pixel and an em; 1.06 em for triangles.
    func addInsideMarker(_ text: String, shape: Marker.Shape, to box: BoxID, _ style: ComputedStyle) {
        let isTriangle = style.listStyleType == .disclosureOpen || style.listStyleType == .disclosureClosed
        guard shape != .text || isTriangle, !fonts.isEmpty else { addGeneratedText(text, to: box, decoration: 0); return }
        let ts = TextStyle(style, fonts: fonts)
        let room = isTriangle ? LayoutUnit(raw: ts.size * 678 / 640) : LayoutUnit((ts.ascent.floor * 2 / 3 + 1) / 2 + 1) + LayoutUnit(raw: ts.size)
        let inner = ComputedStyle(anonymousIn: style, display: .inline)
        inner.setMarginRight(room - text.unicodeScalars.reduce(LayoutUnit.zero) { sum, scalar in
            let id = fonts.fallback(for: scalar.value, like: ts.fontID), face = fonts.face(id)
            return sum + snappedUp(Int64(face.advanceUnits(face.glyph(for: scalar.value))) &* ts.sizeFine / Int64(face.unitsPerEm))
        })
        let wrapper = tree.make(.inline, node: .none, style: addStyle(inner), flags: .generated)
        tree.append(wrapper, to: box)
        addGeneratedText(text, to: wrapper, decoration: 0)
    }
}

/// The leading integer of an attribute (HTML §2.3.4.1).
func integer(_ text: String?) -> Int32? {
    guard let text else { return nil }
    var value: Int64 = 0, digits = 0, negative = false, started = false
    for c in text.utf8 {
        if !started, c == 0x20 || (c >= 0x09 && c <= 0x0D) { continue }
        if !started, c == 0x2D || c == 0x2B { negative = c == 0x2D; started = true; continue }
        guard c >= 0x30, c <= 0x39 else { break }
        started = true; digits += 1
        value = Swift.min(value * 10 + Int64(c - 0x30), 0x7FFF_FFFF)
    }
    return digits == 0 ? nil : Int32(negative ? -value : value)
}

func lowercased(_ text: String) -> String {
    var bytes: [UInt8] = []
    for c in text.utf8 { bytes.append(c >= 0x41 && c <= 0x5A ? c | 0x20 : c) }
    return String(decoding: bytes, as: UTF8.self)
}

func trimmed(_ text: String) -> String {
    var bytes: [UInt8] = []
    for c in text.utf8 {
        let blank = c == 0x20 || (c >= 0x09 && c <= 0x0D)
        if blank, bytes.isEmpty || bytes[bytes.count - 1] == 0x20 { continue }
        bytes.append(blank ? 0x20 : c)
    }
    if let last = bytes.last, last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
