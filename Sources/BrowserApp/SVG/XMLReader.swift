// Reads an SVG file's markup into a document (XML 1.0, what files in the wild use of it): elements, attributes, text,
// CDATA, comments, internal entities. Namespaces count only as far as they tell SVG's elements from an editor's own.
// Damage ends the reading; what was read until then is drawn, as far as browsers do. Nothing recurses.
import DOM

struct XMLReader {
    private let bytes: [UInt8]
    private var at = 0
    private let document: Document
    private var open: [NodeID] = []
    private var openNames: [[UInt8]] = []
    private var entities: [(name: [UInt8], value: [UInt8])] = []
    private var entityBytes = 0
    private var nodeCount = 0

    static let depthMax = 512, nodeCountMax = 200_000, entityCountMax = 64, entityBytesMax = 1 << 20

    private init(_ bytes: [UInt8], _ document: Document) { self.bytes = bytes; self.document = document }

    /// The document of a file; nil when there is no `svg` element in it.
    static func read(_ bytes: [UInt8]) -> Document? {
        let document = Document()
        var reader = XMLReader(bytes, document)
        reader.open = [document.root]
        reader.run()
        let root = document.documentElement
        return !root.isNone && document.name(root).string == "svg" ? document : nil
    }

    private mutating func run() {
        while at < bytes.count, nodeCount < XMLReader.nodeCountMax {
            if bytes[at] != 0x3C { text(); continue }
            if matches("<!--") { skip(past: "-->") }
            else if matches("<![CDATA[") { characterData() }
            else if matches("<!DOCTYPE") { doctype() }
            else if matches("<?") { skip(past: "?>") }
            else if matches("</") { if !endTag() { return } }
            else if !startTag() { return }
        }
    }

    private func matches(_ s: StaticString) -> Bool {
        let n = s.utf8CodeUnitCount
        guard at + n <= bytes.count else { return false }
        for i in 0..<n where bytes[at + i] != s.utf8Start[i] { return false }
        return true
    }
    private mutating func skip(past end: StaticString) {
        while at < bytes.count { if matches(end) { at += end.utf8CodeUnitCount; return }; at += 1 }
    }
    private func isSpace(_ b: UInt8) -> Bool { b == 0x20 || b >= 9 && b <= 13 }
    private mutating func skipSpace() { while at < bytes.count, isSpace(bytes[at]) { at += 1 } }
    private mutating func name() -> [UInt8] {
        let start = at
        while at < bytes.count {
            let b = bytes[at]
            if isSpace(b) || b == 0x2F || b == 0x3E || b == 0x3D || b == 0x3C || b == 0x5B { break }
            at += 1
        }
        return Array(bytes[start..<at])
    }

    // MARK: Content

    private mutating func text() {
        let start = at
        while at < bytes.count, bytes[at] != 0x3C { at += 1 }
        if open.count < 2 { return }
        append(unescape(start, at))
    }
    private mutating func characterData() {
        at += 9
        let start = at
        while at < bytes.count, !matches("]]>") { at += 1 }
        if open.count > 1 { append(Array(bytes[start..<at])) }
        at = min(bytes.count, at + 3)
    }
    private mutating func append(_ text: [UInt8]) {
        if text.isEmpty { return }
        nodeCount += 1
        document.append(document.createText(String(decoding: text, as: UTF8.self)), to: open[open.count - 1])
    }

    /// Text with references resolved; unknown ones stay as they are. Entities are not expanded inside entities.
    private mutating func unescape(_ start: Int, _ end: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(end - start)
        var i = start
        while i < end {
            guard bytes[i] == 0x26 else { out.append(bytes[i]); i += 1; continue }
            var stop = i + 1
            while stop < end, stop - i < 64, bytes[stop] != 0x3B { stop += 1 }
            if stop < end, bytes[stop] == 0x3B, let value = reference(i + 1, stop) { out += value; i = stop + 1 } else { out.append(0x26); i += 1 }
        }
        return out
    }
    private mutating func reference(_ start: Int, _ end: Int) -> [UInt8]? {
        if start < end, bytes[start] == 0x23 {
            let isHex = start + 1 < end && bytes[start + 1] | 0x20 == 0x78
            var value: UInt32 = 0
            for i in (start + (isHex ? 2 : 1))..<max(end, start + (isHex ? 2 : 1)) {
                let b = bytes[i]
                let digit: UInt32
                if b >= 0x30 && b <= 0x39 { digit = UInt32(b - 0x30) } else if isHex, b | 0x20 >= 0x61, b | 0x20 <= 0x66 { digit = UInt32(b | 0x20) - 0x61 + 10 } else { return nil }
                value = value * (isHex ? 16 : 10) + digit
                if value > 0x10FFFF { return nil }
            }
            guard let scalar = Unicode.Scalar(value) else { return nil }
            return Array(String(Character(scalar)).utf8)
        }
        let name = Array(bytes[start..<end])
        switch String(decoding: name, as: UTF8.self) {
        case "lt": return [0x3C]
        case "gt": return [0x3E]
        case "amp": return [0x26]
        case "quot": return [0x22]
        case "apos": return [0x27]
        case "nbsp": return [0xC2, 0xA0]
        default: break
        }
        for e in entities where e.name == name {
            entityBytes += e.value.count
            return entityBytes <= XMLReader.entityBytesMax ? e.value : nil
        }
        return nil
    }

