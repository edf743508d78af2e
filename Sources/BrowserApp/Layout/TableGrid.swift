// The grid of a table: which cell covers which rows and columns (CSS 2.2 §17.5, HTML §4.9.12), bounded for absurd spans.
import DOM
import CSS

struct TableCell {
    var box: BoxID
    var row: Int, column: Int
    var rowSpan: Int, columnSpan: Int
}

struct TableGrid {
    static let columnCountMax = 1000
    static let slotCountMax = 1 << 20

    var isBuilt = false
    var captions: [BoxID] = []
    /// Row groups in visual order: head, bodies, foot.
    var groups: [BoxID] = []
    var rows: [BoxID] = []
    /// Index into `groups` of each row.
    var groupOfRow: [Int] = []
    var cells: [TableCell] = []
    var columnCount = 0
    /// Width properties of columns, from `col` and `colgroup`.
    var columnWidths: [Length] = []
    // Set by layout.
    var captionTop = LayoutUnit.zero, captionBottom = LayoutUnit.zero
    var columns: [TableColumn] = []
    var columnsAreMeasured = false
}

struct TableColumn {
    var min = LayoutUnit.zero, max = LayoutUnit.zero
    /// 16.16 per cent, as in `Length.percent`.
    var percent: Int32 = 0
    var isFixed = false
    var width = LayoutUnit.zero, x = LayoutUnit.zero
}

struct TableGridBuilder {
    let tree: LayoutTree
    let document: Document
    private var grid = TableGrid()
    /// Rows still covered from above, by column.
    private var covered: [Int] = []

    init(tree: LayoutTree, document: Document) { self.tree = tree; self.document = document }

    mutating func build(_ table: BoxID) -> TableGrid {
        collectGroups(table)
        for i in 0..<grid.groups.count { addGroup(i) }
        mergeColumns()
        grid.isBuilt = true
        return grid
    }

    private mutating func collectGroups(_ table: BoxID) {
        var heads: [BoxID] = [], bodies: [BoxID] = [], feet: [BoxID] = []
        var c = tree.firstChild(table)
        while c != noBox {
            switch tree.kind(c) {
            case .tableCaption: grid.captions.append(c)
            case .tableColumn: addColumns(c, inherited: .auto)
            case .tableColumnGroup: addColumnGroup(c)
            case .tableRowGroup:
                let display = tree.style(c).display
                if display == .tableHeaderGroup, heads.isEmpty { heads.append(c) } else if display == .tableFooterGroup, feet.isEmpty { feet.append(c) } else { bodies.append(c) }
            default: break
            }
            c = tree.next(c)
        }
        grid.groups = heads + bodies + feet
    }

    private func span(_ b: BoxID, _ name: Atom, _ most: Int32) -> Int {
        let node = tree.boxes[Int(b)].node
        guard !node.isNone, let value = integer(document.attribute(node, name)) else { return 1 }
        return Int(Swift.min(Swift.max(value, 0), most))
    }

    private mutating func addColumns(_ c: BoxID, inherited: Length) {
        let own = tree.style(c).width
        for _ in 0..<Swift.max(1, span(c, .span, 1000)) where grid.columnWidths.count < TableGrid.columnCountMax {
            grid.columnWidths.append(own.isAuto ? inherited : own)
        }
    }
    private mutating func addColumnGroup(_ group: BoxID) {
        var c = tree.firstChild(group)
        if c == noBox { addColumns(group, inherited: .auto); return }
        while c != noBox {
            if tree.kind(c) == .tableColumn { addColumns(c, inherited: tree.style(group).width) }
            c = tree.next(c)
        }
    }

    private mutating func addGroup(_ index: Int) {
        for i in 0..<covered.count { covered[i] = 0 }
        let firstRow = grid.rows.count, firstCell = grid.cells.count
        var r = tree.firstChild(grid.groups[index])
        while r != noBox {
            if tree.kind(r) == .tableRow {
                addRow(r)
                grid.rows.append(r)
                grid.groupOfRow.append(index)
            }
            r = tree.next(r)
        }
        let count = grid.rows.count - firstRow
        for i in firstCell..<grid.cells.count {
            grid.cells[i].rowSpan = Swift.min(grid.cells[i].rowSpan, firstRow + count - grid.cells[i].row)
        }
    }

    private mutating func addRow(_ row: BoxID) {
        var column = 0
        let rowIndex = grid.rows.count
        var c = tree.firstChild(row)
        while c != noBox {
            if tree.kind(c) == .tableCell {
                while column < covered.count, covered[column] > 0 { column += 1 }
                if column < TableGrid.columnCountMax { addCell(c, rowIndex, &column) }
            }
            c = tree.next(c)
        }
        for i in 0..<covered.count where covered[i] > 0 { covered[i] -= 1 }
    }

    private mutating func addCell(_ c: BoxID, _ row: Int, _ column: inout Int) {
        let columnSpan = Swift.min(Swift.max(1, span(c, .colspan, 1000)), TableGrid.columnCountMax - column)
        var rowSpan = span(c, .rowspan, 65534)
        if rowSpan == 0 { rowSpan = 65534 }
        grid.cells.append(TableCell(box: c, row: row, column: column, rowSpan: rowSpan, columnSpan: columnSpan))
        while covered.count < column + columnSpan { covered.append(0) }
        for i in column..<(column + columnSpan) { covered[i] = Swift.max(covered[i], rowSpan) }
        column += columnSpan
    }

    /// Columns in which no cell begins and that no `col` sizes are merged into the one before.
    private mutating func mergeColumns() {
        let count = Swift.max(covered.count, Swift.min(grid.columnWidths.count, TableGrid.columnCountMax))
        var begins = [Bool](repeating: false, count: count)
        for cell in grid.cells { begins[cell.column] = true }
        for i in 0..<Swift.min(count, grid.columnWidths.count) where !grid.columnWidths[i].isAuto { begins[i] = true }
        var map = [Int](repeating: 0, count: count + 1)
        var next = 0
        var widths: [Length] = []
        for i in 0..<count {
            if begins[i] || i == 0 { next += 1; widths.append(i < grid.columnWidths.count ? grid.columnWidths[i] : .auto) }
            map[i] = next - 1
        }
        for i in 0..<grid.cells.count {
            let cell = grid.cells[i]
            let last = map[cell.column + cell.columnSpan - 1]
            grid.cells[i].column = map[cell.column]
            grid.cells[i].columnSpan = last - map[cell.column] + 1
        }
        grid.columnCount = next
        grid.columnWidths = widths
    }
}
