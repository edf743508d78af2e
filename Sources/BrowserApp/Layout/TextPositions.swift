// Places in a page's text: from a point to a place, from a place to pixels, and the text between two places. Selection and
// find in page are built on it. A place is a text node and a byte offset into the node's collapsed text, so it stays
// valid when the boxes are made again (DOM §5, CSSOM View §4).
import DOM
import CSS
import Graphics

/// A place in the page's text.
public struct TextPosition: Equatable, Sendable {
    public var node: NodeID
    /// Bytes of UTF-8 from the beginning of the node's text as shown (white space collapsed).
    public var offset: Int32
    public init(node: NodeID, offset: Int32) { self.node = node; self.offset = offset }
}

/// Bytes of the page's text that are painted with a background.
public struct TextHighlight: Sendable {
    public var start: Int32, end: Int32
    public var color: Color
    public init(start: Int32, end: Int32, color: Color) { self.start = start; self.end = end; self.color = color }
}

/// The text boxes of a tree in document order. Controls' own text is not among them.
struct TextOrder {
    var boxes: [BoxID] = []
    /// Index in `boxes` by box; -1 for boxes that are not text.
    var rank: [Int32]

    init(_ tree: LayoutTree) {
        rank = [Int32](repeating: -1, count: tree.boxes.count)
        var b: BoxID = tree.boxes.isEmpty ? noBox : 0
        while b != noBox {
            if tree.kind(b) == .text, tree.boxes[Int(b)].textEnd > tree.boxes[Int(b)].textStart {
                rank[Int(b)] = Int32(boxes.count)
                boxes.append(b)
            }
            let child = tree.flags(b).contains(.control) ? noBox : tree.firstChild(b)
            if child != noBox { b = child; continue }
            while b != noBox, tree.next(b) == noBox { b = tree.parent(b) }
            if b != noBox { b = tree.next(b) }
        }
    }
}

extension LayoutTree {
    var order: TextOrder {
        if let order = textOrder { return order }
        let order = TextOrder(self)
        textOrder = order
        return order
    }
}

/// Pen positions (1/64 pixel from the fragment's left edge) at every character of a text fragment.
struct FragmentPositions {
    var bytes: [Int32] = []
    var pens: [Int32] = []

    init(_ f: Fragment, _ tree: LayoutTree, _ shaper: TextShaper) {
        let ts = tree.textStyle(of: f), text = tree.bytes(f.textStart, f.textEnd)
        let space = ts.fineSpace &+ Int64(f.spaceExtra.raw) << 10, letter = Int64(ts.letterSpacing.raw) << 10
        var fine: Int64 = 0, i = 0
        add(f.textStart, fine)
        while i < text.count {
            if text[i] <= 0x20 {
                if text[i] == 0x20 { fine &+= space }
                i += 1
                add(f.textStart + Int32(clamping: i), fine)
                continue
            }
            let start = i, base = fine
            var letters: Int64 = 0
            while i < text.count, text[i] > 0x20, i - start < TextShaper.wordByteCountMax - 4 {
                i += 1
                while i < text.count, text[i] & 0xC0 == 0x80 { i += 1 }
                letters += 1
                fine = base &+ shaper.fineWidth(UnsafeBufferPointer(rebasing: text[start..<i]), ts) &+ letter &* letters
                add(f.textStart + Int32(clamping: i), fine)
            }
        }
    }
    private mutating func add(_ byte: Int32, _ fine: Int64) { bytes.append(byte); pens.append(Int32(truncatingIfNeeded: (fine &+ 512) >> 10)) }

    func pen(at byte: Int32) -> Int32 {
        for (i, b) in bytes.enumerated() where b >= byte { return pens[i] }
        return pens[pens.count - 1]
    }
    /// Byte of the boundary nearest to a pen position.
    func byte(at pen: Int32) -> Int32 {
        var i = 0
        while i + 1 < pens.count, (pens[i] &+ pens[i + 1]) / 2 < pen { i += 1 }
        return bytes[i]
    }
}

extension PageView {
    // MARK: From points

