// Table layout: column widths by the automatic and fixed algorithms (CSS 2.2 §17.5.2, CSS Tables 3 §4), row heights,
// vertical alignment in cells.
import DOM
import CSS

extension LayoutEngine {
    private func gridIndex(_ b: BoxID) -> Int { Int(tree.boxes[Int(b)].textStart) }

    private func spacing(_ b: BoxID) -> (x: LayoutUnit, y: LayoutUnit) {
        let s = style(b), index = gridIndex(b)
        if tree.tables[index].isBuilt, tree.tables[index].columnCount == 0 { return (.zero, .zero) }
        return s.borderCollapse == .collapse ? (.zero, .zero) : (s.borderSpacingX.floored, s.borderSpacingY.floored)       // whole pixels, as Chromium keeps them
    }

    private func usesCollapsedBorders(_ b: BoxID) -> Bool { style(b).borderCollapse == .collapse }

    /// Builds the grid once and measures the columns once a layout.
    private func prepare(_ b: BoxID) -> Int {
        let index = gridIndex(b)
        if !tree.tables[index].isBuilt {
            var builder = TableGridBuilder(tree: tree, document: document)
            tree.tables[index] = builder.build(b)
        }
        if !tree.tables[index].columnsAreMeasured {
            if usesCollapsedBorders(b) {
                var collapser = BorderCollapser(tree: tree, grid: tree.tables[index])
                collapser.run(b)
            }
            tree.tables[index].columns = measureColumns(tree.tables[index], spacing: spacing(b).x)
            tree.tables[index].columnsAreMeasured = true
            resolveEdges(b, .zero)
        }
        return index
    }

    // MARK: Columns

    private func measureColumns(_ grid: TableGrid, spacing: LayoutUnit) -> [TableColumn] {
        var columns = [TableColumn](repeating: TableColumn(), count: grid.columnCount)
        for i in 0..<grid.columnCount { applyWidth(grid.columnWidths[i], &columns[i], content: .zero) }
        var spanning: [Int] = []
        for i in 0..<grid.cells.count {
            let cell = grid.cells[i]
            if cell.columnSpan > 1 { spanning.append(i); continue }
            measure(cell, &columns[cell.column])
        }
        spanning.sort { grid.cells[$0].columnSpan != grid.cells[$1].columnSpan ? grid.cells[$0].columnSpan < grid.cells[$1].columnSpan : $0 < $1 }
        for i in spanning {
            var whole = TableColumn()
            measure(grid.cells[i], &whole)
            spread(whole, grid.cells[i], &columns, spacing)
        }
        for i in 0..<columns.count { columns[i].max = Swift.max(columns[i].max, columns[i].min) }
        return columns
    }

    private func measure(_ cell: TableCell, _ column: inout TableColumn) {
        resolveEdges(cell.box, .zero)
        let i = intrinsic(cell.box)
        let s = style(cell.box)
        var least = i.min
        let limit = absoluteBorderBox(cell.box, s.maxWidth)
        if let limit { least = Swift.min(least, limit) }
        if let floor = absoluteBorderBox(cell.box, s.minWidth) { least = Swift.max(least, floor) }
        column.min = Swift.max(column.min, least)
        var most = Swift.max(i.max, least)
        if let limit { most = Swift.max(least, Swift.min(most, limit)) }
        if s.whiteSpace == .nowrap, case .px = s.width { column.min = Swift.max(column.min, i.min) }
        if let w = absoluteBorderBox(cell.box, s.width) {
            if !column.isFixed { column.isFixed = true; column.max = Swift.max(column.min, w) } else { column.max = Swift.max(column.max, Swift.max(w, least)) }
        } else {
            if !column.isFixed { column.max = Swift.max(column.max, most) }
            if case .percent(let p) = s.width { column.percent = Swift.max(column.percent, p) }
        }
    }

    private func absoluteBorderBox(_ b: BoxID, _ l: Length) -> LayoutUnit? {
        guard case .px(let v) = l, v > .zero else { return nil }
        return borderBoxWidth(b, l, base: .zero, available: .zero)
    }

