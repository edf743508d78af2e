// The content of an inline formatting context as a flat list of atoms: words, spaces, box edges, atomic boxes, floats.
// Line breaking opportunities (UAX 14, the parts that matter without dictionaries) are marks on atoms.
import CSS

struct InlineAtom {
    enum Kind: UInt8 { case word, space, preservedSpace, tab, newline, open, close, atomic, float, outOfFlow }
    var kind: Kind
    /// A line may end before this atom.
    var breakBefore = false
    /// Word that ends with a soft hyphen: shows a hyphen when the line ends here.
    var hyphenAfter = false
    /// Floats: already placed.
    var isPlaced = false
    var box: BoxID
    var start: Int32 = 0, end: Int32 = 0
    var width = LayoutUnit.zero
}

/// Builds the atoms of one context. `measure` gives the margin-box width of an atomic box.
struct AtomBuilder {
    let tree: LayoutTree
    let shaper: TextShaper
    var atoms: [InlineAtom]
    private var pendingBreak = false
    private var hasContent = false
    private let containerWidth: LayoutUnit

    init(tree: LayoutTree, shaper: TextShaper, reusing atoms: [InlineAtom], containerWidth: LayoutUnit) {
        self.tree = tree; self.shaper = shaper; self.atoms = atoms; self.containerWidth = containerWidth
        self.atoms.removeAll(keepingCapacity: true)
    }

    mutating func build(_ context: BoxID, measure: (BoxID) -> LayoutUnit) {
        var b = tree.firstChild(context)
        while b != noBox {
            switch tree.kind(b) {
            case .text: addText(b)
            case .lineBreak: atoms.append(InlineAtom(kind: .newline, box: b)); pendingBreak = false
            case .inline:
                addOpen(b)
                let child = tree.firstChild(b)
                if child != noBox { b = child; continue }
                addClose(b)
            default: addBox(b, context, measure)
            }
            // Next in tree order, closing inline boxes on the way up.
            while true {
                let next = tree.next(b)
                if next != noBox { b = next; break }
                b = tree.parent(b)
                if b == context { b = noBox; break }
                addClose(b)
            }
        }
    }

    private mutating func addOpen(_ b: BoxID) {
        let s = tree.style(b)
        var atom = InlineAtom(kind: .open, box: b)
        if !tree.flags(b).contains(.continues) {
            atom.width = s.marginLeft.resolveOrZero(containerWidth) + s.borderLeft.width + s.paddingLeft.resolveOrZero(containerWidth)
        }
        if pendingBreak { atom.breakBefore = true; pendingBreak = false; carriedBreak = true }
        atoms.append(atom)
    }
    /// A break was given to an opening edge and holds for what follows it (nothing lies between).
    private var carriedBreak = false

    private mutating func addClose(_ b: BoxID) {
        let s = tree.style(b)
        var atom = InlineAtom(kind: .close, box: b)
        if !tree.flags(b).contains(.continued) {
            atom.width = s.marginRight.resolveOrZero(containerWidth) + s.borderRight.width + s.paddingRight.resolveOrZero(containerWidth)
        }
        atoms.append(atom)
    }

    private mutating func addBox(_ b: BoxID, _ context: BoxID, _ measure: (BoxID) -> LayoutUnit) {
        let flags = tree.flags(b)
        if flags.contains(.atomicInline) {
            let wraps = tree.textStyle(tree.parent(b)).wraps
            var atom = InlineAtom(kind: .atomic, box: b)
            atom.width = measure(b)
            atom.breakBefore = wraps && (pendingBreak || (hasContent && !carriedBreak))
            carriedBreak = false
            atoms.append(atom)
            pendingBreak = wraps; hasContent = true
        } else if flags.contains(.floating) {
            atoms.append(InlineAtom(kind: .float, box: b))
        } else if flags.contains(.outOfFlow) {
            atoms.append(InlineAtom(kind: .outOfFlow, box: b))
        }
    }

    private mutating func addText(_ b: BoxID) {
        let box = tree.boxes[Int(b)]
        guard box.textEnd > box.textStart else { return }
        let ts = tree.textStyle(b)
        let style = tree.style(b)
        let breakAll = style.wordBreak == .breakAll && ts.wraps
        let bytes = tree.bytes(box.textStart, box.textEnd)
        var i = 0
        while i < bytes.count {
            let c = bytes[i]
            if c == 0x20 { addSpaces(b, bytes, &i, box.textStart, ts) }
            else if c == 0x0A { atoms.append(atom(.newline, b, box.textStart, i, i + 1)); i += 1; pendingBreak = false }
            else if c == 0x09 { addTab(b, i, box.textStart, ts); i += 1 }
            else { addWord(b, bytes, &i, box.textStart, ts, breakAll: breakAll) }
        }
    }

