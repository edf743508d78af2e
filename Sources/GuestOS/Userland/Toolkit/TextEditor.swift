// Editing of one line of text: caret, selection, words, clipboard. A plain value without drawing, so that it can be
// tested and so that the terminal and text fields share it. Invariant: 0 ≤ caret, anchor ≤ text.count.

import ABI

/// Cut and copied text of this program.
public enum Clipboard {
    nonisolated(unsafe) public static var text: [UInt32] = []
}

public struct TextEditor: Sendable {
    public private(set) var text: [UInt32] = []
    public private(set) var caret = 0
    /// Other end of the selection; equal to the caret when nothing is selected.
    public private(set) var anchor = 0
    public static let countMax = 65536

    public enum Outcome: Sendable { case ignored, moved, changed, submit, cancel }

    public init() {}
    public init(_ s: String) { set(s) }

    public var string: String { TextPainter.string(text) }
    public var selection: Range<Int> { min(caret, anchor)..<max(caret, anchor) }
    public var hasSelection: Bool { caret != anchor }
    public var isEmpty: Bool { text.isEmpty }

    /// Replaces everything; the caret goes to the end.
    public mutating func set(_ s: String) { text = TextPainter.scalars(s); caret = text.count; anchor = caret }
    public mutating func selectAll() { anchor = 0; caret = text.count }
    public mutating func place(_ index: Int, extend: Bool) {
        caret = max(0, min(text.count, index))
        if !extend { anchor = caret }
    }
    public mutating func selectWord(at index: Int) {
        let i = max(0, min(text.count, index))
        var a = i, b = i
        while a > 0 && Self.isWord(text[a - 1]) { a -= 1 }
        while b < text.count && Self.isWord(text[b]) { b += 1 }
        anchor = a; caret = b
    }
    /// Replaces the selection; line breaks and control characters become spaces or vanish.
    public mutating func insert(_ scalars: [UInt32]) {
        var clean: [UInt32] = []
        for s in scalars where clean.count + text.count < Self.countMax {
            if s == 10 || s == 9 { clean.append(32) } else if s >= 32 && s != 127 { clean.append(s) }
        }
        let range = selection
        text.replaceSubrange(range, with: clean)
        caret = range.lowerBound + clean.count
        anchor = caret
    }
    public mutating func insert(_ scalar: UInt32) { insert([scalar]) }

    /// Takes a key; characters too. Copy, cut and paste use `Clipboard`.
    public mutating func handle(_ key: KeyEvent) -> Outcome {
        if !key.isDown { return .ignored }
        let extend = key.modifiers.contains(.shift), control = key.modifiers.contains(.control)
        switch key.code {
        case Key.enter, Key.keypadEnter: return .submit
        case Key.escape: return .cancel
        case Key.left: move(to: control ? wordBefore(caret) : (hasSelection && !extend ? selection.lowerBound : caret - 1), extend); return .moved
        case Key.right: move(to: control ? wordAfter(caret) : (hasSelection && !extend ? selection.upperBound : caret + 1), extend); return .moved
        case Key.home: move(to: 0, extend); return .moved
        case Key.end: move(to: text.count, extend); return .moved
        case Key.backspace: return erase(from: control ? wordBefore(caret) : caret - 1, to: caret)
        case Key.delete: return erase(from: caret, to: control ? wordAfter(caret) : caret + 1)
        default: break
        }
        if control { return handleControl(key.code) }
        if key.modifiers.isDisjoint(with: [.alt, .meta]) && key.character >= 32 && key.character != 127 {
            insert(key.character)
            return .changed
        }
        return .ignored
    }
    private mutating func handleControl(_ code: UInt16) -> Outcome {
        switch code {
        case Key.a: selectAll(); return .moved
        case Key.c:
            if hasSelection { Clipboard.text = Array(text[selection]) }
            return .moved
        case Key.x:
            if !hasSelection { return .moved }
            Clipboard.text = Array(text[selection])
            insert([])
            return .changed
        case Key.v: insert(Clipboard.text); return .changed
        default: return .ignored
        }
    }
    private mutating func move(to index: Int, _ extend: Bool) { place(index, extend: extend) }
    private mutating func erase(from: Int, to: Int) -> Outcome {
        if !hasSelection { anchor = max(0, from); caret = min(text.count, to) }
        if !hasSelection { return .moved }
        insert([])
        return .changed
    }
    private func wordBefore(_ index: Int) -> Int {
        var i = index
        while i > 0 && !Self.isWord(text[i - 1]) { i -= 1 }
        while i > 0 && Self.isWord(text[i - 1]) { i -= 1 }
        return i
    }
    private func wordAfter(_ index: Int) -> Int {
        var i = index
        while i < text.count && !Self.isWord(text[i]) { i += 1 }
        while i < text.count && Self.isWord(text[i]) { i += 1 }
        return i
    }
    private static func isWord(_ s: UInt32) -> Bool {
        (s >= 48 && s <= 57) || (s >= 65 && s <= 90) || (s >= 97 && s <= 122) || s == 95 || s >= 0xAA
    }
}
