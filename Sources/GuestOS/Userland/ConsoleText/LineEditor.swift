// Line editing on a terminal, of the guest's console and of simctl's prompt: bytes in, echo out, finished lines as events. A pure state machine; invariant: the
// caret is on a boundary of the text's scalars, and what the terminal shows is prompt, text and caret.
// Keys: backspace, left, right, home, end, delete, up, down, tab, ctrl-a b c d e f k l n p u w (ECMA-48 sequences for the arrows).

public struct LineEditor {
    public enum Event: Equatable {
        case line(String)
        case interrupt      // ctrl-c
        case endOfInput     // ctrl-d on an empty line
    }
    public static let historyCountMax = 100
    public static let scalarCountMax = 1024

    public var prompt: String
    /// What tab completes the beginning of a line to.
    public var completions: [String] = []
    /// What is to be written to the terminal.
    public private(set) var output: [UInt8] = []
    private var text: [Unicode.Scalar] = []
    private var caret = 0
    private var history: [String] = [], historyIndex = 0, draft: [Unicode.Scalar] = []
    private var escape: [UInt8]?
    private var utf8: [UInt8] = []
    private var wasReturn = false

    public init(prompt: String) { self.prompt = prompt }

    /// Empties `output`.
    public mutating func takeOutput() -> [UInt8] {
        let all = output
        output = []
        return all
    }
    /// On an empty line: the prompt, with what has been typed already.
    public mutating func showPrompt() { if text.isEmpty { write(prompt) } else { redraw() } }
    /// Takes prompt and text from the screen, so that something else can be written; `showPrompt` brings them back.
    public mutating func hidePrompt() { write("\r\u{1b}[K") }

    /// Takes one byte; an event when it ends a line.
    public mutating func feed(_ byte: UInt8) -> Event? {
        if escape != nil { return feedEscape(byte) }
        let wasReturn = self.wasReturn
        self.wasReturn = byte == 13
        if byte == 10 && wasReturn { return nil }          // the second half of CR LF
        switch byte {
        case 10, 13: return submit()
        case 1: moveCaret(to: 0)
        case 2: moveCaret(to: caret - 1)
        case 3: return interrupt()
        case 4: if text.isEmpty { return .endOfInput } else { deleteForward() }
        case 5: moveCaret(to: text.count)
        case 6: moveCaret(to: caret + 1)
        case 9: complete()
        case 8, 127: if caret > 0 { replace(caret - 1..<caret, []) }
        case 11: replace(caret..<text.count, [])
        case 12:
            write("\u{1b}[H\u{1b}[2J")
            redraw()
        case 14: recall(1)
        case 16: recall(-1)
        case 21: replace(0..<caret, [])
        case 23: replace(wordStart..<caret, [])
        case 27: escape = []
        case 32...: feedText(byte)
        default: break
        }
        return nil
    }

    // MARK: Text

