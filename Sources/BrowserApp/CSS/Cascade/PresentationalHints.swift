// Presentational attributes (HTML §15.3–§15.4) as declaration text at author level with zero specificity.
// Elements with equal attributes give equal text, so they share one parsed rule.
import DOM
import Graphics

struct PresentationalHints {
    let document: Document
    /// body's link colour attributes, looked up once a pass: link, vlink, alink.
    private var linkColors: (link: String?, visited: String?, active: String?) = (nil, nil, nil)

    init(document: Document) {
        self.document = document
        let body = document.body
        if !body.isNone { linkColors = (color(body, .link), color(body, .vlink), color(body, .alink)) }
    }

    /// CSS declarations for the element's attributes; empty for most.
    func text(for node: NodeID) -> String {
        guard document.namespace(node) == .html else { return svgText(node) }
        var css = ""
        switch document.name(node) {
        case .a, .area: linkHints(node, &css)
        case .body: bodyHints(node, &css)
        case .table: tableHints(node, &css)
        case .td, .th: cellHints(node, &css)
        case .tr, .thead, .tbody, .tfoot: rowHints(node, &css)
        case .col, .colgroup: dimension(node, .width, "width", &css)
        case .img, .iframe, .video, .object, .embed, .canvas, .applet: replacedHints(node, &css)
        case .input: if document.attribute(node, .type) == "image" { replacedHints(node, &css) }
        case .hr: ruleHints(node, &css)
        case .font, .basefont: fontHints(node, &css)
        case .ol: if let start = integer(node, .start) { css += "counter-reset: list-item \(Int(start) - 1);" }
        case .li: if let value = integer(node, .value) { css += "counter-set: list-item \(value);" }
        case .marquee: color(node, .bgcolor).map { css += "background-color:" + $0 + ";" }
        default: break
        }
        return css
    }

