// What a terminal shows: logical lines in a bounded scrollback, wrapped to rows for a width. No drawing.
// Invariant: cells and styles of a line have the same length.

/// Colours of a cell, resolved when drawn.
public enum CellStyle: UInt8, Sendable { case normal = 0, prompt, error, heading, faint, selected }

/// One line of output or input, as long as it is.
public struct TerminalLine: Equatable, Sendable {
    public var cells: [UInt32] = []
    public var styles: [CellStyle] = []
    public init() {}
    public init(_ text: String, _ style: CellStyle = .normal) { append(text, style) }
    public mutating func append(_ text: String, _ style: CellStyle) {
        for s in text.unicodeScalars { append(s.value, style) }
    }
    public mutating func append(_ scalar: UInt32, _ style: CellStyle) {
        if scalar == 9 {
            repeat { cells.append(32); styles.append(style) } while cells.count % 8 != 0
        } else {
            cells.append(scalar < 32 || scalar == 127 ? 0xFFFD : scalar); styles.append(style)
        }
    }
}

public struct ScreenBuffer: Sendable {
    public static let lineCountMax = 2000, lineLengthMax = 4096
    public private(set) var lines: [TerminalLine] = []
    public init() {}

    /// Adds text; line feeds begin new lines.
    public mutating func write(_ text: String, _ style: CellStyle = .normal) {
        var line = TerminalLine()
        for s in text.unicodeScalars {
            if s.value == 10 { add(line); line = TerminalLine() } else if line.cells.count < Self.lineLengthMax { line.append(s.value, style) }
        }
        add(line)
    }
    public mutating func add(_ line: TerminalLine) {
        lines.append(line)
        if lines.count > Self.lineCountMax + Self.lineCountMax / 4 { lines.removeFirst(lines.count - Self.lineCountMax) }
    }
    public mutating func clear() { lines = [] }

    /// The last `count` rows at a width, `back` rows up from the end; the input line is the last line.
    public func rows(columns: Int, count: Int, back: Int, input: TerminalLine) -> [TerminalLine] {
        var out: [TerminalLine] = []
        var skip = back
        Self.wrap(input, columns).reversed().forEach { Self.take($0, &skip, count, &out) }
        var i = lines.count
        while i > 0 && out.count < count {
            i -= 1
            for row in Self.wrap(lines[i], columns).reversed() { Self.take(row, &skip, count, &out) }
        }
        out.reverse()
        return out
    }
    private static func take(_ row: TerminalLine, _ skip: inout Int, _ count: Int, _ out: inout [TerminalLine]) {
        if skip > 0 { skip -= 1 } else if out.count < count { out.append(row) }
    }
    /// Rows of all lines at a width.
    public func rowCount(columns: Int) -> Int {
        var n = 0
        for l in lines { n += max(1, (l.cells.count + columns - 1) / max(1, columns)) }
        return n
    }
    static func wrap(_ line: TerminalLine, _ columns: Int) -> [TerminalLine] {
        let width = max(1, columns)
        if line.cells.count <= width { return [line] }
        var rows: [TerminalLine] = [], at = 0
        while at < line.cells.count {
            let end = min(line.cells.count, at + width)
            var row = TerminalLine()
            row.cells = Array(line.cells[at..<end])
            row.styles = Array(line.styles[at..<end])
            rows.append(row)
            at = end
        }
        return rows
    }
}
