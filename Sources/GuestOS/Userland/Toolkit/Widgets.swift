// The few widgets that the system's programs share. A widget is a value with a rectangle; its owner passes events in
// and draws it into the display list.

import ABI
import Graphics

/// Colours of the system's own user interface.
public enum Theme {
    public static let background = Color(rgb: 0xF0F1F4), panel = Color(rgb: 0xE2E5EA), border = Color(rgb: 0xB4BAC4)
    public static let text = Color(rgb: 0x1E2430), textFaint = Color(rgb: 0x77808E)
    public static let accent = Color(rgb: 0x2F6FDB), selection = Color(rgb: 0xB5D3FF)
    public static let field = Color(rgb: 0xFFFFFF), hover = Color(rgb: 0xD3D8E0), pressed = Color(rgb: 0xBCC3CE)
}

/// A push button with a text label.
public struct Button: Sendable {
    public var rect: Rect
    public var label: String
    public var isEnabled = true
    public private(set) var isHovered = false, isPressed = false
    public init(_ label: String, _ rect: Rect) { self.label = label; self.rect = rect }

    /// What a pointer event meant for the button.
    public struct Outcome: Sendable { public var clicked = false, changed = false }
    public mutating func handle(_ p: PointerEvent) -> Outcome {
        var o = Outcome()
        let inside = p.kind != .leave && rect.contains(p.x, p.y)
        if inside != isHovered { isHovered = inside; o.changed = true }
        if p.kind == .down && inside && p.button == 0 && isEnabled { isPressed = true; o.changed = true }
        if p.kind == .up && p.button == 0 && isPressed {
            isPressed = false
            o.changed = true
            o.clicked = inside && isEnabled
        }
        return o
    }
    public func draw(into list: inout DisplayList, _ painter: TextPainter) {
        if isEnabled && (isHovered || isPressed) { list.append(.roundedFill(rect, radius: 5, isPressed ? Theme.pressed : Theme.hover)) }
        let width = min(painter.width(label), rect.width)
        let baseline = rect.y + (rect.height - painter.lineHeight) / 2 + painter.ascent
        painter.draw(label, into: &list, x: rect.x + (rect.width - width) / 2, baseline: baseline,
                     color: isEnabled ? Theme.text : Theme.border, maxWidth: rect.width)
    }
}

/// One line of text that does not change by itself.
public struct Label: Sendable {
    public var rect: Rect
    public var text: String
    public var color = Theme.text
    public init(_ text: String, _ rect: Rect) { self.text = text; self.rect = rect }
    public func draw(into list: inout DisplayList, _ painter: TextPainter) {
        painter.draw(text, into: &list, x: rect.x, baseline: rect.y + (rect.height - painter.lineHeight) / 2 + painter.ascent, color: color, maxWidth: rect.width)
    }
}

/// A single-line text field. Scrolls sideways so that the caret stays visible.
public struct TextField: Sendable {
    public var rect: Rect
    public var editor = TextEditor()
    public var placeholder = ""
    public var isFocused = false
    private var scroll: Int32 = 0        // pixels
    private var isSelecting = false
    private static let padding: Int32 = 8
    public init(_ rect: Rect) { self.rect = rect }

    public var text: String { editor.string }
    public mutating func setText(_ s: String) { editor.set(s); editor.place(0, extend: false); scroll = 0 }
    public mutating func selectAll() { editor.selectAll() }

    public mutating func handle(_ key: KeyEvent, _ painter: TextPainter) -> TextEditor.Outcome {
        let outcome = editor.handle(key)
        if outcome == .moved || outcome == .changed { revealCaret(painter) }
        return outcome
    }
    /// True when the event changed what is shown. The owner focuses the field when it is clicked.
    public mutating func handle(_ p: PointerEvent, _ painter: TextPainter) -> Bool {
        switch p.kind {
        case .down where p.button == 0 && rect.contains(p.x, p.y):
            let i = index(at: p.x, painter)
            if p.clickCount >= 3 { editor.selectAll() } else if p.clickCount == 2 { editor.selectWord(at: i) } else {
                editor.place(i, extend: p.modifiers.contains(.shift))
            }
            isSelecting = p.clickCount <= 1
            return true
        case .move where isSelecting && p.buttons & 1 != 0:
            editor.place(index(at: p.x, painter), extend: true)
            revealCaret(painter)
            return true
        case .up: isSelecting = false; return false
        default: return false
        }
    }
    private func index(at x: Int32, _ painter: TextPainter) -> Int {
        let p = painter.positions(editor.text), target = (x &- rect.x &- Self.padding &+ scroll) << 6
        var i = 0
        while i < editor.text.count && (p[i] &+ p[i + 1]) / 2 < target { i += 1 }
        return i
    }
    private mutating func revealCaret(_ painter: TextPainter) {
        let x = painter.positions(editor.text)[editor.caret] >> 6, room = max(1, rect.width - 2 * Self.padding)
        if x < scroll { scroll = x }
        if x > scroll + room { scroll = x - room }
    }

    public func draw(into list: inout DisplayList, _ painter: TextPainter) {
        list.append(.roundedFill(rect, radius: 6, isFocused ? Theme.accent : Theme.border))
        list.append(.roundedFill(Rect(rect.x + 1, rect.y + 1, rect.width - 2, rect.height - 2), radius: 5, Theme.field))
        list.append(.pushClip(Rect(rect.x + 4, rect.y + 1, rect.width - 8, rect.height - 2)))
        let top = rect.y + (rect.height - painter.lineHeight) / 2, x = rect.x + Self.padding - scroll
        if editor.isEmpty {
            painter.draw(placeholder, into: &list, x: rect.x + Self.padding, baseline: top + painter.ascent, color: Theme.textFaint)
        } else {
            let p = painter.positions(editor.text)
            if isFocused && editor.hasSelection {
                let a = p[editor.selection.lowerBound] >> 6, b = (p[editor.selection.upperBound] + 63) >> 6
                list.append(.fill(Rect(x + a, top, b - a, painter.lineHeight), Theme.selection))
            }
            painter.draw(editor.text, into: &list, x: x, baseline: top + painter.ascent, color: Theme.text)
        }
        if isFocused {
            let caret = painter.positions(editor.text)[editor.caret] >> 6
            list.append(.fill(Rect(x + caret, top - 1, 1, painter.lineHeight + 2), Theme.text))
        }
        list.append(.popClip)
    }
}
