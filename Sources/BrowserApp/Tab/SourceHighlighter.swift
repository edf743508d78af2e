// view-source (TAB-044, TAB-045): markup as coloured text. Reads the bytes as they come and keeps only where it is: tag
// names blue, attributes orange, strings green, comments grey. It follows the shape of tags, not the whole tokenizer, and
// never loses or adds a character of the text.

struct SourceHighlighter {
    static let style = "<style>body{margin:8px;background:#fff;color:#222}pre{white-space:pre-wrap;word-wrap:break-word;font-size:13px}.t{color:#0b4fc4}.a{color:#b85c00}.s{color:#17803d}.c{color:#808890}</style>"

    private enum State { case text, open, name, inside, attribute, value, quoted(UInt8), comment }
    private var state = State.text
    /// A span is open in the output.
    private var hasSpan = false
    /// Last bytes, to see `<!--` and `-->` across pieces.
    private var recent: (UInt8, UInt8, UInt8) = (0, 0, 0)

    mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count * 2)
        for b in bytes { take(b, &out) }
        return out
    }
    /// Closes what is open.
    mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        span(nil, &out)
        return out
    }

    private mutating func take(_ b: UInt8, _ out: inout [UInt8]) {
        let isBlank = b == 32 || (b >= 9 && b <= 13)
        switch state {
        case .text:
            if b == 60 { state = .open }
            put(b, &out)
        case .open:
            if isLetter(b) || b == 47 { span("t", &out); state = .name } else if b == 33 { span("c", &out); state = .comment } else { state = .text }
            put(b, &out)
            recent = (0, 0, 0)
            if case .comment = state { isMarkup = true }
        case .name:
            if b == 62 { span(nil, &out); state = .text } else if isBlank { span(nil, &out); state = .inside }
            put(b, &out)
        case .inside:
            if b == 62 { state = .text } else if b == 34 || b == 39 { span("s", &out); state = .quoted(b) } else if !isBlank && b != 47 && b != 61 { span("a", &out); state = .attribute }
            put(b, &out)
        case .attribute:
            if b == 62 { span(nil, &out); state = .text } else if isBlank { span(nil, &out); state = .inside } else if b == 61 { span(nil, &out); state = .value }
            put(b, &out)
        case .value:
            if b == 62 { span(nil, &out); state = .text } else if isBlank { if hasSpan { span(nil, &out); state = .inside } }
            else if b == 34 || b == 39, !hasSpan { span("s", &out); state = .quoted(b) } else if !hasSpan { span("s", &out) }
            put(b, &out)
        case .quoted(let quote):
            put(b, &out)
            if b == quote { span(nil, &out); state = .inside }
        case .comment: takeComment(b, &out)
        }
    }

    /// `<!` has come: a comment ends at `-->`, anything else at `>`.
    private var isMarkup = false
    private mutating func takeComment(_ b: UInt8, _ out: inout [UInt8]) {
        put(b, &out)
        let before = recent
        recent = (before.1, before.2, b)
        if isMarkup, b == 45, before.2 == 45 { isMarkup = false; recent = (0, 0, 0); return }      // "<!--"
        if b == 62, isMarkup || (before.1 == 45 && before.2 == 45) { span(nil, &out); state = .text; isMarkup = false }
    }

    private mutating func span(_ name: StaticString?, _ out: inout [UInt8]) {
        if hasSpan { out += Array("</span>".utf8) }
        hasSpan = name != nil
        guard let name else { return }
        out += Array("<span class=".utf8)
        name.withUTF8Buffer { out += Array($0) }
        out.append(62)
    }
    private func put(_ b: UInt8, _ out: inout [UInt8]) {
        switch b {
        case 38: out += Array("&amp;".utf8)
        case 60: out += Array("&lt;".utf8)
        case 62: out += Array("&gt;".utf8)
        default: out.append(b)
        }
    }
    private func isLetter(_ b: UInt8) -> Bool { b | 0x20 >= 97 && b | 0x20 <= 122 }
}