    private func applyWidth(_ width: Length, _ column: inout TableColumn, content: LayoutUnit) {
        switch width {
        case .px(let v) where v > .zero: column.isFixed = true; column.max = v
        case .percent(let p): column.percent = p
        default: break
        }
    }

    /// Gives what a spanning cell needs beyond its columns to them, in proportion to their maximum widths.
    private func spread(_ whole: TableColumn, _ cell: TableCell, _ columns: inout [TableColumn], _ spacing: LayoutUnit) {
        let range = cell.column..<(cell.column + cell.columnSpan)
        let gaps = spacing * Int32(cell.columnSpan - 1)
        var minSum = gaps, maxSum = gaps
        var flexible: Int32 = 0
        for i in range { minSum += columns[i].min; maxSum += columns[i].max; if !columns[i].isFixed { flexible += 1 } }
        if whole.max > maxSum { distribute(whole.max - maxSum, range, &columns, toMin: false, onlyFlexible: flexible > 0) }
        if whole.min > minSum { distribute(whole.min - minSum, range, &columns, toMin: true, onlyFlexible: flexible > 0) }
        if whole.percent > 0 {
            var has: Int32 = 0
            for i in range { has += columns[i].percent }
            if has == 0 { for i in range { columns[i].percent = whole.percent / Int32(cell.columnSpan) } }
        }
    }

    private func distribute(_ extra: LayoutUnit, _ range: Range<Int>, _ columns: inout [TableColumn], toMin: Bool, onlyFlexible: Bool) {
        var weight: Int64 = 0, count: Int32 = 0
        for i in range where !onlyFlexible || !columns[i].isFixed { weight += Int64(columns[i].max.raw); count += 1 }
        var left = extra
        var last = -1
        for i in range where !onlyFlexible || !columns[i].isFixed {
            let share = weight > 0 ? LayoutUnit(clamping: Int64(extra.raw) * Int64(columns[i].max.raw) / weight) : extra / count
            left -= share; last = i
            if toMin { columns[i].min += share } else { columns[i].max += share }
        }
        if last >= 0, left > .zero { if toMin { columns[last].min += left } else { columns[last].max += left } }
    }

    // MARK: Width of the table

    func tableIntrinsic(_ b: BoxID) -> Intrinsic {
        let index = prepare(b)
        let columns = tree.tables[index].columns
        let gaps = (columns.isEmpty ? .zero : spacing(b).x * Int32(columns.count + 1)) + frameWidth(b)
        var least = LayoutUnit.zero, most = LayoutUnit.zero
        var percentSum: Int64 = 0, otherMax = LayoutUnit.zero, fromPercent = LayoutUnit.zero
        let hundred = Int64(Length.onePercent) * 100
        for c in columns {
            least += c.min; most += c.max
            if c.percent > 0 {
                percentSum += Int64(c.percent)
                fromPercent = Swift.max(fromPercent, LayoutUnit(clamping: Int64(c.max.raw) * hundred / Int64(c.percent)))
            } else { otherMax += c.max }
        }
        if percentSum > 0 {
            most = Swift.max(most, fromPercent)
            if percentSum >= hundred, otherMax > .zero { most = LayoutUnit(1_000_000) }     // there is no width that is enough
            else if percentSum < hundred { most = Swift.max(most, LayoutUnit(clamping: Int64(otherMax.raw) * hundred / (hundred - percentSum))) }
            most = Swift.min(most, Swift.max(viewportWidth, least))
        }
        var captionMin = LayoutUnit.zero
        for caption in tree.tables[index].captions { captionMin = Swift.max(captionMin, contribution(caption).min) }
        return Intrinsic(min: Swift.max(least + gaps, captionMin), max: Swift.max(most + gaps, captionMin))
    }

