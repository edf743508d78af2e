// Text that is being edited in a form control: where its lines break, where each character stands, how it is painted.
// Layout only gives the control its box; typing changes nothing of the page's layout (HTML §15.5.6, §15.5.8).
import DOM
import CSS
import Graphics

/// What a text control shows at the moment.
public struct ControlText {
    /// Unicode scalars as shown: a password's are bullets already.
    public var scalars: [UInt32]
    /// Selected scalars; empty without a selection.
    public var selection: Range<Int>
    /// Index of the scalar before which the caret stands; nil while the control is not focused.
    public var caret: Int?
    /// Pixels by which the content is scrolled.
    public var scrollX: Int32 = 0, scrollY: Int32 = 0
    public var isMultiline: Bool
    public init(scalars: [UInt32], selection: Range<Int> = 0..<0, caret: Int? = nil, isMultiline: Bool = false) {
        self.scalars = scalars; self.selection = selection; self.caret = caret; self.isMultiline = isMultiline
    }
}

/// Knows what text controls show; nil leaves a control as layout made it.
public protocol ControlTextProvider: AnyObject {
    func controlText(of node: NodeID) -> ControlText?
}

/// A line of a text control: scalars `start..<end` and the pen position (1/64 pixel) before each and after the last.
struct ControlLine {
    var start: Int, end: Int
    var positions: [Int32]
}

/// Lines and coordinates of one text control. Content coordinates: pixels from the upper left corner of its content box.
struct ControlTextLayout {
    let tree: LayoutTree
    let shaper: TextShaper
    let box: BoxID
    let style: TextStyle
    /// Content box in page pixels.
    let content: Rect
    /// Baseline of the first line in content coordinates.
    let baseline: Int32
    var lineHeight: Int32 { Swift.max(1, style.lineHeight.round) }

    init?(tree: LayoutTree, shaper: TextShaper, node: NodeID) {
        let b = node.isNone ? noBox : tree.box(of: node)
        guard b != noBox, tree.flags(b).contains(.control) else { return nil }
        self.init(tree: tree, shaper: shaper, box: b)
    }
    init(tree: LayoutTree, shaper: TextShaper, box: BoxID) {
        self.tree = tree; self.shaper = shaper; self.box = box
        style = tree.textStyle(box)
        let g = tree.geometry[tree.geo(box)]
        content = snapped(g.pageX + g.contentLeft, g.pageY + g.contentTop, g.contentWidth, g.contentHeight)
        let line = g.lineStart < g.lineEnd ? (g.pageY + tree.lines[Int(g.lineStart)].baseline).round - content.y : nil
        baseline = line ?? style.boxAscent.round
    }

    /// Pen positions of scalars `start..<end`; words are shaped as painting shapes them.
    private func positions(_ s: [UInt32], _ start: Int, _ end: Int) -> [Int32] {
        var out: [Int32] = [0], fine: Int64 = 0, i = start
        let space = style.fineSpace, letter = Int64(style.letterSpacing.raw) << 10
        func add() { out.append(Int32(truncatingIfNeeded: (fine &+ 512) >> 10)) }
        while i < end {
            if s[i] <= 0x20 {
                fine &+= s[i] == 9 ? space &* 8 : space
                add()
                i += 1
                continue
            }
            var word: [UInt8] = []
            let base = fine
            var letters: Int64 = 0
            while i < end, s[i] > 0x20, word.count < TextShaper.wordByteCountMax - 4 {
                appendScalar(s[i], to: &word)
                i += 1
                letters += 1
                fine = base &+ word.withUnsafeBufferPointer { shaper.fineWidth($0, style) } &+ letter &* letters
                add()
            }
        }
        return out
    }

    func lines(_ text: ControlText) -> [ControlLine] {
        let s = text.scalars
        if !text.isMultiline { return [ControlLine(start: 0, end: s.count, positions: positions(s, 0, s.count))] }
        var result: [ControlLine] = [], start = 0
        while true {
            var end = start
            while end < s.count, s[end] != 10 { end += 1 }
            wrap(s, start, end, &result)
            if end == s.count { return result }
            start = end + 1
        }
    }

