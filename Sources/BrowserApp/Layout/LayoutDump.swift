// The layout as text for tests: one line a box or fragment, positions in page pixels.
import DOM
import CSS
import Graphics

extension PageView {
    /// One line a box: kind, node, x, y, width, height; fragments of lines are indented below their box.
    public func layoutTreeText() -> String {
        var out: [UInt8] = []
        dump(0, 0, &out)
        return String(decoding: out, as: UTF8.self)
    }

    private func dump(_ b: BoxID, _ depth: Int, _ out: inout [UInt8]) {
        let box = tree.boxes[Int(b)]
        if box.geometry >= 0 {
            let g = tree.geometry[Int(box.geometry)]
            indent(depth, &out)
            put(tree.kind(b).name, &out)
            put(" ", &out); put(nodeName(b), &out)
            put(g.pageX, g.pageY, g.width, g.height, &out)
            if box.flags.contains(.inlineChildren) { dumpLines(b, depth + 1, &out) }
        }
        var c = box.firstChild
        while c != noBox {
            dump(c, box.geometry >= 0 ? depth + 1 : depth, &out)
            c = tree.next(c)
        }
    }

    private func dumpLines(_ b: BoxID, _ depth: Int, _ out: inout [UInt8]) {
        let g = tree.geometry[tree.geo(b)]
        for l in Int(g.lineStart)..<Int(g.lineEnd) {
            let line = tree.lines[l]
            indent(depth, &out)
            put("line", &out)
            put(g.pageX + g.contentLeft, g.pageY + line.y, g.contentWidth, line.height, &out)
            for i in Int(line.fragmentStart)..<Int(line.fragmentEnd) {
                let f = tree.fragments[i]
                switch f.kind {
                case .text:
                    indent(depth + 1, &out)
                    put(tree.kind(f.box) == .lineBreak ? "br" : "text", &out)
                    if tree.kind(f.box) == .text { put(" \"", &out); for c in tree.bytes(f.textStart, f.textEnd) { out.append(c) }; put("\"", &out) }
                case .inlineBox: indent(depth + 1, &out); put("inline ", &out); put(nodeName(f.box), &out)
                case .atomic: indent(depth + 1, &out); put("atomic ", &out); put(nodeName(f.box), &out)
                case .float, .ellipsis: continue
                }
                put(g.pageX + f.x, g.pageY + f.y, f.width, f.height, &out)
            }
        }
    }

    private func nodeName(_ b: BoxID) -> String {
        let node = tree.boxes[Int(b)].node
        if node.isNone { return tree.flags(b).contains(.generated) ? "generated" : "anonymous" }
        guard document.kind(node) == .element else { return document.kind(node) == .text ? "#text" : "#document" }
        var name = document.name(node).string
        if let id = document.id(node) { name += "#"; name += id.string }
        return name
    }

    private func indent(_ depth: Int, _ out: inout [UInt8]) { for _ in 0..<depth { out.append(0x20); out.append(0x20) } }
    private func put(_ text: String, _ out: inout [UInt8]) { out.append(contentsOf: text.utf8) }
    private func put(_ x: LayoutUnit, _ y: LayoutUnit, _ w: LayoutUnit, _ h: LayoutUnit, _ out: inout [UInt8]) {
        put(" ", &out); put(number(x), &out); put(",", &out); put(number(y), &out)
        put(" ", &out); put(number(w), &out); put("x", &out); put(number(h), &out)
        put("\n", &out)
    }
    /// Pixels with at most two decimals.
    private func number(_ v: LayoutUnit) -> String {
        let hundredths = (Int64(v.raw) * 100 + (v.raw < 0 ? -32 : 32)) / 64
        let magnitude = hundredths < 0 ? -hundredths : hundredths
        let sign = hundredths < 0 ? "-" : ""
        let whole = magnitude / 100, rest = magnitude % 100
        if rest == 0 { return "\(sign)\(whole)" }
        if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
        return rest < 10 ? "\(sign)\(whole).0\(rest)" : "\(sign)\(whole).\(rest)"
    }
}