    /// Used border-box width (§17.5.2.2).
    func tableWidth(_ b: BoxID, base: LayoutUnit, available: LayoutUnit) -> LayoutUnit {
        let i = intrinsic(b)
        let s = style(b)
        var width: LayoutUnit
        if let specified = borderBoxWidth(b, s.width, base: base, available: available) {
            width = isFixedLayout(b) ? specified : Swift.max(specified, i.min)
        } else {
            width = Swift.max(i.min, Swift.min(i.max, available))
        }
        width = clampWidth(b, width, base: base, available: available)
        return isFixedLayout(b) ? width : Swift.max(width, i.min)
    }

    private func isFixedLayout(_ b: BoxID) -> Bool { style(b).tableLayout == .fixed && !style(b).width.isAuto }

    private func assignColumns(_ b: BoxID, _ index: Int) {
        let gap = spacing(b).x
        let g = tree.geo(b)
        let count = tree.tables[index].columns.count
        let available = Swift.max(.zero, tree.geometry[g].contentWidth - gap * Int32(count + 1))
        var columns = tree.tables[index].columns
        if isFixedLayout(b) { assignFixed(tree.tables[index], &columns, available) } else { assignAuto(&columns, available) }
        var x = gap
        for i in 0..<columns.count { columns[i].x = x; x += columns[i].width + gap }
        tree.tables[index].columns = columns
    }

    /// Interpolates between four guesses, or shares what is left beyond the largest (CSS Tables 3 §4.4).
    private func assignAuto(_ columns: inout [TableColumn], _ available: LayoutUnit) {
        let count = columns.count
        var guesses = [[LayoutUnit]](repeating: [LayoutUnit](repeating: .zero, count: count), count: 4)
        for i in 0..<count {
            let c = columns[i]
            let percent = c.percent > 0 ? Swift.max(c.min, Length.percentage(c.percent, of: available)) : nil
            guesses[0][i] = c.min
            guesses[1][i] = percent ?? c.min
            guesses[2][i] = percent ?? (c.isFixed ? c.max : c.min)
            guesses[3][i] = percent ?? c.max
        }
        var sums: [LayoutUnit] = []
        for guess in guesses { var sum = LayoutUnit.zero; for w in guess { sum += w }; sums.append(sum) }
        if available <= sums[0] { for i in 0..<count { columns[i].width = guesses[0][i] }; return }
        for k in 1..<4 where available <= sums[k] {
            let span = sums[k] - sums[k - 1], part = available - sums[k - 1]
            var given = LayoutUnit.zero
            for i in 0..<count {
                columns[i].width = guesses[k - 1][i] + (guesses[k][i] - guesses[k - 1][i]).scaled(by: part, over: span)
                given += columns[i].width
            }
            if count > 0 { columns[count - 1].width += available - given }
            return
        }
        for i in 0..<count { columns[i].width = guesses[3][i] }
        shareExcess(&columns, available - sums[3])
    }

    private func shareExcess(_ columns: inout [TableColumn], _ excess: LayoutUnit) {
        guard !columns.isEmpty, excess > .zero else { return }
        var hasAuto = false, hasFixed = false
        for c in columns { if c.percent == 0 { if c.isFixed { hasFixed = true } else { hasAuto = true } } }
        func takes(_ c: TableColumn) -> Bool { hasAuto ? c.percent == 0 && !c.isFixed : hasFixed ? c.percent == 0 : true }
        var weight: Int64 = 0, takers: Int32 = 0
        for c in columns where takes(c) { weight += Int64(c.width.raw); takers += 1 }
        var left = excess, last = 0
        for i in 0..<columns.count where takes(columns[i]) {
            let share = weight > 0 ? LayoutUnit(clamping: Int64(excess.raw) * Int64(columns[i].width.raw) / weight) : excess / takers
            columns[i].width += share; left -= share; last = i
        }
        columns[last].width += left
    }

