// Placement of grid items (CSS Grid 2 §8): line numbers and names to cells, then automatic placement, sparse or dense.
// Invariant: every item ends inside `columnCount` × `rowCount`, which are at most `trackCountMax` each.
import DOM
import CSS

struct GridItem {
    var box: BoxID
    var order: Int32
    /// First track and number of tracks; -1 until placed.
    var column = -1, columnSpan = 1, row = -1, rowSpan = 1
}

/// The lines of one axis: how many explicit tracks there are and what its lines are called.
struct GridAxis {
    var trackCount: Int
    /// Names of the line before each track; the last entry is the end line.
    var names: [[String]]

    /// Index of the n-th line with this name, -1 for none. Area lines are called `name-start` and `name-end`.
    func line(named name: String, suffix: String, occurrence: Int) -> Int {
        var left = occurrence
        for i in 0..<names.count {
            for n in names[i] where n == name || n == name + suffix { left -= 1; if left == 0 { return i }; break }
        }
        return -1
    }
}

struct GridPlacer {
    static let trackCountMax = 1000

    var columns: GridAxis, rows: GridAxis
    let flow: GridAutoFlow
    var items: [GridItem] = []
    private(set) var columnCount: Int, rowCount: Int
    /// Tracks before the explicit grid, from negative positions.
    private(set) var leadingColumns = 0, leadingRows = 0
    private var taken: [[Bool]] = []

    init(columns: GridAxis, rows: GridAxis, flow: GridAutoFlow) {
        self.columns = columns; self.rows = rows; self.flow = flow
        columnCount = Swift.max(1, columns.trackCount); rowCount = rows.trackCount
    }

    /// Start (nil: automatic) and span of one axis (§8.3).
    static func resolve(_ start: GridLine, _ end: GridLine, _ axis: GridAxis) -> (start: Int?, span: Int) {
        let s = position(start, axis, "-start"), e = position(end, axis, "-end")
        if var s, var e {
            if s > e { swap(&s, &e) }
            return (s, Swift.max(1, e - s))
        }
        let span = start.isSpan ? Int(start.number) : end.isSpan ? Int(end.number) : 1
        if let s { return (s, span) }
        if let e { return (e - span, span) }
        return (nil, span)
    }
    private static func position(_ line: GridLine, _ axis: GridAxis, _ suffix: String) -> Int? {
        if line.isAuto || line.isSpan { return nil }
        if !line.name.isEmpty {
            let found = axis.line(named: line.name, suffix: suffix, occurrence: Swift.max(1, Int(line.number)))
            return found >= 0 ? found : axis.trackCount
        }
        return line.number > 0 ? Int(line.number) - 1 : axis.trackCount + 1 + Int(line.number)
    }

    mutating func add(_ box: BoxID, _ s: ComputedStyle?, order: Int32) {
        var item = GridItem(box: box, order: order)
        if let s {
            let c = GridPlacer.resolve(s.box.gridColumnStart, s.box.gridColumnEnd, columns), r = GridPlacer.resolve(s.box.gridRowStart, s.box.gridRowEnd, rows)
            item.columnSpan = Swift.min(c.span, 500); item.rowSpan = Swift.min(r.span, 500)
            if let start = c.start { item.column = Swift.max(-400, Swift.min(start, 400)) + 500; leadingColumns = Swift.max(leadingColumns, 500 - item.column) }
            if let start = r.start { item.row = Swift.max(-400, Swift.min(start, 400)) + 500; leadingRows = Swift.max(leadingRows, 500 - item.row) }
        }
        items.append(item)
    }

