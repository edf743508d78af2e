// The content of an inline formatting context as a flat list of atoms: words, spaces, box edges, atomic boxes, floats.
// Line breaking opportunities (UAX 14, the parts that matter without dictionaries) are marks on atoms.
import CSS

struct InlineAtom {
    enum Kind: UInt8 { case word, space, preservedSpace, tab, newline, open, close, atomic, float, outOfFlow
        /// Room before a part of a ruby, and the annotation after it with the room behind the part.
        case gap, annotation
    }
    var kind: Kind
    /// A line may end before this atom.
    var breakBefore = false
    /// Word that ends with a soft hyphen: shows a hyphen when the line ends here.
    var hyphenAfter = false
    /// Floats: already placed.
    var isPlaced = false
    var box: BoxID
    var start: Int32 = 0, end: Int32 = 0
    /// Width in 1/65536 px: exact for text, whole 1/64 px for others.
    var fine: Int64 = 0
    /// Rounded up to 1/64 px.
    var width: LayoutUnit {
        get { snappedUp(fine) }
        set { fine = Int64(newValue.raw) << 10 }
    }
    var isText: Bool { kind == .word || kind == .space || kind == .preservedSpace }
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
            case .lineBreak: atoms.append(InlineAtom(kind: .newline, box: b)); pendingBreak = false; forgetWord()
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
        if openSinceWord < 0 { openSinceWord = atoms.count }
        if atom.fine != 0 { edgeSinceWord = true }
        atoms.append(atom)
        if isRuby(b) { beginRubyPart(b) }
    }
    /// A break was given to an opening edge and holds for what follows it (nothing lies between).
    private var carriedBreak = false

    // The last piece of text when nothing but edges of inline boxes lies behind it: its atom, font and last two characters.
    private let rules = BreakRules()
    private var lastWord = -1, lastFont: (Int32, Int64) = (0, 0), lastWraps = false
    private var beforeLast: UInt32 = 0, last: UInt32 = 0
    /// The first opening edge after it, and whether an edge with width lies between.
    private var openSinceWord = -1, edgeSinceWord = false
    private mutating func forgetWord() { lastWord = -1; last = 0; beforeLast = 0; openSinceWord = -1; edgeSinceWord = false }

    private mutating func addClose(_ b: BoxID) {
        let s = tree.style(b)
        var atom = InlineAtom(kind: .close, box: b)
        if !tree.flags(b).contains(.continued) {
            atom.width = s.marginRight.resolveOrZero(containerWidth) + s.borderRight.width + s.paddingRight.resolveOrZero(containerWidth)
        }
        if atom.fine != 0 { edgeSinceWord = true }
        // An empty box after a space stays on the line of the space: the line may end after it.
        if let open = atoms.last, open.kind == .open, open.box == b, open.breakBefore, open.fine == 0, atom.fine == 0 {
            atoms[atoms.count - 1].breakBefore = false
            pendingBreak = true; carriedBreak = false
        }
        atoms.append(atom)
    }

    private mutating func addBox(_ b: BoxID, _ context: BoxID, _ measure: (BoxID) -> LayoutUnit) {
        let flags = tree.flags(b)
        if flags.contains(.annotation) { addAnnotation(b, measure(b)); return }
        if flags.contains(.atomicInline) {
            let wraps = tree.textStyle(tree.parent(b)).wraps
            var atom = InlineAtom(kind: .atomic, box: b)
            atom.width = measure(b)
            atom.breakBefore = wraps && (pendingBreak || (hasContent && !carriedBreak))
            carriedBreak = false
            atoms.append(atom)
            pendingBreak = wraps; hasContent = true
            forgetWord()
        } else if flags.contains(.floating) {
            atoms.append(InlineAtom(kind: .float, box: b))
        } else if flags.contains(.outOfFlow) {
            atoms.append(InlineAtom(kind: .outOfFlow, box: b))
        }
    }

    // MARK: Ruby (CSS Ruby 1 §3, annotations above, no nesting)

    /// The gap before the part of a ruby that is being collected.
    private var rubyGap = -1

    private func isRuby(_ b: BoxID) -> Bool {
        var c = tree.firstChild(b)
        while c != noBox { if tree.flags(c).contains(.annotation) { return true }; c = tree.next(c) }
        return false
    }
    private mutating func beginRubyPart(_ b: BoxID) {
        rubyGap = atoms.count
        atoms.append(InlineAtom(kind: .gap, box: b))
    }
    /// Makes room on both sides where the annotation is wider than its part; it may hang over neighbouring text by half its size.
    private mutating func addAnnotation(_ b: BoxID, _ width: LayoutUnit) {
        var atom = InlineAtom(kind: .annotation, box: b)
        if rubyGap >= 0 {
            var part = RunWidth()
            for i in (rubyGap + 1)..<atoms.count { part.add(atoms[i]) }
            let extra = width - part.total
            if extra > .zero {
                let half = LayoutUnit(raw: extra.raw / 2), hang = Swift.min(half, LayoutUnit(raw: tree.textStyle(b).size / 2)), ruby = tree.parent(b)
                let isFirst = rubyGap > 0 && atoms[rubyGap - 1].kind == .open, hasTextBefore = isFirst && rubyGap > 1 && atoms[rubyGap - 2].isText
                let after = tree.next(b) == noBox ? tree.next(ruby) : noBox, isLast = after != noBox && tree.kind(after) == .text
                // Over a space alone by half of it.
                let isSpace = isLast && tree.boxes[Int(after)].textEnd - tree.boxes[Int(after)].textStart == 1
                let hangAfter = isSpace ? Swift.min(hang, LayoutUnit(raw: snappedUp(tree.textStyle(after).fineSpace).raw / 2)) : hang
                atoms[rubyGap].width = half - (hasTextBefore ? hang : .zero)
                atom.width = extra - half - (isLast ? hangAfter : .zero)
            }
        }
        atoms.append(atom)
        forgetWord()
        beginRubyPart(tree.parent(b))
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
            else if c == 0x0A { atoms.append(atom(.newline, b, box.textStart, i, i + 1)); i += 1; pendingBreak = false; forgetWord() }
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
        a.width = snappedUp(ts.fine(ts.spaceUnits) &* Int64(tree.style(b).tabSize))
        atoms.append(a)
        pendingBreak = ts.wraps; hasContent = true
        forgetWord()
    }

    private mutating func addSpaces(_ b: BoxID, _ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ base: Int32, _ ts: TextStyle) {
        let start = i
        while i < bytes.count, bytes[i] == 0x20, i - start < 64 { i += 1 }
        var a = atom(ts.collapsesSpaces ? .space : .preservedSpace, b, base, start, i)
        a.fine = ts.fineSpace &* Int64(i - start)
        atoms.append(a)
        if ts.wraps { pendingBreak = true }
        carriedBreak = false
        forgetWord()
    }

    private mutating func addWord(_ b: BoxID, _ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ base: Int32, _ ts: TextStyle, breakAll: Bool) {
        let start = i
        let piece = scanWord(bytes, &i, breakAll: breakAll)
        if piece.end > start {
            var first = start
            let scalar = decodeScalar(bytes, &first)
            joinPrevious(scalar, b, ts)
            var a = atom(.word, b, base, start, piece.end)
            a.fine = shaper.fineWidth(UnsafeBufferPointer(rebasing: bytes[start..<piece.end]), ts) &+ Int64(ts.letterSpacing.raw &* piece.count) << 10
            a.breakBefore = pendingBreak && ts.wraps
            a.hyphenAfter = piece.hyphen
            atoms.append(a)
            lastWord = atoms.count - 1; lastFont = (ts.shapeID, ts.sizeFine); lastWraps = ts.wraps
            hasContent = true
            carriedBreak = false; openSinceWord = -1
            pendingBreak = false
            beforeLast = piece.beforeLast; last = piece.last
        }
        if piece.breaksAfter && ts.wraps { pendingBreak = true }
    }

    private struct Piece { var end: Int; var count: Int32 = 0; var hyphen = false, breaksAfter = false; var beforeLast: UInt32 = 0, last: UInt32 = 0 }

    /// Reads one piece of a word: up to a space, or to a place where a line may end.
    private func scanWord(_ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int, breakAll: Bool) -> Piece {
        let start = i
        var piece = Piece(end: i)
        while i < bytes.count {
            let c = bytes[i]
            if c == 0x20 || c == 0x0A || c == 0x09 { break }     // other control characters are text (CSS Text 3 §4.1)
            if i - start >= TextShaper.wordByteCountMax - 4 { break }
            if c < 0x80, piece.last < 0x80 {
                let needsRule = piece.last == 0x2D || piece.last == 0x3F || BreakRules.isBracket(c)
                if i > start, breakAll || (needsRule && rules.allows(piece.beforeLast, piece.last, UInt32(c))) { piece.breaksAfter = true; break }
                piece.beforeLast = piece.last; piece.last = UInt32(c)
                i &+= 1; piece.count &+= 1; piece.end = i
                continue
            }
            let before = i
            let scalar = decodeScalar(bytes, &i)
            if scalar == 0x200B { piece.breaksAfter = true; break }
            if scalar == 0xAD { piece.hyphen = true; piece.breaksAfter = true; break }
            if before > start, breakAll || rules.allows(piece.beforeLast, piece.last, scalar) { i = before; piece.breaksAfter = true; break }
            piece.beforeLast = piece.last; piece.last = scalar
            piece.count &+= 1; piece.end = i
        }
        return piece
    }

    /// What two pieces of text without a space between them do to each other: kerning, and a line that may end there.
    private mutating func joinPrevious(_ scalar: UInt32, _ b: BoxID, _ ts: TextStyle) {
        guard last != 0, lastWord >= 0 else { return }
        if !edgeSinceWord, lastFont == (ts.shapeID, ts.sizeFine) { atoms[lastWord].fine &+= shaper.kerning(last, scalar, ts) }
        edgeSinceWord = false
        if pendingBreak || carriedBreak || !lastWraps || atoms[lastWord].box == b || !rules.allows(beforeLast, last, scalar) { return }
        if openSinceWord >= 0 { atoms[openSinceWord].breakBefore = true } else { pendingBreak = true }
    }
}