    private func assignFixed(_ grid: TableGrid, _ columns: inout [TableColumn], _ available: LayoutUnit) {
        var set = [Bool](repeating: false, count: columns.count)
        for i in 0..<columns.count {
            if let w = grid.columnWidths[i].resolve(available), !grid.columnWidths[i].isAuto { columns[i].width = w; set[i] = true }
        }
        for cell in grid.cells where cell.row == 0 && !set[cell.column] {
            guard let w = borderBoxWidth(cell.box, style(cell.box).width, base: available, available: available) else { continue }
            for k in cell.column..<(cell.column + cell.columnSpan) { columns[k].width = w / Int32(cell.columnSpan); set[k] = true }
        }
        var usedSum = LayoutUnit.zero, free: Int32 = 0
        for i in 0..<columns.count { if set[i] { usedSum += columns[i].width } else { free += 1 } }
        let rest = Swift.max(.zero, available - usedSum)
        if free > 0 { for i in 0..<columns.count where !set[i] { columns[i].width = rest / free } }
        else if usedSum > .zero, rest > .zero { for i in 0..<columns.count { columns[i].width += rest.scaled(by: columns[i].width, over: usedSum) } }
    }

    // MARK: Rows

    func layoutTable(_ b: BoxID, contentHeight: LayoutUnit?) -> ContentResult {
        let index = prepare(b)
        resolveEdgesKeepingMargins(b)
        assignColumns(b, index)
        let captionTop = layoutCaptions(b, index, atTop: true, y: .zero)
        let grid = tree.tables[index]
        var heights = layoutCells(grid, gap: spacing(b))
        stretchRows(b, grid, &heights, contentHeight.map { $0 - captionTop })
        let bottom = placeRows(b, grid, heights, top: captionTop)
        tree.tables[index].captionTop = captionTop
        let g = tree.geo(b)
        let captionBottom = layoutCaptions(b, index, atTop: false, y: bottom + tree.geometry[g].contentTop + tree.geometry[g].padding.bottom + tree.geometry[g].border.bottom)
        tree.tables[index].captionBottom = captionBottom
        var result = ContentResult()
        result.height = bottom + captionBottom
        return result
    }

    private func resolveEdgesKeepingMargins(_ b: BoxID) {
        let g = tree.geo(b)
        let margin = tree.geometry[g].margin
        let p = tree.container(b)
        resolveEdges(b, p == noBox ? viewportWidth : tree.geometry[tree.geo(p)].contentWidth)
        tree.geometry[g].margin = margin
    }

    /// Lays captions out at the table's width; returns the height they take.
    private func layoutCaptions(_ b: BoxID, _ index: Int, atTop: Bool, y: LayoutUnit) -> LayoutUnit {
        var used = LayoutUnit.zero
        let width = tree.geometry[tree.geo(b)].width
        for c in tree.tables[index].captions where (style(c).captionSide == .top) == atTop {
            resolveEdges(c, width)
            let cg = tree.geo(c)
            let margin = tree.geometry[cg].margin
            layout(c, width: Swift.max(.zero, width - margin.horizontal), baseHeight: nil)
            tree.geometry[cg].x = margin.left
            tree.geometry[cg].y = y + used + margin.top
            used += tree.geometry[cg].height + margin.vertical
        }
        return used
    }

    private struct RowHeights { var height: [LayoutUnit]; var baseline: [LayoutUnit] }

    private func cellWidth(_ grid: TableGrid, _ cell: TableCell) -> LayoutUnit {
        let last = grid.columns[cell.column + cell.columnSpan - 1]
        return last.x + last.width - grid.columns[cell.column].x
    }

    private func alignsBaseline(_ b: BoxID) -> Bool {
        switch style(b).verticalAlign {
        case .top, .middle, .bottom: return false
        default: return true
        }
    }

