// The tokenizer alone, for conformance runs: bytes in, the list of tokens out.
import DOM

/// A token as the conformance suites write it.
public enum ProbeToken: Equatable, Sendable {
    case doctype(name: String?, publicID: String?, systemID: String?, isCorrect: Bool)
    case startTag(name: String, attributes: [[String]], isSelfClosing: Bool)
    case endTag(name: String)
    case comment(String)
    case characters(String)
}

/// Collects tokens; adjacent characters become one token.
public final class TokenizerProbe: TokenSink {
    public private(set) var tokens: [ProbeToken] = []
    private var text: [UInt8] = []
    var allowsCDATA: Bool { false }

    /// Tokenizes UTF-8 from a state named as in the HTML standard ("RCDATA state"); nil when there is no such state.
    public static func tokens(of bytes: [UInt8], initialState: String, lastStartTag: String, pieceByteCount: Int) -> [ProbeToken]? {
        guard let state = state(named: initialState) else { return nil }
        let probe = TokenizerProbe()
        let tokenizer = Tokenizer(sink: probe)
        tokenizer.state = state
        tokenizer.lastStartTag = Atom(lastStartTag)
        var decoder = InputDecoder(.utf8)
        var start = 0
        while start < bytes.count {
            let count = min(pieceByteCount, bytes.count - start)
            let out = tokenizer.reserve(InputDecoder.outputByteCountMax(count))
            tokenizer.commit(bytes.withUnsafeBufferPointer { decoder.decode(UnsafeBufferPointer(rebasing: $0[start..<(start + count)]), into: out) })
            tokenizer.run()
            start += count
        }
        tokenizer.commit(decoder.finish(into: tokenizer.reserve(8)))
        tokenizer.finish()
        return probe.tokens
    }

    private static func state(named name: String) -> Tokenizer.State? {
        switch name {
        case "Data state": return .data
        case "PLAINTEXT state": return .plaintext
        case "RCDATA state": return .rcdata
        case "RAWTEXT state": return .rawtext
        case "Script data state": return .scriptData
        case "CDATA section state": return .cdata
        default: return nil
        }
    }

    func token(_ t: inout Token) {
        if t.kind == .characters {
            text.append(contentsOf: t.text)
            return
        }
        flush()
        switch t.kind {
        case .startTag:
            var attributes: [[String]] = []
            for a in t.attributes { attributes.append([a.name.string, a.value]) }
            tokens.append(.startTag(name: t.name.string, attributes: attributes, isSelfClosing: t.isSelfClosing))
        case .endTag: tokens.append(.endTag(name: t.name.string))
        case .comment: tokens.append(.comment(String(decoding: t.text, as: UTF8.self)))
        case .characters, .doctype, .endOfFile: break
        }
    }

    func doctype(_ d: DoctypeToken) {
        flush()
        tokens.append(.doctype(name: d.name, publicID: d.publicID, systemID: d.systemID, isCorrect: !d.forceQuirks))
    }

    private func flush() {
        if text.isEmpty { return }
        tokens.append(.characters(String(decoding: text, as: UTF8.self)))
        text.removeAll()
    }
}
