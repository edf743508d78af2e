// Tokens (HTML §13.2.5) and what receives them. A token is handed over once and lives only during the call: its text
// points into the tokenizer's buffers.
import DOM

enum TokenKind: UInt8 { case doctype, startTag, endTag, comment, characters, endOfFile }

struct TokenAttribute {
    var name: Atom
    var value: String
}

struct DoctypeToken {
    var name: String?
    var publicID: String?
    var systemID: String?
    var forceQuirks = false
}

/// One token. Which fields count depends on `kind`.
struct Token {
    var kind: TokenKind
    var name: Atom = .empty
    var isSelfClosing = false
    var attributes: [TokenAttribute] = []
    /// Characters and comments: UTF-8. A characters token is either free of U+0000 or exactly one U+0000.
    var text = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

    func attribute(_ name: Atom) -> String? {
        for a in attributes where a.name == name { return a.value }
        return nil
    }
}

/// Receives tokens in order. During a start tag it may set the tokenizer's `state`.
protocol TokenSink: AnyObject {
    func token(_ token: inout Token)
    func doctype(_ doctype: DoctypeToken)
    /// Is the adjusted current node outside the HTML namespace? (`<![CDATA[` is then a section.)
    var allowsCDATA: Bool { get }
}

@inline(__always) func isSpace(_ b: UInt8) -> Bool { b == 0x20 || b == 0x0a || b == 0x09 || b == 0x0c || b == 0x0d }
@inline(__always) func isLetter(_ b: UInt8) -> Bool { (b | 0x20) &- 0x61 < 26 }
@inline(__always) func isDigit(_ b: UInt8) -> Bool { b &- 0x30 < 10 }
@inline(__always) func lowercased(_ b: UInt8) -> UInt8 { b &- 0x41 < 26 ? b | 0x20 : b }

/// ASCII-case-insensitive equality with a lower-case string.
func equalsIgnoringCase(_ string: String, _ lower: StaticString) -> Bool {
    let count = lower.utf8CodeUnitCount
    guard string.utf8.count == count else { return false }
    var i = 0
    for byte in string.utf8 {
        if lowercased(byte) != lower.utf8Start[i] { return false }
        i += 1
    }
    return true
}