    private func layoutCells(_ grid: TableGrid, gap: (x: LayoutUnit, y: LayoutUnit)) -> RowHeights {
        var rows = RowHeights(height: [LayoutUnit](repeating: .zero, count: grid.rows.count), baseline: [LayoutUnit](repeating: .zero, count: grid.rows.count))
        var below = rows.height
        for r in 0..<grid.rows.count { rows.height[r] = Swift.max(.zero, style(grid.rows[r]).height.absolute ?? .zero) }
        for cell in grid.cells {
            let width = cellWidth(grid, cell)
            resolveEdges(cell.box, width)
            memo[tree.geo(cell.box)].laidOutWidth = .min    // its contents may have been shifted
            layout(cell.box, width: width, baseHeight: nil)
            guard cell.rowSpan == 1 else { continue }
            let height = tree.geometry[tree.geo(cell.box)].height
            if alignsBaseline(cell.box) {
                let baseline = cellBaseline(cell.box)
                rows.baseline[cell.row] = Swift.max(rows.baseline[cell.row], baseline)
                below[cell.row] = Swift.max(below[cell.row], height - baseline)
            } else {
                rows.height[cell.row] = Swift.max(rows.height[cell.row], height)
            }
        }
        for r in 0..<grid.rows.count { rows.height[r] = Swift.max(rows.height[r], rows.baseline[r] + below[r]) }
        for cell in grid.cells where cell.rowSpan > 1 {
            var sum = gap.y * Int32(cell.rowSpan - 1)
            for r in cell.row..<(cell.row + cell.rowSpan) { sum += rows.height[r] }
            let missing = tree.geometry[tree.geo(cell.box)].height - sum
            if missing > .zero { grow(&rows.height, cell.row..<(cell.row + cell.rowSpan), missing) }
        }
        return rows
    }

    /// Shares what a spanning cell needs beyond its rows among them, in proportion to their heights; empty rows take none
    /// unless all are empty (CSS Tables 3 §4.5).
    private func grow(_ heights: inout [LayoutUnit], _ range: Range<Int>, _ extra: LayoutUnit) {
        var sum = LayoutUnit.zero, left = extra
        for r in range { sum += heights[r] }
        for r in range where sum > .zero {
            let share = extra.scaled(by: heights[r], over: sum)
            heights[r] += share; left -= share
        }
        heights[range.upperBound - 1] += left
    }

    private func cellBaseline(_ b: BoxID) -> LayoutUnit {
        let g = tree.geo(b)
        return firstBaseline(b) ?? (tree.geometry[g].height - tree.geometry[g].padding.bottom - tree.geometry[g].border.bottom)
    }

    private func stretchRows(_ b: BoxID, _ grid: TableGrid, _ rows: inout RowHeights, _ contentHeight: LayoutUnit?) {
        guard let wanted = contentHeight, !grid.rows.isEmpty else { return }
        var sum = spacing(b).y * Int32(grid.rows.count + 1)
        for h in rows.height { sum += h }
        let extra = wanted - sum
        guard extra > .zero else { return }
        let share = extra / Int32(grid.rows.count)
        for r in 0..<grid.rows.count { rows.height[r] += share }
        rows.height[grid.rows.count - 1] += extra - share * Int32(grid.rows.count)
    }

    /// Positions groups, rows and cells; returns the content height down to the last row's spacing.
    private func placeRows(_ b: BoxID, _ grid: TableGrid, _ rows: RowHeights, top: LayoutUnit) -> LayoutUnit {
        let gap = spacing(b), g = tree.geo(b)
        let left = tree.geometry[g].contentLeft, offsetY = tree.geometry[g].contentTop
        let rowWidth = Swift.max(.zero, tree.geometry[g].contentWidth - gap.x * 2)
        var y = top + gap.y
        var rowTop = [LayoutUnit](repeating: .zero, count: grid.rows.count)
        var r = 0
        for (i, group) in grid.groups.enumerated() {
            let gg = tree.geo(group)
            tree.geometry[gg].x = left + gap.x; tree.geometry[gg].y = offsetY + y
            tree.geometry[gg].width = rowWidth
            let start = y
            while r < grid.rows.count, grid.groupOfRow[r] == i {
                let rg = tree.geo(grid.rows[r])
                tree.geometry[rg].x = .zero; tree.geometry[rg].y = y - start
                tree.geometry[rg].width = rowWidth; tree.geometry[rg].height = rows.height[r]
                rowTop[r] = y
                y += rows.height[r] + gap.y
                r += 1
            }
            tree.geometry[gg].height = Swift.max(.zero, y - start - gap.y)
        }
        for cell in grid.cells { placeCell(cell, grid, rows, rowTop, gap) }
        placeColumns(b, grid, left: left, top: offsetY + top + gap.y, height: Swift.max(.zero, y - top - gap.y * 2))
        return grid.rows.isEmpty ? top : y
    }