    /// `<!DOCTYPE svg … [ <!ENTITY name "value"> ]>`
    private mutating func doctype() {
        at += 9
        while at < bytes.count, bytes[at] != 0x5B, bytes[at] != 0x3E { at += 1 }
        if at < bytes.count, bytes[at] == 0x5B {
            while at < bytes.count, bytes[at] != 0x5D {
                if matches("<!ENTITY") { at += 8; entity() } else if matches("<!--") { skip(past: "-->") } else { at += 1 }
            }
            while at < bytes.count, bytes[at] != 0x3E { at += 1 }
        }
        at += 1
    }
    private mutating func entity() {
        skipSpace()
        let name = name()
        skipSpace()
        guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27, entities.count < XMLReader.entityCountMax else { return }
        let quote = bytes[at]
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != quote { at += 1 }
        entities.append((name, Array(bytes[start..<at])))
    }

    // MARK: Tags

    private mutating func endTag() -> Bool {
        at += 2
        let name = name()
        while at < bytes.count, bytes[at] != 0x3E { at += 1 }
        at += 1
        guard open.count > 1, openNames[openNames.count - 1] == name else { return false }
        open.removeLast()
        openNames.removeLast()
        return open.count > 1
    }

    private mutating func startTag() -> Bool {
        at += 1
        let full = name()
        if full.isEmpty || open.count > XMLReader.depthMax { return false }
        var namespace = Namespace.svg
        let node = document.createElement(localName(full, &namespace), namespace: namespace)
        nodeCount += 1
        while true {
            skipSpace()
            guard at < bytes.count else { return false }
            if bytes[at] == 0x3E { at += 1; break }
            if bytes[at] == 0x2F {
                while at < bytes.count, bytes[at] != 0x3E { at += 1 }
                at += 1
                document.append(node, to: open[open.count - 1])
                return open.count > 1                                       // an empty root ends the file
            }
            if !attribute(node) { return false }
        }
        document.append(node, to: open[open.count - 1])
        open.append(node)
        openNames.append(full)
        return true
    }

    private mutating func attribute(_ node: NodeID) -> Bool {
        let full = name()
        skipSpace()
        guard !full.isEmpty, at < bytes.count, bytes[at] == 0x3D else { return false }
        at += 1
        skipSpace()
        guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else { return false }
        let quote = bytes[at]
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != quote { at += 1 }
        let value = unescape(start, at)
        at += 1
        var namespace = Namespace.svg
        let isLink = full.count > 5 && full[full.count - 5] == 0x3A && String(decoding: full[(full.count - 4)...], as: UTF8.self) == "href"
        let name = isLink ? Atom("href") : localName(full, &namespace)
        if (namespace == .svg || isLink), !document.hasAttribute(node, name) { document.setAttribute(node, name, String(decoding: value, as: UTF8.self)) }
        return true
    }

    /// Names with a prefix other than `svg` belong to somebody else.
    private func localName(_ full: [UInt8], _ namespace: inout Namespace) -> Atom {
        var colon = -1
        for i in 0..<full.count where full[i] == 0x3A { colon = i; break }
        if colon < 0 { return Atom(String(decoding: full, as: UTF8.self)) }
        if String(decoding: full[0..<colon], as: UTF8.self) != "svg" { namespace = .other }
        return Atom(String(decoding: full[(colon + 1)...], as: UTF8.self))
    }
}