    /// Breaks one paragraph after spaces, and inside words that are wider than the control.
    private func wrap(_ s: [UInt32], _ start: Int, _ end: Int, _ result: inout [ControlLine]) {
        let all = positions(s, start, end), room = Swift.max(64, content.width &* 64)
        var from = start
        while true {
            let origin = all[from - start]
            var at = from, lastBreak = from
            while at < end, all[at + 1 - start] &- origin <= room || s[at] == 0x20 {
                at += 1
                if s[at - 1] == 0x20 { lastBreak = at }
            }
            let stop = at == end ? end : lastBreak > from ? lastBreak : Swift.max(from + 1, at)
            result.append(ControlLine(start: from, end: stop, positions: all[(from - start)...(stop - start)].map { $0 &- origin }))
            if stop == end { return }
            from = stop
        }
    }

    /// Line of a caret position; a position at a soft break belongs to the line that begins there.
    func line(of index: Int, _ lines: [ControlLine]) -> Int {
        var found = 0
        for (i, line) in lines.enumerated() where line.start <= index { found = i }
        return found
    }

    /// The caret in content coordinates, before scrolling.
    func caretRect(_ text: ControlText, at index: Int) -> Rect {
        let all = lines(text), i = line(of: index, all)
        let offset = Swift.max(0, Swift.min(index, all[i].end) - all[i].start)
        return Rect(all[i].positions[offset] >> 6, baseline - style.ascent.round + Int32(clamping: i) * lineHeight, 1, (style.ascent + style.descent).round)
    }

    /// Caret position nearest to a point in content coordinates, scrolling included by the caller.
    func index(_ text: ControlText, x: Int32, y: Int32) -> Int {
        let all = lines(text)
        let row = Int((y - (baseline - style.boxAscent.round)) / lineHeight)
        let line = all[Swift.max(0, Swift.min(all.count - 1, text.isMultiline ? row : 0))]
        var i = line.start
        while i < line.end, (line.positions[i - line.start] &+ line.positions[i + 1 - line.start]) / 2 < x << 6 { i += 1 }
        // The end of a wrapped line is drawn at the next one's beginning: stay before its last space.
        if i == line.end, i > line.start, i < text.scalars.count, text.scalars[i] != 10, text.isMultiline { i -= 1 }
        return i
    }
}

extension PageView {
    private func controlLayout(_ node: NodeID) -> ControlTextLayout? { ControlTextLayout(tree: tree, shaper: shaper, node: node) }