    /// `col` and `colgroup` boxes cover their columns from the first row to the last.
    private func placeColumns(_ b: BoxID, _ grid: TableGrid, left: LayoutUnit, top: LayoutUnit, height: LayoutUnit) {
        func place(_ c: BoxID, _ first: Int, _ last: Int, in originX: LayoutUnit, _ originY: LayoutUnit) {
            let g = tree.geo(c)
            guard first < grid.columns.count else { return }
            let end = grid.columns[Swift.min(last, grid.columns.count - 1)]
            tree.geometry[g].x = left + grid.columns[first].x - originX
            tree.geometry[g].y = top - originY
            tree.geometry[g].width = end.x + end.width - grid.columns[first].x
            tree.geometry[g].height = height
        }
        var next = 0
        func span(_ c: BoxID) -> Int {
            let node = tree.boxes[Int(c)].node
            return node.isNone ? 1 : Int(Swift.max(1, Swift.min(1000, integer(document.attribute(node, .span)) ?? 1)))
        }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.kind(c) == .tableColumn { let n = span(c); place(c, next, next + n - 1, in: .zero, .zero); next += n }
            else if tree.kind(c) == .tableColumnGroup {
                let first = next
                var k = tree.firstChild(c)
                if k == noBox { next += span(c) }
                var counts: [(BoxID, Int, Int)] = []
                while k != noBox { if tree.kind(k) == .tableColumn { let n = span(k); counts.append((k, next, next + n - 1)); next += n }; k = tree.next(k) }
                place(c, first, Swift.max(first, next - 1), in: .zero, .zero)
                for (k, from, to) in counts { place(k, from, to, in: tree.geometry[tree.geo(c)].x, tree.geometry[tree.geo(c)].y) }
            }
            c = tree.next(c)
        }
    }

    private func placeCell(_ cell: TableCell, _ grid: TableGrid, _ rows: RowHeights, _ rowTop: [LayoutUnit], _ gap: (x: LayoutUnit, y: LayoutUnit)) {
        let g = tree.geo(cell.box)
        let last = cell.row + cell.rowSpan - 1
        let height = rowTop[last] + rows.height[last] - rowTop[cell.row]
        let natural = tree.geometry[g].height
        tree.geometry[g].x = grid.columns[cell.column].x - gap.x
        tree.geometry[g].y = .zero
        var shift = LayoutUnit.zero
        switch style(cell.box).verticalAlign {
        case .top: break
        case .middle: shift = LayoutUnit(raw: (height - natural).raw / 2)
        case .bottom: shift = height - natural
        default: shift = Swift.min(rows.baseline[cell.row] - cellBaseline(cell.box), height - natural)
        }
        tree.geometry[g].height = height
        if shift > .zero { shiftContents(cell.box, shift) }
        applyRelative(cell.box, .zero, nil)
    }

    /// Moves everything inside a box down.
    func shiftContents(_ b: BoxID, _ dy: LayoutUnit) {
        let g = tree.geo(b)
        for l in Int(tree.geometry[g].lineStart)..<Int(tree.geometry[g].lineEnd) {
            tree.lines[l].y += dy; tree.lines[l].baseline += dy
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) { tree.fragments[f].y += dy; tree.fragments[f].baseline += dy }
        }
        if tree.geometry[g].firstBaseline != .min { tree.geometry[g].firstBaseline += dy }
        if tree.geometry[g].lastBaseline != .min { tree.geometry[g].lastBaseline += dy }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.boxes[Int(c)].geometry >= 0 { tree.geometry[tree.geo(c)].y += dy }
            else if tree.firstChild(c) != noBox { c = tree.firstChild(c); continue }
            while c != b, tree.next(c) == noBox { c = tree.parent(c) }
            if c == b { break }
            c = tree.next(c)
        }
    }
}