    private func svgText(_ node: NodeID) -> String {
        guard document.name(node) == .svg else { return "" }
        var css = ""
        dimension(node, .width, "width", &css)
        dimension(node, .height, "height", &css)
        return css
    }
    private func linkHints(_ node: NodeID, _ css: inout String) {
        guard document.hasAttribute(node, .href) else { return }
        let state = document.state(node)
        if state.contains(.active), let active = linkColors.active { css += "color:" + active + ";" }
        else if state.contains(.visited) { if let visited = linkColors.visited { css += "color:" + visited + ";" } }
        else if let link = linkColors.link { css += "color:" + link + ";" }
    }
    private func bodyHints(_ node: NodeID, _ css: inout String) {
        background(node, &css)
        color(node, .text).map { css += "color:" + $0 + ";" }
        length(node, Atom("leftmargin"), "margin-left", &css)
        length(node, Atom("leftmargin"), "margin-right", &css)
        length(node, Atom("rightmargin"), "margin-right", &css)
        length(node, Atom("topmargin"), "margin-top", &css)
        length(node, Atom("topmargin"), "margin-bottom", &css)
        length(node, .marginheight, "margin-top", &css)
        length(node, .marginheight, "margin-bottom", &css)
        length(node, .marginwidth, "margin-left", &css)
        length(node, .marginwidth, "margin-right", &css)
    }
    private func background(_ node: NodeID, _ css: inout String) {
        color(node, .bgcolor).map { css += "background-color:" + $0 + ";" }
        if let url = document.attribute(node, .background), !url.isEmpty { css += "background-image:url(\"" + escaped(url) + "\");" }
    }
    private func tableHints(_ node: NodeID, _ css: inout String) {
        background(node, &css)
        dimension(node, .width, "width", &css)
        dimension(node, .height, "height", &css)
        length(node, .cellspacing, "border-spacing", &css)
        if document.hasAttribute(node, .border) {
            let width = integer(node, .border) ?? 1
            if width > 0 { css += "border:\(min(width, 1000))px outset;" }
        }
        color(node, .bordercolor).map { css += "border-color:" + $0 + ";" }
    }
    private func rowHints(_ node: NodeID, _ css: inout String) {
        background(node, &css)
        dimension(node, .height, "height", &css)
    }
    private func cellHints(_ node: NodeID, _ css: inout String) {
        background(node, &css)
        dimension(node, .width, "width", &css)
        dimension(node, .height, "height", &css)
        let table = enclosingTable(node)
        guard !table.isNone else { return }
        length(table, .cellpadding, "padding", &css)
        if document.hasAttribute(table, .border), (integer(table, .border) ?? 1) > 0 { css += "border:1px inset;" }
    }
    private func enclosingTable(_ node: NodeID) -> NodeID {
        var ancestor = document.parent(node)
        for _ in 0..<3 {
            if ancestor.isNone { return .none }
            if document.name(ancestor) == .table { return ancestor }
            ancestor = document.parent(ancestor)
        }
        return .none
    }
    private func replacedHints(_ node: NodeID, _ css: inout String) {
        dimension(node, .width, "width", &css)
        dimension(node, .height, "height", &css)
        lengthOrPercent(node, .hspace, ["margin-left", "margin-right"], &css)
        lengthOrPercent(node, .vspace, ["margin-top", "margin-bottom"], &css)
        if let border = integer(node, .border), document.name(node) != .iframe, border > 0 { css += "border:\(min(border, 1000))px solid;" }
        if document.name(node) == .iframe, document.attribute(node, .frameborder) == "0" { css += "border:none;" }
    }
    private func ruleHints(_ node: NodeID, _ css: inout String) {
        dimension(node, .width, "width", &css)
        if let color = color(node, .color) { css += "color:" + color + ";border-style:solid;" }
        if let size = integer(node, .size), size > 0 {
            if size == 1 { css += "border-bottom-width:0;" } else { css += "height:\(min(size, 10_000) - 2)px;" }
        }
    }
    private func fontHints(_ node: NodeID, _ css: inout String) {
        color(node, .color).map { css += "color:" + $0 + ";" }
        if let face = document.attribute(node, .face), !face.isEmpty { css += "font-family:" + safeFamilies(face) + ";" }
        if let size = document.attribute(node, .size), let keyword = fontSize(size) { css += "font-size:" + keyword + ";" }
    }
    /// HTML §15.3.4, rules for parsing a legacy font size.
    private func fontSize(_ text: String) -> String? {
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, isWhitespace(first) { bytes = bytes.dropFirst() }
        var mode: UInt8 = 0
        if let sign = bytes.first, sign == 0x2B || sign == 0x2D { mode = sign; bytes = bytes.dropFirst() }
        var value = 0, count = 0
        for byte in bytes { guard isDigit(byte) else { break }; value = min(value * 10 + Int(byte - 0x30), 100); count += 1 }
        if count == 0 { return nil }
        if mode == 0x2B { value = 3 + value } else if mode == 0x2D { value = 3 - value }
        switch max(1, min(7, value)) {
        case 1: return "x-small"
        case 2: return "small"
        case 3: return "medium"
        case 4: return "large"
        case 5: return "x-large"
        case 6: return "xx-large"
        default: return "xxx-large"
        }
    }
    /// A face list reduced to what a font-family value may contain.
    private func safeFamilies(_ text: String) -> String {
        var out: [UInt8] = [0x22]
        for byte in text.utf8.prefix(256) {
            if byte == 0x2C { out.append(contentsOf: [0x22, 0x2C, 0x22]); continue }
            if byte == 0x22 || byte == 0x27 || byte == 0x5C || byte < 0x20 || (byte == 0x20 && out.last == 0x22) { continue }
            out.append(byte)
        }
        out.append(0x22)
        return String(decoding: out, as: UTF8.self)
    }

    // Attribute microsyntaxes (HTML §2.3.4, §2.3.6)

