// One terminal session: prompt, line editing, history, scrollback. Pure; the window draws what `rows` gives.

import ABI
import ConsoleText
import Toolkit

public final class TerminalSession {
    public static let prompt = "terrarium> "
    public static let historyCountMax = 200
    public private(set) var screen = ScreenBuffer()
    public private(set) var editor = TextEditor()
    public private(set) var isFinished = false
    /// Rows scrolled back from the end.
    public private(set) var back = 0
    public private(set) var columns = 80, rowCount = 24
    private let shell: Shell
    private var history: [String] = [], historyIndex = 0, draft = ""

    public init(system: any ShellSystem) {
        shell = Shell(system)
        screen.write("Terrarium. Type help for the list of commands.", .faint)
    }

    public func resize(columns: Int, rows: Int) {
        self.columns = max(1, columns); rowCount = max(1, rows)
        back = min(back, maximumBack)
    }
    public var inputLine: TerminalLine {
        var line = TerminalLine(Self.prompt, .prompt)
        let selection = editor.selection
        for (i, s) in editor.text.enumerated() { line.append(s, selection.contains(i) ? .selected : .normal) }
        // The caret needs a cell after the last character.
        line.append(32, .normal)
        return line
    }
    public func rows() -> [TerminalLine] { screen.rows(columns: columns, count: rowCount, back: back, input: inputLine) }
    /// Row and column of the caret in `rows()`; nil when it is scrolled out of sight.
    public var caret: (row: Int, column: Int)? {
        let index = Self.prompt.unicodeScalars.count + editor.caret
        let inputRows = ScreenBuffer.wrap(inputLine, columns).count
        let total = screen.rowCount(columns: columns) + inputRows
        let row = total - inputRows + index / columns - max(0, total - rowCount - back)
        return row >= 0 && row < min(rowCount, total) ? (row, index % columns) : nil
    }
    private var maximumBack: Int {
        max(0, screen.rowCount(columns: columns) + ScreenBuffer.wrap(inputLine, columns).count - rowCount)
    }
    public func scroll(_ rows: Int) { back = max(0, min(maximumBack, back + rows)) }

    /// Takes a key; true when something changed.
    public func handle(_ key: KeyEvent) -> Bool {
        guard key.isDown, !isFinished else { return false }
        let control = key.modifiers.contains(.control)
        switch key.code {
        case Key.pageUp: scroll(max(1, rowCount - 1)); return true
        case Key.pageDown: scroll(-max(1, rowCount - 1)); return true
        case Key.up: recall(-1); return true
        case Key.down: recall(1); return true
        case Key.tab: complete(); return true
        case Key.l where control: screen.clear(); back = 0; return true
        case Key.d where control && editor.isEmpty: isFinished = true; return true
        case Key.c where control && !editor.hasSelection: interrupt(); return true
        default: break
        }
        switch editor.handle(key) {
        case .submit: submit(); return true
        case .cancel: editor.set(""); back = 0; return true
        case .changed, .moved: back = 0; return true
        case .ignored: return false
        }
    }
    private func echo(_ suffix: String) {
        var line = TerminalLine(Self.prompt, .prompt)
        for s in editor.text { line.append(s, .normal) }
        line.append(suffix, .faint)
        screen.add(line)
    }
    private func interrupt() {
        echo("^C")
        editor.set("")
        historyIndex = history.count
        back = 0
    }
    private func submit() {
        let line = editor.string
        echo("")
        editor.set("")
        back = 0
        if !ConsoleText.words(line).isEmpty && history.last != line {
            history.append(line)
            if history.count > Self.historyCountMax { history.removeFirst() }
        }
        historyIndex = history.count
        switch shell.run(line, { [self] text, style in screen.write(text, style) }) {
        case .none: break
        case .clear: screen.clear()
        case .exit: isFinished = true
        }
    }
    private func recall(_ step: Int) {
        let next = historyIndex + step
        guard next >= 0, next <= history.count else { return }
        if historyIndex == history.count { draft = editor.string }
        historyIndex = next
        editor.set(next == history.count ? draft : history[next])
        back = 0
    }
    private func complete() {
        if let c = Shell.completion(editor.string) { editor.set(c + " ") }
    }
}
