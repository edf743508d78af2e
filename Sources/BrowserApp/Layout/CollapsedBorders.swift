// Conflict resolution of the collapsing border model (CSS 2.2 §17.6.2). Each edge is won by one border, which lies half in
// the cell and half in its neighbour or the table's own border. Painting centres whole borders on the edges.
import CSS
import Graphics

struct CollapsedBorders {
    var top = BorderSide.none, right = BorderSide.none, bottom = BorderSide.none, left = BorderSide.none
    /// What the box's own border takes: half of each.
    var widths: Edges { Edges(top: half(top), right: half(right), bottom: half(bottom), left: half(left)) }
    private func half(_ side: BorderSide) -> LayoutUnit { LayoutUnit(raw: side.width.raw / 2) }
}

struct BorderCollapser {
    let tree: LayoutTree
    let grid: TableGrid
    private var slots: [Int32] = []

    init(tree: LayoutTree, grid: TableGrid) { self.tree = tree; self.grid = grid }

    mutating func run(_ table: BoxID) {
        var outer = CollapsedBorders()
        fillSlots()
        let t = tree.style(table)
        for i in 0..<grid.cells.count {
            let cell = grid.cells[i]
            let s = tree.style(cell.box), row = tree.style(grid.rows[cell.row]), group = tree.style(grid.groups[grid.groupOfRow[cell.row]])
            let lastRow = cell.row + cell.rowSpan, lastColumn = cell.column + cell.columnSpan
            var sides = CollapsedBorders()
            sides.top = edge(s.borderTop, near: neighbour(cell.row - 1, cell.column), .bottom, outer: cell.row == 0 ? t.borderTop : .none, between(cell.row))
            sides.left = edge(s.borderLeft, near: neighbour(cell.row, cell.column - 1), .right, outer: cell.column == 0 ? t.borderLeft : .none, cell.column == 0 ? winner(row.borderLeft, group.borderLeft) : .none)
            sides.bottom = edge(s.borderBottom, near: neighbour(lastRow, cell.column), .top, outer: lastRow >= grid.rows.count ? t.borderBottom : .none, between(lastRow))
            sides.right = edge(s.borderRight, near: neighbour(cell.row, lastColumn), .left, outer: lastColumn >= grid.columnCount ? t.borderRight : .none, lastColumn >= grid.columnCount ? winner(row.borderRight, group.borderRight) : .none)
            tree.collapsedBorders[cell.box] = sides
            if cell.row == 0 { outer.top.width = Swift.max(outer.top.width, sides.top.width) }
            if cell.column == 0 { outer.left.width = Swift.max(outer.left.width, sides.left.width) }
            if lastRow >= grid.rows.count { outer.bottom.width = Swift.max(outer.bottom.width, sides.bottom.width) }
            if lastColumn >= grid.columnCount { outer.right.width = Swift.max(outer.right.width, sides.right.width) }
        }
        tree.collapsedBorders[table] = outer
    }

    /// Borders of rows and row groups along the edge above `row`.
    private func between(_ row: Int) -> BorderSide {
        var best = BorderSide.none
        if row > 0 {
            best = tree.style(grid.rows[row - 1]).borderBottom
            if row == grid.rows.count || grid.groupOfRow[row] != grid.groupOfRow[row - 1] { best = winner(best, tree.style(grid.groups[grid.groupOfRow[row - 1]]).borderBottom) }
        }
        if row < grid.rows.count {
            best = winner(best, tree.style(grid.rows[row]).borderTop)
            if row == 0 || grid.groupOfRow[row] != grid.groupOfRow[row - 1] { best = winner(best, tree.style(grid.groups[grid.groupOfRow[row]]).borderTop) }
        }
        return best
    }

    private mutating func fillSlots() {
        let count = grid.rows.count * grid.columnCount
        guard count <= TableGrid.slotCountMax else { return }
        slots = [Int32](repeating: -1, count: count)
        for i in 0..<grid.cells.count {
            let cell = grid.cells[i]
            for r in cell.row..<(cell.row + cell.rowSpan) { for c in cell.column..<(cell.column + cell.columnSpan) { slots[r * grid.columnCount + c] = Int32(i) } }
        }
    }

    private func neighbour(_ row: Int, _ column: Int) -> BoxID {
        guard row >= 0, column >= 0, row < grid.rows.count, column < grid.columnCount, !slots.isEmpty else { return noBox }
        let i = slots[row * grid.columnCount + column]
        return i < 0 ? noBox : grid.cells[Int(i)].box
    }

    private enum Side { case top, right, bottom, left }

    /// The border of one edge as this cell draws it.
    private func edge(_ own: BorderSide, near: BoxID, _ side: Side, outer: BorderSide, _ other: BorderSide) -> BorderSide {
        var best = own
        if near != noBox {
            let s = tree.style(near)
            switch side {
            case .top: best = winner(own, s.borderTop)
            case .right: best = winner(s.borderRight, own)
            case .bottom: best = winner(s.borderBottom, own)
            case .left: best = winner(own, s.borderLeft)
            }
        }
        best = winner(winner(best, other), outer)
        if best.style == .hidden || best.style == .none { return .none }
        return best
    }

    /// The stronger of two borders: hidden, then wider, then by style; the first wins ties.
    private func winner(_ a: BorderSide, _ b: BorderSide) -> BorderSide {
        if a.style == .hidden { return a }
        if b.style == .hidden { return b }
        if b.style == .none { return a }
        if a.style == .none { return b }
        if a.width != b.width { return a.width > b.width ? a : b }
        return rank(b.style) > rank(a.style) ? b : a
    }
    private func rank(_ s: BorderStyle) -> Int {
        switch s {
        case .double: return 8
        case .solid: return 7
        case .dashed: return 6
        case .dotted: return 5
        case .ridge: return 4
        case .outset: return 3
        case .groove: return 2
        case .inset: return 1
        default: return 0
        }
    }
}
