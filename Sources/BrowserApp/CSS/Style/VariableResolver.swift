// Substitution of var() and computation of an element's custom properties (CSS Custom Properties 1 §3). Cycles make every
// property in them invalid; texts are bounded, so that nested doubling cannot exhaust memory.

final class VariableResolver {
    private let parent: CustomProperties?
    private var raw: [String: [UInt8]]
    private var resolved: [String: [UInt8]?] = [:]
    private var stack: [String] = []
    private var cyclic: Set<String> = []
    private var byteCount = 0

    private init(parent: CustomProperties?, raw: [String: [UInt8]]) { self.parent = parent; self.raw = raw }

    /// The element's table from its `--name` declarations in cascade order: the last of a name counts.
    static func compute(_ winners: [(name: String, text: [UInt8])], parent: CustomProperties?) -> CustomProperties? {
        if winners.isEmpty { return parent }
        var raw: [String: [UInt8]] = [:], values: [String: [UInt8]?] = [:], names: [String] = []
        for (name, text) in winners {
            raw[name] = nil
            values[name] = nil
            switch globalKeyword(text) {
            case .inherit?: continue
            case .initial?: values.updateValue(nil, forKey: name)
            default: raw[name] = text; names.append(name)
            }
        }
        let resolver = VariableResolver(parent: parent, raw: raw)
        for name in names where raw[name] != nil { values.updateValue(resolver.resolve(name), forKey: name) }
        return values.isEmpty ? parent : CustomProperties(parent: parent, values: values)
    }
    private enum Global { case inherit, initial }
    private static func globalKeyword(_ text: [UInt8]) -> Global? {
        guard text.count >= 5, text.count <= 12, let index = Keyword.names.index(of: text, 0, text.count) else { return nil }
        switch Keyword(rawValue: UInt16(index)) {
        case .inherit, .unset, .revert, .revertLayer: return .inherit
        case .initial: return .initial
        default: return nil
        }
    }

    /// A property's text with all var() replaced; nil when that is invalid.
    static func substitute(_ text: [UInt8], _ custom: CustomProperties?) -> [UInt8]? {
        VariableResolver(parent: custom, raw: [:]).expand(text)
    }

    private func resolve(_ name: String) -> [UInt8]? {
        if let known = resolved[name] { return known }
        guard let text = raw[name] else { return parent?.value(name) }
        if let at = stack.firstIndex(of: name) { for other in stack[at...] { cyclic.insert(other) }; return nil }
        guard stack.count < CSSLimits.variableDepthMax else { return nil }
        stack.append(name)
        var value = expand(text)
        stack.removeLast()
        if cyclic.contains(name) { value = nil }
        resolved.updateValue(value, forKey: name)
        return value
    }
    private func expand(_ text: [UInt8]) -> [UInt8]? {
        guard mayContainVariable(text) else { return text }
        let buffer = TokenBuffer.tokenize(text)
        var out: [UInt8] = []
        return expand(buffer, 0, buffer.tokens.count, &out, depth: 0) ? out : nil
    }
    private func mayContainVariable(_ text: [UInt8]) -> Bool {
        for byte in text where byte == 0x28 { return true }
        return false
    }
    private func expand(_ buffer: TokenBuffer, _ start: Int, _ end: Int, _ out: inout [UInt8], depth: Int) -> Bool {
        guard depth < CSSLimits.variableDepthMax else { return false }
        var i = start, lastEnd: UInt32?
        while i < end {
            let token = buffer.tokens[i]
            if let lastEnd, lastEnd != token.sourceStart { out.append(contentsOf: [0x2F, 0x2A, 0x2A, 0x2F]) }
            if token.kind == .function, TokenCursor(buffer, i, end).functionName == .var {
                let close = TokenCursor(buffer, i, end).matchingClose(i)
                guard expandVariable(buffer, i + 1, close, &out, depth: depth) else { return false }
                lastEnd = close < end ? buffer.tokens[close].sourceEnd : nil
                i = close + 1
            } else {
                out.append(contentsOf: buffer.bytes[Int(token.sourceStart)..<Int(token.sourceEnd)])
                lastEnd = token.sourceEnd
                i += 1
            }
            if out.count > CSSLimits.substitutedByteCountMax { return false }
        }
        return true
    }
    private func expandVariable(_ buffer: TokenBuffer, _ start: Int, _ end: Int, _ out: inout [UInt8], depth: Int) -> Bool {
        var cursor = TokenCursor(buffer, start, end)
        guard cursor.token.kind == .ident else { return false }
        let name = buffer.string(cursor.token)
        cursor.advance()
        if let value = resolve(name) {
            out.append(contentsOf: [0x2F, 0x2A, 0x2A, 0x2F])
            out.append(contentsOf: value)
            out.append(contentsOf: [0x2F, 0x2A, 0x2A, 0x2F])
            return true
        }
        guard cursor.token.kind == .comma else { return false }
        return expand(buffer, cursor.index + 1, end, &out, depth: depth + 1)
    }
}