    private mutating func feedText(_ byte: UInt8) {
        if byte < 0x80 {
            utf8 = []
            return insert(Unicode.Scalar(byte))
        }
        if byte >= 0xc0 { utf8 = [byte] } else if !utf8.isEmpty { utf8.append(byte) }
        guard let first = utf8.first else { return }
        let needed = first >= 0xf0 ? 4 : (first >= 0xe0 ? 3 : 2)
        if utf8.count < needed { return }
        let scalars = Array(String(decoding: utf8, as: UTF8.self).unicodeScalars)
        utf8 = []
        if scalars.count == 1, scalars[0].value != 0xfffd { insert(scalars[0]) }
    }
    private mutating func insert(_ s: Unicode.Scalar) {
        if text.count >= Self.scalarCountMax { return write("\u{07}") }
        if caret == text.count {
            text.append(s)
            caret += 1
            var one = String.UnicodeScalarView()
            one.append(s)
            write(String(one))
        } else {
            replace(caret..<caret, [s])
        }
    }
    /// The only completion, with a space behind it; of several what they have in common.
    private mutating func complete() {
        let typed = Array(string.utf8)
        if caret < text.count || typed.isEmpty { return }
        var common: [UInt8] = [], count = 0
        for c in completions where c.utf8.starts(with: typed) {
            let bytes = Array(c.utf8)
            if count == 0 { common = bytes } else {
                var n = 0
                while n < common.count, n < bytes.count, common[n] == bytes[n] { n += 1 }
                common.removeLast(common.count - n)
            }
            count += 1
        }
        if count == 1 { common.append(32) }
        if common.count <= typed.count { return write("\u{07}") }
        for s in String(decoding: common[typed.count...], as: UTF8.self).unicodeScalars { insert(s) }
    }
    private mutating func deleteForward() { if caret < text.count { replace(caret..<caret + 1, []) } }
    private var wordStart: Int {
        var i = caret
        while i > 0, text[i - 1].value == 32 { i -= 1 }
        while i > 0, text[i - 1].value != 32 { i -= 1 }
        return i
    }
    private mutating func replace(_ range: Range<Int>, _ scalars: [Unicode.Scalar]) {
        if range.isEmpty && scalars.isEmpty { return }
        text.replaceSubrange(range, with: scalars)
        caret = range.lowerBound + scalars.count
        redraw()
    }
    private mutating func moveCaret(to place: Int) {
        if place < 0 || place > text.count || place == caret { return }
        let distance = place - caret
        caret = place
        write("\u{1b}[\(abs(distance))" + (distance < 0 ? "D" : "C"))
    }

    // MARK: Ends of lines, history

    private mutating func submit() -> Event {
        let line = string
        write("\n")
        if !line.isEmpty, history.last != line {
            if history.count >= Self.historyCountMax { history.removeFirst() }
            history.append(line)
        }
        clear()
        return .line(line)
    }
    private mutating func interrupt() -> Event {
        write("^C\n")
        clear()
        return .interrupt
    }
    private mutating func clear() {
        text = []
        caret = 0
        utf8 = []
        draft = []
        historyIndex = history.count
    }
    private mutating func recall(_ step: Int) {
        let target = historyIndex + step
        if target < 0 || target > history.count { return }
        if historyIndex == history.count { draft = text }
        historyIndex = target
        text = target == history.count ? draft : Array(history[target].unicodeScalars)
        caret = text.count
        redraw()
    }
    /// The rest of an escape sequence: `[` or `O`, then parameters, then a final byte.
    private mutating func feedEscape(_ byte: UInt8) -> Event? {
        var sequence = escape ?? []
        sequence.append(byte)
        escape = sequence
        if sequence.count == 1, byte == 91 || byte == 79 { return nil }
        if sequence.count > 1, sequence.count < 8, byte >= 0x30, byte <= 0x3f { return nil }
        escape = nil
        switch byte {
        case 65: recall(-1)                                       // A: up
        case 66: recall(1)                                        // B: down
        case 67: moveCaret(to: caret + 1)                         // C: right
        case 68: moveCaret(to: caret - 1)                         // D: left
        case 72: moveCaret(to: 0)                                 // H: home
        case 70: moveCaret(to: text.count)                        // F: end
        case 126:
            switch sequence.count > 1 ? sequence[1] : 0 {
            case 49, 55: moveCaret(to: 0)
            case 51: deleteForward()
            case 52, 56: moveCaret(to: text.count)
            default: break
            }
        default: break
        }
        return nil
    }

    // MARK: Output

    private var string: String {
        var view = String.UnicodeScalarView()
        for s in text { view.append(s) }
        return String(view)
    }
    private mutating func redraw() {
        write("\r" + prompt + string + "\u{1b}[K")
        if caret < text.count { write("\u{1b}[\(text.count - caret)D") }
    }
    private mutating func write(_ s: String) { output += Array(s.utf8) }
}