    mutating func place() {
        columnCount += leadingColumns; rowCount += leadingRows
        for i in 0..<items.count {
            if items[i].column >= 0 { items[i].column += leadingColumns - 500; columnCount = Swift.max(columnCount, items[i].column + items[i].columnSpan) }
            if items[i].row >= 0 { items[i].row += leadingRows - 500; rowCount = Swift.max(rowCount, items[i].row + items[i].rowSpan) }
            if flow.isColumn { rowCount = Swift.max(rowCount, items[i].rowSpan) } else { columnCount = Swift.max(columnCount, items[i].columnSpan) }
        }
        if flow.isColumn { rowCount = Swift.max(1, rowCount) }
        for i in 0..<items.count where items[i].column >= 0 && items[i].row >= 0 { take(items[i]) }
        for i in 0..<items.count where (flow.isColumn ? items[i].column : items[i].row) >= 0 && (flow.isColumn ? items[i].row : items[i].column) < 0 { placeLocked(i) }
        var cursor = (major: 0, minor: 0)
        for i in 0..<items.count where items[i].column < 0 || items[i].row < 0 { placeAuto(i, &cursor) }
        for item in items { columnCount = Swift.max(columnCount, item.column + item.columnSpan); rowCount = Swift.max(rowCount, item.row + item.rowSpan) }
        columnCount = Swift.min(columnCount, GridPlacer.trackCountMax); rowCount = Swift.min(rowCount, GridPlacer.trackCountMax)
        for i in 0..<items.count { clampItem(i) }
    }

    private mutating func clampItem(_ i: Int) {
        items[i].column = Swift.min(items[i].column, columnCount - 1); items[i].row = Swift.min(items[i].row, rowCount - 1)
        items[i].columnSpan = Swift.min(items[i].columnSpan, columnCount - items[i].column)
        items[i].rowSpan = Swift.min(items[i].rowSpan, rowCount - items[i].row)
    }

    // "Major" is the axis that grows: rows in row flow.
    private func isFree(_ major: Int, _ minor: Int, _ majorSpan: Int, _ minorSpan: Int) -> Bool {
        for a in major..<(major + majorSpan) where a < taken.count {
            for b in minor..<(minor + minorSpan) where b < taken[a].count && taken[a][b] { return false }
        }
        return true
    }
    private mutating func take(_ item: GridItem) {
        let major = flow.isColumn ? item.column : item.row, minor = flow.isColumn ? item.row : item.column
        let majorSpan = flow.isColumn ? item.columnSpan : item.rowSpan, minorSpan = flow.isColumn ? item.rowSpan : item.columnSpan
        guard major + majorSpan <= 2 * GridPlacer.trackCountMax else { return }
        while taken.count < major + majorSpan { taken.append([]) }
        for a in major..<(major + majorSpan) {
            while taken[a].count < minor + minorSpan { taken[a].append(false) }
            for b in minor..<(minor + minorSpan) { taken[a][b] = true }
        }
    }
    private func spans(_ i: Int) -> (major: Int, minor: Int) { flow.isColumn ? (items[i].columnSpan, items[i].rowSpan) : (items[i].rowSpan, items[i].columnSpan) }
    private mutating func set(_ i: Int, major: Int, minor: Int) {
        if flow.isColumn { items[i].column = major; items[i].row = minor } else { items[i].row = major; items[i].column = minor }
        take(items[i])
    }

    /// The growing axis is given; the other is searched.
    private mutating func placeLocked(_ i: Int) {
        let major = flow.isColumn ? items[i].column : items[i].row, span = spans(i)
        var minor = 0
        while minor < GridPlacer.trackCountMax, !isFree(major, minor, span.major, span.minor) { minor += 1 }
        set(i, major: major, minor: minor)
        if flow.isColumn { rowCount = Swift.max(rowCount, minor + span.minor) } else { columnCount = Swift.max(columnCount, minor + span.minor) }
    }

    private mutating func placeAuto(_ i: Int, _ cursor: inout (major: Int, minor: Int)) {
        let span = spans(i), fixed = flow.isColumn ? items[i].row : items[i].column
        let width = flow.isColumn ? rowCount : columnCount
        if flow.isDense { cursor = (0, 0) }
        if fixed >= 0 {
            if fixed < cursor.minor { cursor.major += 1 }
            cursor.minor = fixed
            while cursor.major < GridPlacer.trackCountMax, !isFree(cursor.major, fixed, span.major, span.minor) { cursor.major += 1 }
        } else {
            while cursor.major < GridPlacer.trackCountMax {
                if cursor.minor + span.minor > width { cursor.major += 1; cursor.minor = 0; continue }
                if isFree(cursor.major, cursor.minor, span.major, span.minor) { break }
                cursor.minor += 1
            }
        }
        set(i, major: cursor.major, minor: cursor.minor)
    }
}
