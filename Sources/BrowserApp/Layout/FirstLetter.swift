// Boxes of `::first-letter` and contexts of `::first-line` (CSS Pseudo 4 §2).
import DOM
import CSS

extension BoxBuilder {
    // MARK: First letter

    /// Gives the first letter of a block's text, with the punctuation around it, a box of its own.
    func addFirstLetter(_ block: BoxID, _ style: ComputedStyle) {
        guard tree.kind(block) == .block || tree.kind(block) == .tableCell || tree.kind(block) == .tableCaption else { return }
        let text = firstText(in: block)
        guard text != noBox, let parts = BoxBuilder.splitFirstLetter(tree.generatedText[text] ?? document.text(tree.boxes[Int(text)].node)) else { return }
        tree.generatedText[text] = parts.rest
        let isFloat = style.isFloating
        let letter = tree.make(isFloat ? .block : .inline, node: .none, style: styleIndex(style), flags: isFloat ? [.generated, .floating, .formattingRoot] : .generated)
        tree.boxes[Int(letter)].decoration = isFloat ? 0 : tree.boxes[Int(text)].decoration
        tree.insert(letter, before: text)
        addGeneratedText(parts.letter, to: letter, decoration: tree.boxes[Int(letter)].decoration)
        if isFloat { finishBlock(letter) }
    }

    /// The first text of a block in normal flow; none when something else comes first.
    private func firstText(in block: BoxID) -> BoxID {
        var b = tree.firstChild(block)
        while b != noBox {
            let flags = tree.flags(b)
            switch tree.kind(b) {
            case .text: if !isBlankText(b) { return b }
            case .marker: break
            case .inline, .block:
                if flags.contains(.atomicInline) { return noBox }
                if flags.isDisjoint(with: [.floating, .outOfFlow]), tree.firstChild(b) != noBox { b = tree.firstChild(b); continue }
            default: return noBox
            }
            while b != block, tree.next(b) == noBox { b = tree.parent(b) }
            if b == block { return noBox }
            b = tree.next(b)
        }
        return noBox
    }

    /// The letter with punctuation before and after it, and what follows; nil when there is no letter.
    static func splitFirstLetter(_ text: String) -> (letter: String, rest: String)? {
        let scalars = Array(text.unicodeScalars)
        var start = 0
        while start < scalars.count, scalars[start].value == 0x20 || (scalars[start].value >= 9 && scalars[start].value <= 13) { start += 1 }
        var end = start
        while end < scalars.count, isPunctuation(scalars[end].value) { end += 1 }
        guard end < scalars.count, scalars[end].value > 0x20 else { return nil }
        end += 1
        while end < scalars.count, isMark(scalars[end].value) { end += 1 }
        while end < scalars.count, isPunctuation(scalars[end].value) { end += 1 }
        var letter = "", rest = ""
        for i in start..<end { letter.unicodeScalars.append(scalars[i]) }
        for i in end..<scalars.count { rest.unicodeScalars.append(scalars[i]) }
        return (letter, rest)
    }
    /// Unicode's Ps, Pe, Pi, Pf and Po, as far as Latin, Greek and Cyrillic text uses them.
    private static func isPunctuation(_ c: UInt32) -> Bool {
        switch c {
        case 0x21...0x23, 0x25...0x2A, 0x2C, 0x2E, 0x2F, 0x3A, 0x3B, 0x3F, 0x40, 0x5B...0x5D, 0x7B, 0x7D: return true
        case 0xA1, 0xA7, 0xAB, 0xB6, 0xB7, 0xBB, 0xBF, 0x2016...0x2027, 0x2030...0x203E, 0x3008...0x3011: return true
        default: return false
        }
    }
    private static func isMark(_ c: UInt32) -> Bool { c >= 0x300 && c <= 0x36F || c >= 0x1AB0 && c <= 0x1AFF || c >= 0x20D0 && c <= 0x20FF }

    // MARK: First line

    /// Notes the style for the context that holds the block's first line.
    func addFirstLine(_ block: BoxID, _ style: ComputedStyle) {
        var b = block
        while b != noBox {
            guard tree.kind(b) == .block || tree.kind(b) == .tableCell || tree.kind(b) == .tableCaption else { return }
            if tree.flags(b).contains(.inlineChildren) {
                if tree.firstLines[b] == nil { tree.firstLines[b] = style }
                return
            }
            b = tree.firstChild(b)
            while b != noBox, tree.kind(b) == .marker || !tree.flags(b).isDisjoint(with: [.floating, .outOfFlow]) { b = tree.next(b) }
        }
    }
}

extension LayoutEngine {
    // MARK: First lines

    /// Gives the boxes of a context the styles they have in its first line. Returns what `leaveFirstLine` takes; nil without such a
    /// style.
    func enterFirstLine(_ context: BoxID) -> [(box: BoxID, style: Int32)]? {
        guard !tree.firstLines.isEmpty, let line = tree.firstLines[context] else { return nil }
        let block = tree.style(context)
        var old: [(box: BoxID, style: Int32)] = []
        func change(_ b: BoxID) {
            let index = tree.boxes[Int(b)].style
            old.append((b, index))
            let key = UInt64(UInt32(bitPattern: context)) << 32 | UInt64(UInt32(bitPattern: index))
            if tree.firstLineIndices[key] == nil {
                let style = tree.styles[Int(index)].inFirstLine(of: block, style: line)
                tree.styles.append(style)
                tree.textStyles.append(TextStyle(style, fonts: shaper.fonts))
                tree.textStyles[tree.textStyles.count - 1].whiteSpace = tree.textStyles[Int(index)].whiteSpace
                tree.firstLineIndices[key] = Int32(tree.styles.count - 1)
            }
            tree.boxes[Int(b)].style = tree.firstLineIndices[key] ?? index
        }
        var b = tree.firstChild(context)
        change(context)
        while b != noBox {
            if !tree.kind(b).hasGeometry { change(b) }
            if tree.kind(b) == .inline, tree.firstChild(b) != noBox { b = tree.firstChild(b); continue }
            while b != context, tree.next(b) == noBox { b = tree.parent(b) }
            if b == context { break }
            b = tree.next(b)
        }
        return old
    }
    func leaveFirstLine(_ old: [(box: BoxID, style: Int32)]) {
        for (box, style) in old { tree.boxes[Int(box)].style = style }
    }
}
