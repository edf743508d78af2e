// Columns of text (CSS Multi-column Layout 1): contents are laid out once at the width of a column, then cut between lines and
// boxes into columns of balanced height and moved beside each other.
import CSS

/// How a box divides its content width.
struct ColumnSetup {
    var count: Int
    var width: LayoutUnit, gap: LayoutUnit
}

/// Where the columns begin in the single tall flow, and how far each is moved.
private struct ColumnCuts {
    var starts: [LayoutUnit]
    var step: LayoutUnit
    func column(_ y: LayoutUnit) -> Int {
        var low = 0, high = starts.count - 1
        while low < high { let middle = (low + high + 1) / 2; if starts[middle] <= y { low = middle } else { high = middle - 1 } }
        return low
    }
    func x(_ column: Int) -> LayoutUnit { step * Int32(column) }
}

extension LayoutEngine {
    static let columnCountMax: Int32 = 1000

    /// The columns of a block container of this content width (§3.4); nil when it has none.
    func columnSetup(_ b: BoxID, _ width: LayoutUnit) -> ColumnSetup? {
        guard tree.kind(b) == .block, !tree.flags(b).contains(.anonymous) else { return nil }
        let s = style(b).box
        guard s.columnCount > 0 || !s.columnWidth.isAuto else { return nil }
        let gap = s.columnGap.isAuto ? style(b).fontSize : Swift.max(.zero, s.columnGap.resolveOrZero(width))
        var count = s.columnCount > 0 ? Swift.min(s.columnCount, LayoutEngine.columnCountMax) : LayoutEngine.columnCountMax
        if let wanted = s.columnWidth.absolute, !s.columnWidth.isAuto {
            let room = Int64(width.raw) + Int64(gap.raw), each = Swift.max(1, Int64(wanted.raw) + Int64(gap.raw))
            count = Swift.max(1, Swift.min(count, Int32(clamping: room / each)))
        }
        let inner = LayoutUnit(raw: Swift.max(0, (width - gap * (count - 1)).raw) / count)
        return ColumnSetup(count: Int(count), width: inner, gap: gap)
    }

    func layoutColumns(_ b: BoxID, _ setup: ColumnSetup, contentHeight: LayoutUnit?) -> ContentResult {
        let g = tree.geo(b)
        let full = tree.geometry[g].width, left = tree.geometry[g].contentLeft, top = tree.geometry[g].contentTop
        tree.geometry[g].width = setup.width + frameWidth(b)
        let floats = FloatContext()
        var result = layoutContents(b, contentHeight: contentHeight, floats: floats, x: left, y: top)
        if floats.bottom > top + result.height { result.height = floats.bottom - top }
        tree.geometry[g].width = full
        var pieces: [(top: LayoutUnit, bottom: LayoutUnit)] = []
        collectPieces(b, -top, &pieces)
        guard !pieces.isEmpty, setup.count > 1 else { return result }
        let (starts, height) = balance(pieces, setup.count, total: result.height, limit: contentHeight)
        let cuts = ColumnCuts(starts: starts, step: setup.width + setup.gap)
        moveToColumns(b, oldX: -left, oldY: -top, newX: -left, newY: -top, cuts, height)
        tree.geometry[g].firstBaseline = .min; tree.geometry[g].lastBaseline = .min
        result.height = height
        return result
    }

