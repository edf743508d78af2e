// The program "terminal": draws a session into a window, only the rows that changed.

import ABI
import FileClient
import Graphics
import Runtime
import Toolkit

public final class TerminalWindow: ShellSystem {
    private static let padding: Int32 = 6
    private static let background = Color(rgb: 0x14181F)
    private let window: Window, rasteriser: Rasteriser, fonts: FontLibrary
    private let system: Handle
    private var session: TerminalSession!
    private var fileClient: FileClient?
    private let fontID: Int32, boldID: Int32, size: Int32, advance: Int32, lineHeight: Int32, ascent: Int32
    // What the window shows now.
    private var drawn: [TerminalLine] = []
    private var drawnCaret: (row: Int, column: Int)?
    private var drawnFocus = false

    /// Takes the system handle from the bootstrap message and opens the window. Nil when there is no window manager.
    public static func start(bootstrap: Handle) -> TerminalWindow? {
        var system = Handle.none
        if let received = try? Channel(bootstrap).receive(), let first = received.handles.first { system = first }
        let fonts = FontLibrary.loadFromArchive()
        guard !fonts.isEmpty, let window = Window.open(title: "Terminal", width: 800, height: 440) else {
            System.log("terminal: no fonts or no window manager")
            return nil
        }
        return TerminalWindow(window, fonts, system)
    }

    private init(_ window: Window, _ fonts: FontLibrary, _ system: Handle) {
        self.window = window; self.fonts = fonts; self.system = system
        rasteriser = Rasteriser(fonts: fonts)
        size = 14 << 6
        fontID = fonts.match(families: ["monospace"], weight: 400, italic: false)
        boldID = fonts.match(families: ["monospace"], weight: 700, italic: false)
        let face = fonts.face(fontID)
        advance = max(64, face.advance(face.glyph(for: 77), size: size))
        ascent = face.pixelAscent(size: size)
        lineHeight = max(1, ascent + face.pixelDescent(size: size))
        session = TerminalSession(system: self)
        window.onKey = { [unowned(unsafe) self] key in
            if session.handle(key) { refresh() }
            if session.isFinished { end() }
        }
        window.onPointer = { [unowned(unsafe) self] p in
            if p.kind == .wheel { session.scroll(Int(p.wheel) * 3); refresh() }
        }
        window.onResize = { [unowned(unsafe) self] _, _ in fit() }
        window.onRedraw = { [unowned(unsafe) self] in fit() }
        window.onFocus = { [unowned(unsafe) self] _ in refresh() }
        window.onClose = { [unowned(unsafe) self] in end() }
        window.setCursor(.text)
        fit()
    }
    private func end() {
        window.close()
        System.exit(0)
    }

    // MARK: Drawing

    private func fit() {
        let columns = Int((window.width - 2 * Self.padding) << 6) / Int(advance), rows = Int((window.height - 2 * Self.padding) / lineHeight)
        session.resize(columns: columns, rows: rows)
        drawn = []
        drawnCaret = nil
        var list = DisplayList()
        list.append(.fill(window.surface.bounds, Self.background))
        rasteriser.draw(list, into: window.surface)
        draw()
        window.present()
    }
    private func refresh() {
        let damage = draw()
        if !damage.isEmpty { window.present(damage) }
    }
    /// Draws the rows that differ from what is shown; returns what changed.
    @discardableResult
    private func draw() -> Rect {
        let rows = session.rows(), caret = session.caret
        var damage = Rect.zero, list = DisplayList()
        for i in 0..<max(rows.count, drawn.count) {
            let row = i < rows.count ? rows[i] : TerminalLine()
            let caretHere = caret?.row == i, caretThere = drawnCaret?.row == i
            let caretChanged = caretHere != caretThere || (caretHere && (caret?.column != drawnCaret?.column || drawnFocus != window.isFocused))
            if i < drawn.count && drawn[i] == row && !caretChanged { continue }
            damage = damage.union(drawRow(i, row, caretHere ? caret?.column : nil, &list))
        }
        rasteriser.draw(list, into: window.surface)
        drawn = rows
        drawnCaret = caret
        drawnFocus = window.isFocused
        return damage
    }
    private func drawRow(_ index: Int, _ row: TerminalLine, _ caret: Int?, _ list: inout DisplayList) -> Rect {
        let y = Self.padding + Int32(index) * lineHeight
        let rect = Rect(0, y, window.width, lineHeight)
        list.append(.fill(rect, Self.background))
        if let caret {
            let x = Self.padding + (Int32(caret) * advance) >> 6
            let block = Rect(x, y, (advance + 63) >> 6, lineHeight)
            if window.isFocused { list.append(.fill(block, Color(rgb: 0x8FBCBB))) } else {
                list.append(.fill(block, Color(rgb: 0x5B6B7C)))
                list.append(.fill(Rect(block.x + 1, block.y + 1, block.width - 2, block.height - 2), Self.background))
            }
        }
        var i = 0
        while i < row.cells.count {
            var end = i + 1
            while end < row.cells.count && row.styles[end] == row.styles[i] && end != caret && i != caret { end += 1 }
            drawCells(row, i, end, y, onCaret: i == caret && window.isFocused, &list)
            i = end
        }
        return rect
    }
    private func drawCells(_ row: TerminalLine, _ start: Int, _ end: Int, _ y: Int32, onCaret: Bool, _ list: inout DisplayList) {
        let style = row.styles[start]
        if style == .selected {
            let x0 = Self.padding + (Int32(start) * advance) >> 6, x1 = Self.padding + (Int32(end) * advance) >> 6
            list.append(.fill(Rect(x0, y, x1 - x0, lineHeight), Color(rgb: 0x3B5B85)))
        }
        let id = style == .heading ? boldID : fontID, face = fonts.face(id)
        let color = onCaret ? Self.background : Self.color(style)
        var run: [PositionedGlyph] = []
        for i in start..<end where row.cells[i] != 32 {
            let x = Self.padding << 6 &+ Int32(i) &* advance, baseline = (y &+ ascent) << 6
            let glyph = face.glyph(for: row.cells[i])
            if glyph != 0 { run.append(PositionedGlyph(glyph: glyph, x: x, y: baseline)); continue }
            let other = fonts.fallback(for: row.cells[i], like: id)
            list.append(.glyphs(fontID: other, size: size, color, [PositionedGlyph(glyph: fonts.face(other).glyph(for: row.cells[i]), x: x, y: baseline)]))
        }
        if !run.isEmpty { list.append(.glyphs(fontID: id, size: size, color, run)) }
    }
    private static func color(_ style: CellStyle) -> Color {
        switch style {
        case .normal, .selected: Color(rgb: 0xD8DEE9)
        case .prompt: Color(rgb: 0x8CC570)
        case .error: Color(rgb: 0xE9777D)
        case .heading: Color(rgb: 0x7FB4EC)
        case .faint: Color(rgb: 0x8B95A5)
        }
    }

    // MARK: ShellSystem

    public func processes() -> [ProcessRecord]? { try? System.processes(system: system) }
    public func kill(pid: UInt32) -> SystemError? {
        do throws(SystemError) { try System.kill(pid: pid, system: system); return nil } catch { return error }
    }
    /// Connects anew after the service was gone.
    public func files() throws(FileError) -> FileClient {
        if let fileClient, fileClient.isUsable { return fileClient }
        let made = try FileClient.connect()
        fileClient = made
        return made
    }
    public func memory() -> MemoryRecord { System.memory }
    public var uptimeNanoseconds: UInt64 { System.now }
    public var wallClockNanoseconds: UInt64 { System.wallClock }
}