    /// The place nearest to a point of the page; nil on a page without text.
    public func textPosition(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> TextPosition? {
        let painter = Painter(tree: tree, shaper: shaper, document: document, layers: layers, view: Rect(x, y, 1, 1), goal: .hit)
        painter.hitScrollX = 0 &- scrollX; painter.hitScrollY = 0 &- scrollY
        painter.run()
        var b = painter.hitBox
        while b > 0, !hasText(b) { b = tree.parent(b) }
        if b <= 0 { b = nearestContext(x, y) }
        guard b != noBox else { return nil }
        return position(in: b, x, y)
    }
    private func hasText(_ b: BoxID) -> Bool { tree.flags(b).contains(.inlineChildren) && tree.flags(b).contains(.hasLines) && !tree.flags(b).contains(.control) && firstTextLine(b) != nil }
    private func firstTextLine(_ b: BoxID) -> Int? {
        let g = tree.geometry[tree.geo(b)]
        for l in Int(g.lineStart)..<Int(g.lineEnd) where textFragments(l) { return l }
        return nil
    }
    private func textFragments(_ l: Int) -> Bool {
        for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where isText(f) { return true }
        return false
    }
    private func isText(_ f: Int) -> Bool { tree.fragments[f].kind == .text && tree.kind(tree.fragments[f].box) == .text && !tree.boxes[Int(tree.fragments[f].box)].node.isNone }

    /// The context of lines that is least far from a point, rows before columns.
    private func nearestContext(_ x: Int32, _ y: Int32) -> BoxID {
        var best = noBox, distance = Int64.max
        for i in 0..<tree.boxes.count where tree.boxes[i].geometry >= 0 && hasText(BoxID(i)) {
            let g = tree.geometry[Int(tree.boxes[i].geometry)]
            let r = snapped(g.pageX, g.pageY, g.width, g.height)
            let dy = Int64(y < r.y ? r.y - y : y >= r.maxY ? y - r.maxY + 1 : 0), dx = Int64(x < r.x ? r.x - x : x >= r.maxX ? x - r.maxX + 1 : 0)
            if dy * 65536 + dx < distance { distance = dy * 65536 + dx; best = BoxID(i) }
        }
        return best
    }

    private func position(in b: BoxID, _ x: Int32, _ y: Int32) -> TextPosition? {
        let g = tree.geometry[tree.geo(b)]
        var line = firstTextLine(b) ?? Int(g.lineStart)
        for l in line..<Int(g.lineEnd) where textFragments(l) && (g.pageY + tree.lines[l].y).round <= y { line = l }
        var best = -1, distance = Int32.max
        for f in Int(tree.lines[line].fragmentStart)..<Int(tree.lines[line].fragmentEnd) where isText(f) {
            let left = (g.pageX + tree.fragments[f].x).round, right = (g.pageX + tree.fragments[f].x + tree.fragments[f].width).round
            let d = x < left ? left - x : x > right ? x - right : 0
            if d < distance { distance = d; best = f }
        }
        guard best >= 0 else { return nil }
        let f = tree.fragments[best]
        let byte = FragmentPositions(f, tree, shaper).byte(at: x &* 64 &- (g.pageX + f.x).raw)
        return TextPosition(node: tree.boxes[Int(f.box)].node, offset: byte - tree.boxes[Int(f.box)].textStart)
    }

    // MARK: Ranges

    /// Byte in the page's text; nil when the node shows none any more.
    func byte(of p: TextPosition) -> (rank: Int32, byte: Int32)? {
        let b = tree.box(of: p.node)
        guard b != noBox, tree.order.rank[Int(b)] >= 0 else { return nil }
        let box = tree.boxes[Int(b)]
        return (tree.order.rank[Int(b)], Swift.max(box.textStart, Swift.min(box.textEnd, box.textStart + p.offset)))
    }

    /// Calls `body` with the bytes of each text box between two places, in document order.
    private func forEachPiece(_ a: TextPosition, _ b: TextPosition, _ body: (BoxID, Int32, Int32) -> Void) {
        guard var low = byte(of: a), var high = byte(of: b) else { return }
        if high.rank < low.rank || (high.rank == low.rank && high.byte < low.byte) { swap(&low, &high) }
        let boxes = tree.order.boxes
        for r in low.rank...high.rank {
            let box = boxes[Int(r)]
            let start = r == low.rank ? low.byte : tree.boxes[Int(box)].textStart, end = r == high.rank ? high.byte : tree.boxes[Int(box)].textEnd
            body(box, start, end)
        }
    }

    /// Backgrounds for everything between two places.
    public func highlights(from a: TextPosition, to b: TextPosition, color: Color) -> [TextHighlight] {
        var result: [TextHighlight] = []
        forEachPiece(a, b) { _, start, end in if start < end { result.append(TextHighlight(start: start, end: end, color: color)) } }
        result.sort { $0.start < $1.start }
        return result
    }

    /// The text between two places as it is copied: lines for blocks and line breaks, tabs between cells of a row.
    public func text(from a: TextPosition, to b: TextPosition) -> String {
        var out: [UInt8] = [], previous = noBox
        forEachPiece(a, b) { box, start, end in
            if previous != noBox { out.append(contentsOf: separator(previous, box)) }
            for byte in tree.bytes(start, end) { out.append(byte) }
            previous = box
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func separator(_ a: BoxID, _ b: BoxID) -> [UInt8] {
        let from = tree.container(a), to = tree.container(b)
        if from == to { return lineBreakBetween(a, b) ? [10] : [] }
        if tree.kind(from) == .tableCell, tree.kind(to) == .tableCell, tree.parent(from) == tree.parent(to) { return [9] }
        if tree.flags(to).contains(.atomicInline) || tree.flags(from).contains(.atomicInline) { return [32] }
        let isParagraph = tree.geometry[tree.geo(from)].margin.bottom > LayoutUnit(4) || tree.geometry[tree.geo(to)].margin.top > LayoutUnit(4)
        return isParagraph ? [10, 10] : [10]
    }
    private func lineBreakBetween(_ a: BoxID, _ b: BoxID) -> Bool {
        var at = a, steps = 0
        while at != b, at != noBox, steps < 10_000 {
            if tree.kind(at) == .lineBreak { return true }
            steps += 1
            let child = tree.firstChild(at)
            if child != noBox { at = child; continue }
            while at != noBox, tree.next(at) == noBox { at = tree.parent(at) }
            if at != noBox { at = tree.next(at) }
        }
        return false
    }

    /// From the first to the last place of the page; nil without text.
    public func allText() -> (start: TextPosition, end: TextPosition)? {
        var first = noBox, last = noBox
        for b in tree.order.boxes where !tree.boxes[Int(b)].node.isNone { if first == noBox { first = b }; last = b }
        guard first != noBox else { return nil }
        return (TextPosition(node: tree.boxes[Int(first)].node, offset: 0),
                TextPosition(node: tree.boxes[Int(last)].node, offset: tree.boxes[Int(last)].textEnd - tree.boxes[Int(last)].textStart))
    }

    /// The word around a place.
    public func word(at p: TextPosition) -> (start: TextPosition, end: TextPosition) {
        let b = tree.box(of: p.node)
        guard b != noBox else { return (p, p) }
        let box = tree.boxes[Int(b)]
        let text = tree.bytes(box.textStart, box.textEnd)
        var low = Int(Swift.max(0, Swift.min(p.offset, Int32(text.count)))), high = low
        while low > 0, isWordByte(text[low - 1]) { low -= 1 }
        while high < text.count, isWordByte(text[high]) { high += 1 }
        return (TextPosition(node: p.node, offset: Int32(low)), TextPosition(node: p.node, offset: Int32(high)))
    }
    private func isWordByte(_ b: UInt8) -> Bool { b >= 0x80 || b == 0x5F || (b >= 0x30 && b <= 0x39) || (b | 0x20 >= 0x61 && b | 0x20 <= 0x7A) }

    /// All text of the block around a place.
    public func paragraph(at p: TextPosition) -> (start: TextPosition, end: TextPosition) {
        let b = tree.box(of: p.node)
        guard b != noBox else { return (p, p) }
        let context = tree.container(b)
        var first = b, last = b
        for other in tree.order.boxes where tree.container(other) == context && !tree.boxes[Int(other)].node.isNone {
            if tree.order.rank[Int(other)] < tree.order.rank[Int(first)] { first = other }
            if tree.order.rank[Int(other)] > tree.order.rank[Int(last)] { last = other }
        }
        return (TextPosition(node: tree.boxes[Int(first)].node, offset: 0),
                TextPosition(node: tree.boxes[Int(last)].node, offset: tree.boxes[Int(last)].textEnd - tree.boxes[Int(last)].textStart))
    }

    // MARK: Find in page

    /// Byte ranges of the page's text that equal `needle` without regard to case, in document order; at most `limit`.
    /// A match lies within one block, also across elements in a line.
    public func find(_ needle: String, limit: Int) -> [TextHighlight] {
        let wanted = folded(Array(needle.utf8))
        guard !wanted.bytes.isEmpty else { return [] }
        var result: [TextHighlight] = [], context = noBox, start: Int32 = 0, end: Int32 = 0
        func searchContext() {
            if end > start { search(wanted.bytes, start, end, limit, &result) }
        }
        for b in tree.order.boxes {
            if tree.style(b).visibility != .visible { continue }
            let c = tree.container(b)
            if c != context || tree.boxes[Int(b)].textStart != end { searchContext(); context = c; start = tree.boxes[Int(b)].textStart }
            end = tree.boxes[Int(b)].textEnd
            if result.count >= limit { return result }
        }
        searchContext()
        return result
    }
    private func search(_ needle: [UInt8], _ start: Int32, _ end: Int32, _ limit: Int, _ result: inout [TextHighlight]) {
        let hay = folded(Array(tree.bytes(start, end)))
        var i = 0
        while i + needle.count <= hay.bytes.count, result.count < limit {
            var k = 0
            while k < needle.count, hay.bytes[i + k] == needle[k] { k += 1 }
            if k == needle.count {
                result.append(TextHighlight(start: start + hay.origins[i], end: start + hay.origins[i + k], color: .transparent))
                i += k
            } else { i += 1 }
        }
    }
    /// Lower case as UTF-8, with the source byte of each byte and one past the end.
    private func folded(_ bytes: [UInt8]) -> (bytes: [UInt8], origins: [Int32]) {
        var out: [UInt8] = [], origins: [Int32] = [], i = 0
        out.reserveCapacity(bytes.count); origins.reserveCapacity(bytes.count + 1)
        bytes.withUnsafeBufferPointer { b in
            while i < b.count {
                let at = Int32(i)
                let c = b[i]
                if c < 0x80 {
                    out.append(c >= 0x41 && c <= 0x5A ? c | 0x20 : c == 0x0A || c == 0x09 ? 0x20 : c)
                    i += 1
                } else {
                    let scalar = decodeScalar(b, &i)
                    if scalar == 0xA0 { out.append(0x20) } else if let s = Unicode.Scalar(scalar) { out.append(contentsOf: s.properties.lowercaseMapping.utf8) }
                }
                while origins.count < out.count { origins.append(at) }
            }
        }
        origins.append(Int32(bytes.count))
        return (out, origins)
    }

    /// Where bytes of the page's text are painted, in page pixels; nil when nowhere.
    public func rect(ofText start: Int32, _ end: Int32) -> Rect? {
        var result: Rect?
        for i in 0..<tree.boxes.count where tree.boxes[i].geometry >= 0 && tree.boxes[i].flags.contains(.hasLines) {
            let g = tree.geometry[Int(tree.boxes[i].geometry)]
            for l in Int(g.lineStart)..<Int(g.lineEnd) {
                for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where tree.fragments[f].kind == .text && tree.fragments[f].textStart < end && tree.fragments[f].textEnd > start {
                    let r = highlightRect(tree.fragments[f], start, end, g.pageX, g.pageY)
                    result = result.map { $0.union(r) } ?? r
                }
            }
        }
        return result
    }
    private func highlightRect(_ f: Fragment, _ start: Int32, _ end: Int32, _ x: LayoutUnit, _ y: LayoutUnit) -> Rect { FragmentPositions.rect(f, start, end, x, y, tree, shaper) }
}

extension FragmentPositions {
    /// Pixels of bytes `start..<end` of a fragment whose context lies at (x, y).
    static func rect(_ f: Fragment, _ start: Int32, _ end: Int32, _ x: LayoutUnit, _ y: LayoutUnit, _ tree: LayoutTree, _ shaper: TextShaper) -> Rect {
        let positions = FragmentPositions(f, tree, shaper)
        let left = ((x + f.x).raw &+ positions.pen(at: Swift.max(start, f.textStart))) >> 6
        let right = ((x + f.x).raw &+ positions.pen(at: Swift.min(end, f.textEnd)) &+ 63) >> 6
        return Rect(left, (y + f.y).round, Swift.max(0, right - left), f.height.round)
    }
}

extension Painter {
    /// Backgrounds of selected and found text behind a fragment.
    func paintHighlights(_ f: Fragment, _ x: LayoutUnit, _ y: LayoutUnit) {
        for list in highlights where !list.isEmpty {
            var low = 0, high = list.count
            while low < high {
                let middle = (low + high) / 2
                if list[middle].end <= f.textStart { low = middle + 1 } else { high = middle }
            }
            while low < list.count, list[low].start < f.textEnd {
                emit(.fill(out(FragmentPositions.rect(f, list[low].start, list[low].end, x, y, tree, shaper)), list[low].color))
                low += 1
            }
        }
    }
}