    /// Lines and boxes that no column cuts, in order; `y` is the box's top in content coordinates.
    private func collectPieces(_ b: BoxID, _ y: LayoutUnit, _ pieces: inout [(top: LayoutUnit, bottom: LayoutUnit)]) {
        let g = tree.geometry[tree.geo(b)]
        if tree.flags(b).contains(.inlineChildren) {
            for l in Int(g.lineStart)..<Int(g.lineEnd) { pieces.append((y + tree.lines[l].y, y + tree.lines[l].y + tree.lines[l].height)) }
            return
        }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.kind(c) != .marker, tree.kind(c).hasGeometry, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]) {
                let child = tree.geometry[tree.geo(c)], top = y + child.y, before = pieces.count
                if isDivisible(c) { collectPieces(c, top, &pieces) }
                if pieces.count == before { pieces.append((top, top + child.height)) }
            }
            c = tree.next(c)
        }
    }
    private func isDivisible(_ c: BoxID) -> Bool { tree.kind(c) == .block && !tree.flags(c).contains(.formattingRoot) }

    /// The least height at which the pieces fill no more columns than there are, and where each column begins.
    private func balance(_ pieces: [(top: LayoutUnit, bottom: LayoutUnit)], _ count: Int, total: LayoutUnit, limit: LayoutUnit?) -> ([LayoutUnit], LayoutUnit) {
        var height = LayoutUnit(raw: Int32((Int64(total.raw) + Int64(count) - 1) / Int64(count)))
        for piece in pieces { height = Swift.max(height, piece.bottom - piece.top) }
        for _ in 0..<64 {
            var starts = [LayoutUnit.zero], shortage = LayoutUnit.max
            for piece in pieces where piece.bottom - starts[starts.count - 1] > height && piece.top > starts[starts.count - 1] {
                shortage = Swift.min(shortage, piece.bottom - starts[starts.count - 1] - height)
                starts.append(piece.top)
            }
            if let limit, height >= limit { return (starts, limit) }
            // The margin behind the last piece belongs to its column.
            let rest = total - starts[starts.count - 1] - height
            if rest > .zero { shortage = Swift.min(shortage, rest) }
            if starts.count <= count, rest <= .zero { return (starts, height) }
            height += Swift.max(LayoutUnit(raw: 1), shortage)
        }
        return ([.zero], total)
    }

    /// Moves what is in `b`, whose border box was at old and is at new in content coordinates of the columns' box.
    private func moveToColumns(_ b: BoxID, oldX: LayoutUnit, oldY: LayoutUnit, newX: LayoutUnit, newY: LayoutUnit, _ cuts: ColumnCuts, _ height: LayoutUnit) {
        let g = tree.geo(b)
        for l in Int(tree.geometry[g].lineStart)..<Int(tree.geometry[g].lineEnd) {
            let k = cuts.column(oldY + tree.lines[l].y)
            let dx = oldX + cuts.x(k) - newX, dy = oldY - cuts.starts[k] - newY
            tree.lines[l].y += dy; tree.lines[l].baseline += dy
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) {
                tree.fragments[f].x += dx; tree.fragments[f].y += dy; tree.fragments[f].baseline += dy
            }
        }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.boxes[Int(c)].geometry >= 0 { moveBox(c, oldX, oldY, newX, newY, cuts, height) }
            else if tree.firstChild(c) != noBox { c = tree.firstChild(c); continue }
            while c != b, tree.next(c) == noBox { c = tree.parent(c) }
            if c == b { break }
            c = tree.next(c)
        }
    }

    private func moveBox(_ c: BoxID, _ oldX: LayoutUnit, _ oldY: LayoutUnit, _ newX: LayoutUnit, _ newY: LayoutUnit, _ cuts: ColumnCuts, _ height: LayoutUnit) {
        let g = tree.geo(c)
        let x = oldX + tree.geometry[g].x, y = oldY + tree.geometry[g].y
        let first = cuts.column(y), last = isDivisible(c) ? cuts.column(Swift.max(y, y + tree.geometry[g].height - LayoutUnit(raw: 1))) : first
        let movedX = x + cuts.x(first)
        var movedY = y - cuts.starts[first]
        if last > first {
            // Spans columns: its box covers its parts in all of them. The first part ends where its column does.
            var bottom = height
            if last == first + 1, y + tree.geometry[g].height - cuts.starts[last] < height { bottom = Swift.max(height, y + tree.geometry[g].height - cuts.starts[last]) }
            let oldX = x, oldY = y
            tree.geometry[g].width += cuts.x(last) - cuts.x(first)
            movedY = .zero
            tree.geometry[g].height = bottom
            tree.geometry[g].firstBaseline = .min; tree.geometry[g].lastBaseline = .min
            moveToColumns(c, oldX: oldX, oldY: oldY, newX: movedX, newY: movedY, cuts, height)
        }
        tree.geometry[g].x = movedX - newX; tree.geometry[g].y = movedY - newY
    }
}