    @inline(__always) private func atom(_ kind: InlineAtom.Kind, _ b: BoxID, _ base: Int32, _ start: Int, _ end: Int) -> InlineAtom {
        var a = InlineAtom(kind: kind, box: b)
        a.start = base &+ Int32(start); a.end = base &+ Int32(end)
        return a
    }

    private mutating func addTab(_ b: BoxID, _ i: Int, _ base: Int32, _ ts: TextStyle) {
        var a = atom(.tab, b, base, i, i + 1)
        a.width = ts.spaceWidth * tree.style(b).tabSize
        atoms.append(a)
        pendingBreak = ts.wraps; hasContent = true
    }

    private mutating func addSpaces(_ b: BoxID, _ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ base: Int32, _ ts: TextStyle) {
        let start = i
        while i < bytes.count, bytes[i] == 0x20, i - start < 64 { i += 1 }
        var a = atom(ts.collapsesSpaces ? .space : .preservedSpace, b, base, start, i)
        a.width = (ts.spaceWidth + ts.letterSpacing + ts.wordSpacing) * Int32(i - start)
        atoms.append(a)
        if ts.wraps { pendingBreak = true }
        carriedBreak = false
    }

    private mutating func addWord(_ b: BoxID, _ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ base: Int32, _ ts: TextStyle, breakAll: Bool) {
        let start = i
        var end = i, hyphen = false, breaksAfter = false, count: Int32 = 0
        while i < bytes.count {
            let c = bytes[i]
            if c <= 0x20 { break }
            if i - start >= TextShaper.wordByteCountMax - 4 { break }
            if c < 0x80 {
                i &+= 1; count &+= 1; end = i
                if breakAll { breaksAfter = true; break }
                if c == 0x2D, allowsBreakAfterHyphen(bytes, i, start) { breaksAfter = true; break }
                continue
            }
            let before = i
            let scalar = decodeScalar(bytes, &i)
            if scalar == 0x200B { breaksAfter = true; break }
            if scalar == 0xAD { hyphen = true; breaksAfter = true; break }
            let ideographic = breaksAround(scalar)
            if ideographic, before > start, !forbidsBreakBefore(scalar) { i = before; breaksAfter = true; break }
            count &+= 1; end = i
            if (ideographic || breakAll), !nextForbidsBreak(bytes, i) { breaksAfter = true; break }
        }
        if end > start {
            var a = atom(.word, b, base, start, end)
            a.width = shaper.width(UnsafeBufferPointer(rebasing: bytes[start..<end]), fontID: ts.fontID, size: ts.size) + ts.letterSpacing * count
            if start > 0, bytes[start - 1] == 0x2D { a.width += shaper.kerning(0x2D, bytes[start], ts) }
            a.breakBefore = pendingBreak && ts.wraps
            a.hyphenAfter = hyphen
            atoms.append(a)
            hasContent = true
            carriedBreak = false
            pendingBreak = false
        }
        if breaksAfter && ts.wraps { pendingBreak = true }
    }

    private func allowsBreakAfterHyphen(_ bytes: UnsafeBufferPointer<UInt8>, _ next: Int, _ start: Int) -> Bool {
        guard next < bytes.count, next - start >= 2 else { return false }
        let c = bytes[next], before = bytes[next - 2]
        let isAlphanumericBefore = before >= 0x80 || isAlphanumeric(before)
        return isAlphanumericBefore && (c >= 0x80 || isAlphanumeric(c))
    }
    private func isAlphanumeric(_ c: UInt8) -> Bool { (c >= 0x30 && c <= 0x39) || (c | 0x20 >= 0x61 && c | 0x20 <= 0x7A) }

    /// Ideographs, kana, hangul and the long dashes: lines break before and after.
    private func breaksAround(_ s: UInt32) -> Bool {
        (s >= 0x2E80 && s <= 0x9FFF) || (s >= 0xAC00 && s <= 0xD7AF) || (s >= 0xF900 && s <= 0xFAFF) || (s >= 0xFF00 && s <= 0xFF60) || (s >= 0x20000 && s <= 0x3FFFF) || s == 0x2014
    }
    /// Closing punctuation and small kana do not start a line.
    private func forbidsBreakBefore(_ s: UInt32) -> Bool {
        switch s {
        case 0x2014, 0x3001, 0x3002, 0x3005, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011, 0x3015, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049, 0x3063, 0x3083, 0x3085, 0x3087,
             0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9, 0x30C3, 0x30E3, 0x30E5, 0x30E7, 0x30FB, 0x30FC, 0xFF01, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F: return true
        default: return false
        }
    }
    private func nextForbidsBreak(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
        guard at < bytes.count else { return false }
        let c = bytes[at]
        if c < 0x80 { return c == 0x2C || c == 0x2E || c == 0x29 || c == 0x21 || c == 0x3F || c == 0x3A || c == 0x3B || c == 0x5D || c == 0x7D }
        var i = at
        return forbidsBreakBefore(decodeScalar(bytes, &i))
    }
}