    private func integer(_ node: NodeID, _ name: Atom) -> Int32? {
        guard let text = document.attribute(node, name) else { return nil }
        var value: Int32 = 0, count = 0, isNegative = false, isStart = true
        for byte in text.utf8 {
            if isStart, isWhitespace(byte) { continue }
            if isStart, byte == 0x2D || byte == 0x2B { isNegative = byte == 0x2D; isStart = false; continue }
            guard isDigit(byte) else { break }
            isStart = false
            value = min(value, 10_000_000) * 10 + Int32(byte - 0x30)
            count += 1
        }
        return count == 0 ? nil : isNegative ? -value : value
    }
    private func length(_ node: NodeID, _ name: Atom, _ property: String, _ css: inout String) {
        if let value = integer(node, name), value >= 0 { css += property + ":\(value)px;" }
    }
    private func lengthOrPercent(_ node: NodeID, _ name: Atom, _ properties: [String], _ css: inout String) {
        guard let text = document.attribute(node, name), let value = dimensionText(text) else { return }
        for property in properties { css += property + ":" + value + ";" }
    }
    /// Rules for parsing dimension values; 0 is ignored for tables as browsers do.
    private func dimension(_ node: NodeID, _ name: Atom, _ property: String, _ css: inout String) {
        if let text = document.attribute(node, name), let value = dimensionText(text) { css += property + ":" + value + ";" }
    }
    private func dimensionText(_ text: String) -> String? {
        var out: [UInt8] = [], sawDot = false, sawDigit = false, isPercent = false
        for byte in text.utf8 {
            if out.isEmpty, isWhitespace(byte) || byte == 0x2B { continue }
            if isDigit(byte) { out.append(byte); sawDigit = true; if out.count > 12 { break }; continue }
            if byte == 0x2E, !sawDot, sawDigit { sawDot = true; out.append(byte); continue }
            isPercent = byte == 0x25
            break
        }
        guard sawDigit else { return nil }
        if out.last == 0x2E { out.removeLast() }
        return String(decoding: out, as: UTF8.self) + (isPercent ? "%" : "px")
    }
    private func escaped(_ url: String) -> String {
        var out: [UInt8] = []
        for byte in url.utf8 where byte >= 0x20 {
            if byte == 0x22 || byte == 0x5C { out.append(0x5C) }
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Rules for parsing a legacy colour value (HTML §2.3.6), as #rrggbb.
    private func color(_ node: NodeID, _ name: Atom) -> String? {
        guard let text = document.attribute(node, name) else { return nil }
        var bytes = Array(text.utf8.prefix(256))[...]
        while let first = bytes.first, isWhitespace(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isWhitespace(last) { bytes = bytes.dropLast() }
        if bytes.isEmpty { return nil }
        let trimmed = Array(bytes)
        if let index = NamedColors.names.index(of: trimmed, 0, trimmed.count) { return hex(NamedColors.values[index]) }
        if trimmed.count == 11, String(decoding: trimmed.map { asciiLower($0) }, as: UTF8.self) == "transparent" { return nil }
        if trimmed.count == 4, trimmed[0] == 0x23, let c = hexColor(Array(trimmed.dropFirst())) { return hex(UInt32(c.red) << 16 | UInt32(c.green) << 8 | UInt32(c.blue)) }
        return legacyColor(trimmed)
    }
    private func legacyColor(_ text: [UInt8]) -> String {
        var digits: [UInt8] = []
        for byte in text.prefix(128).drop(while: { $0 == 0x23 }) { digits.append(hexValue(byte) ?? 0) }
        while digits.isEmpty || digits.count % 3 != 0 { digits.append(0) }
        let third = digits.count / 3
        var parts = [Array(digits[..<third]), Array(digits[third..<(2 * third)]), Array(digits[(2 * third)...])]
        if third > 8 { for i in 0..<3 { parts[i] = Array(parts[i].suffix(8)) } }
        while parts[0].count > 2, parts[0][0] == 0, parts[1][0] == 0, parts[2][0] == 0 { for i in 0..<3 { parts[i].removeFirst() } }
        var value: UInt32 = 0
        for part in parts { value = value << 8 | (part.count == 1 ? UInt32(part[0]) : UInt32(part[0]) << 4 | UInt32(part[1])) }
        return hex(value)
    }
    private func hex(_ rgb: UInt32) -> String {
        var out: [UInt8] = [0x23]
        for shift in stride(from: 20, through: 0, by: -4) {
            let digit = UInt8(rgb >> UInt32(shift) & 15)
            out.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
        return String(decoding: out, as: UTF8.self)
    }
}