    /// Caret position nearest to a point of the page.
    public func controlIndex(of node: NodeID, _ text: ControlText, x: Int32, y: Int32) -> Int {
        guard let layout = controlLayout(node) else { return 0 }
        return layout.index(text, x: x - layout.content.x + text.scrollX, y: y - layout.content.y + text.scrollY)
    }
    /// Caret position one line (or `lines` lines) below or above another, keeping its x.
    public func controlIndex(of node: NodeID, _ text: ControlText, from index: Int, lines: Int32) -> Int {
        guard let layout = controlLayout(node) else { return index }
        let caret = layout.caretRect(text, at: index)
        return layout.index(text, x: caret.x, y: caret.y + caret.height / 2 + lines * layout.lineHeight)
    }
    /// First and last caret position of the visual line that `index` is in.
    public func controlLineBounds(of node: NodeID, _ text: ControlText, at index: Int) -> (start: Int, end: Int) {
        guard let layout = controlLayout(node) else { return (0, text.scalars.count) }
        let lines = layout.lines(text), line = lines[layout.line(of: index, lines)]
        let isSoft = line.end < text.scalars.count && text.scalars[line.end] != 10
        return (line.start, isSoft ? Swift.max(line.start, line.end - 1) : line.end)
    }
    /// The scroll offsets that keep the caret in sight and leave no needless room at the end.
    public func controlScroll(of node: NodeID, _ text: ControlText) -> (x: Int32, y: Int32) {
        guard let layout = controlLayout(node), let caret = text.caret else { return (text.scrollX, text.scrollY) }
        let r = layout.caretRect(text, at: caret)
        let c = layout.content
        if text.isMultiline {
            let total = layout.baseline - layout.style.boxAscent.round + Int32(clamping: layout.lines(text).count) * layout.lineHeight
            var y = Swift.min(text.scrollY, r.y)
            y = Swift.max(y, r.maxY + 1 - c.height)
            return (0, Swift.max(0, Swift.min(y, Swift.max(0, total - c.height))))
        }
        let end = layout.caretRect(text, at: text.scalars.count).x + 1
        var x = Swift.min(text.scrollX, r.x)
        x = Swift.max(x, r.maxX - c.width)
        return (Swift.max(0, Swift.min(x, Swift.max(0, end - c.width))), 0)
    }
    /// Rows that a text area shows at once.
    public func controlRows(of node: NodeID) -> Int32 {
        guard let layout = controlLayout(node) else { return 1 }
        return Swift.max(1, layout.content.height / layout.lineHeight)
    }
    /// Pixels by which a text area's content is taller than its box.
    public func controlOverflow(of node: NodeID, _ text: ControlText) -> Int32 {
        guard let layout = controlLayout(node) else { return 0 }
        return Swift.max(0, Int32(clamping: layout.lines(text).count) * layout.lineHeight - layout.content.height)
    }
}

extension Painter {
    static let selectionColor = Color(0xB5, 0xD3, 0xFF)

    /// Paints a control's live text in place of the text that layout made.
    func paintControl(_ b: BoxID, _ text: ControlText) {
        let layout = ControlTextLayout(tree: tree, shaper: shaper, box: b)
        if tree.style(b).visibility != .visible { return }
        let x = layout.content.x - text.scrollX, top = layout.content.y - text.scrollY
        for (i, line) in layout.lines(text).enumerated() {
            let baseline = top + layout.baseline + Int32(clamping: i) * layout.lineHeight
            if baseline + layout.lineHeight < clip.y || baseline - layout.lineHeight > clip.maxY { continue }
            let low = Swift.max(text.selection.lowerBound, line.start), high = Swift.min(text.selection.upperBound, line.end)
            let ascent = layout.style.ascent.round, height = (layout.style.ascent + layout.style.descent).round
            if low < high || (text.selection.lowerBound <= line.end && text.selection.upperBound > line.end && text.isMultiline) {
                let from = line.positions[Swift.min(low, line.end) - line.start] >> 6
                let to = text.selection.upperBound > line.end ? (line.positions[line.end - line.start] >> 6) + 4 : (line.positions[Swift.max(high, low) - line.start] + 63) >> 6
                emit(.fill(out(Rect(x + from, baseline - ascent, Swift.max(0, to - from), height)), Painter.selectionColor))
            }
            paintPieces(text.scalars, line, layout.style, x, baseline)
        }
        if let caret = text.caret, text.selection.isEmpty {
            let r = layout.caretRect(text, at: caret)
            emit(.fill(out(r.offset(x, top)), layout.style.color))
        }
    }

    /// A line's text between its tabs.
    private func paintPieces(_ scalars: [UInt32], _ line: ControlLine, _ ts: TextStyle, _ x: Int32, _ baseline: Int32) {
        var from = line.start
        while from < line.end {
            var to = from
            var bytes: [UInt8] = []
            while to < line.end, scalars[to] != 9 { appendScalar(scalars[to], to: &bytes); to += 1 }
            if !bytes.isEmpty { paintRun(String(decoding: bytes, as: UTF8.self), ts, ts.color, x: LayoutUnit(raw: x &* 64 &+ line.positions[from - line.start]), baseline: baseline) }
            from = to + 1
        }
    }
}
