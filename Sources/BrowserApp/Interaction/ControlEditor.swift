// Editing of a text control: caret, selection, words, undo. A plain value; where lines lie is asked of the layout by the
// owner. Invariant: 0 ≤ caret, anchor ≤ text.count ≤ countMax.

import Toolkit

public struct ControlEditor: Sendable {
    public private(set) var text: [UInt32]
    public private(set) var caret: Int
    /// The other end of the selection; equal to the caret when nothing is selected.
    public private(set) var anchor: Int
    public let isMultiline: Bool
    /// `maxlength` in UTF-16 code units, as HTML counts; nil without a limit.
    public var lengthMax: Int?
    public var scrollX: Int32 = 0, scrollY: Int32 = 0
    /// The value when the focus came, to know whether `change` is due.
    public var valueAtFocus: String?

    public static let countMax = 1 << 20
    static let undoMax = 64
    private struct Snapshot: Sendable { var text: [UInt32]; var caret: Int; var anchor: Int }
    private var undone: [Snapshot] = [], done: [Snapshot] = []
    /// Letters typed one after the other are one step of undo.
    private var isTyping = false

    public init(_ value: String, isMultiline: Bool, lengthMax: Int? = nil) {
        self.isMultiline = isMultiline
        self.lengthMax = lengthMax
        text = ControlEditor.cleaned(TextPainter.scalars(value), isMultiline)
        caret = text.count
        anchor = caret
    }

    public var value: String { TextPainter.string(text) }
    public var selection: Range<Int> { min(caret, anchor)..<max(caret, anchor) }
    public var hasSelection: Bool { caret != anchor }
    public var selectedText: [UInt32] { Array(text[selection]) }

    /// Line breaks as U+000A; none in a single line (HTML §4.10.5.1.2, "strip newlines").
    static func cleaned(_ scalars: [UInt32], _ isMultiline: Bool) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(scalars.count)
        for (i, s) in scalars.enumerated() where out.count < countMax {
            if s == 13 {
                if isMultiline, i + 1 == scalars.count || scalars[i + 1] != 10 { out.append(10) }
            } else if s == 10 { if isMultiline { out.append(10) } } else if s >= 32 || s == 9 { if s != 127 { out.append(s) } }
        }
        return out
    }

    // MARK: Caret

    public mutating func place(_ index: Int, extend: Bool) {
        caret = max(0, min(text.count, index))
        if !extend { anchor = caret }
        isTyping = false
    }
    public mutating func selectAll() { anchor = 0; caret = text.count; isTyping = false }
    public mutating func select(_ range: Range<Int>) { place(range.lowerBound, extend: false); place(range.upperBound, extend: true) }
    public mutating func selectWord(at index: Int) {
        var low = max(0, min(text.count, index)), high = low
        while low > 0, Self.isWord(text[low - 1]) { low -= 1 }
        while high < text.count, Self.isWord(text[high]) { high += 1 }
        if low == high, high < text.count { high += 1 }
        anchor = low; caret = high
    }
    public func wordBefore(_ index: Int) -> Int {
        var i = index
        while i > 0, !Self.isWord(text[i - 1]) { i -= 1 }
        while i > 0, Self.isWord(text[i - 1]) { i -= 1 }
        return i
    }
    public func wordAfter(_ index: Int) -> Int {
        var i = index
        while i < text.count, !Self.isWord(text[i]) { i += 1 }
        while i < text.count, Self.isWord(text[i]) { i += 1 }
        return i
    }
    private static func isWord(_ s: UInt32) -> Bool { (s >= 48 && s <= 57) || (s | 32 >= 97 && s | 32 <= 122) || s == 95 || s >= 0xAA }

    // MARK: Changes

    /// Replaces the selection; true when the text changed.
    public mutating func insert(_ scalars: [UInt32], typed: Bool = false) -> Bool {
        var clean = Self.cleaned(scalars, isMultiline)
        let range = selection
        var room = Self.countMax - text.count + range.count
        if let lengthMax { room = min(room, max(0, lengthMax - Self.length(text[0..<range.lowerBound]) - Self.length(text[range.upperBound...]))) }
        while Self.length(clean[...]) > room { clean.removeLast() }
        if clean.isEmpty, range.isEmpty { return false }
        if !(typed && isTyping && range.isEmpty) { remember() }
        text.replaceSubrange(range, with: clean)
        caret = range.lowerBound + clean.count
        anchor = caret
        isTyping = typed
        return true
    }
    /// UTF-16 code units.
    static func length(_ s: ArraySlice<UInt32>) -> Int {
        var n = 0
        for c in s { n += c > 0xFFFF ? 2 : 1 }
        return n
    }
    public mutating func erase(from: Int, to: Int) -> Bool {
        if !hasSelection { anchor = max(0, from); caret = min(text.count, to) }
        return hasSelection && insert([])
    }
    public mutating func set(_ value: String) {
        remember()
        text = Self.cleaned(TextPainter.scalars(value), isMultiline)
        caret = text.count; anchor = caret
    }

    private mutating func remember() {
        done.append(Snapshot(text: text, caret: caret, anchor: anchor))
        if done.count > Self.undoMax { done.removeFirst() }
        undone.removeAll()
        isTyping = false
    }
    public mutating func undo() -> Bool {
        guard let s = done.popLast() else { return false }
        undone.append(Snapshot(text: text, caret: caret, anchor: anchor))
        text = s.text; caret = s.caret; anchor = s.anchor
        isTyping = false
        return true
    }
    public mutating func redo() -> Bool {
        guard let s = undone.popLast() else { return false }
        done.append(Snapshot(text: text, caret: caret, anchor: anchor))
        text = s.text; caret = s.caret; anchor = s.anchor
        isTyping = false
        return true
    }
}
