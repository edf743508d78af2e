// What a console showed, as plain text: a terminal without a cursor, for files and pipes. Sequences of line editing (ECMA-48:
// cursor left and right, home, erase) are carried out on the line they are in and leave no trace; others are dropped.
// This is on the host's side of the console device: the guest cannot tell who reads it, so nothing of a run depends on it.

public struct PlainConsole {
    /// The line so far, one cell a character; `column` is where the next goes.
    private var cells: [[UInt8]] = [], column = 0
    private var escape: [UInt8]?
    private let isWaitingForLines: Bool
    /// Cells of this line that were given out before it was finished.
    private var shown: [[UInt8]] = []
    /// A line cannot grow without end.
    static let cellCountMax = 1 << 16

    /// `isWaitingForLines`: give out whole lines only. Otherwise a line appears as it grows, and once more when what was
    /// given out of it has been changed.
    public init(isWaitingForLines: Bool = true) { self.isWaitingForLines = isWaitingForLines }

    /// All of a text at once.
    public static func text(of text: String) -> String {
        var plain = PlainConsole()
        return String(decoding: plain.feed(Array(text.utf8)) + plain.finish(), as: UTF8.self)
    }

    /// Takes console output; answers plain text that is ready.
    public mutating func feed(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for byte in bytes { take(byte, &out) }
        if !isWaitingForLines { giveOut(&out) }
        return out
    }
    /// What is left of the last line.
    public mutating func finish() -> [UInt8] {
        var out: [UInt8] = []
        if shown != cells { endLine(&out, newline: false) }
        cells = []
        shown = []
        return out
    }

    private mutating func take(_ byte: UInt8, _ out: inout [UInt8]) {
        if escape != nil { return takeEscape(byte) }
        switch byte {
        case 10: endLine(&out, newline: true)
        case 13: column = 0
        case 8: column = max(0, column - 1)
        case 9, 32..<127, 0xc0...0xff: put([byte])
        case 0x80..<0xc0: if column > 0, column <= cells.count { cells[column - 1].append(byte) }       // the rest of a character
        case 27: escape = []
        default: break
        }
    }
    private mutating func put(_ cell: [UInt8]) {
        if column >= Self.cellCountMax { return }
        while cells.count < column { cells.append([32]) }
        if column < cells.count { cells[column] = cell } else { cells.append(cell) }
        column += 1
    }
    /// `[`, parameters, a final letter; or one letter.
    private mutating func takeEscape(_ byte: UInt8) {
        var sequence = escape ?? []
        sequence.append(byte)
        escape = sequence
        if sequence == [91] { return }
        if sequence[0] == 91, sequence.count < 32, (0x20...0x3f).contains(byte) { return }
        escape = nil
        guard sequence[0] == 91 else { return }
        let n = sequence.dropFirst().dropLast().reduce(0) { (48...57).contains($1) ? min($0 * 10 + Int($1) - 48, Self.cellCountMax) : $0 }
        switch byte {
        case 67: column = min(column + max(1, n), Self.cellCountMax)             // C: right
        case 68: column = max(0, column - max(1, n))                             // D: left
        case 71: column = max(0, n - 1)                                          // G: to a column
        case 72: column = 0                                                      // H: home
        case 74, 75: if n == 2 { cells = [] } else if n == 0, column < cells.count { cells.removeLast(cells.count - column) }   // J, K: erase
        default: break
        }
    }

    // MARK: Giving out

    private mutating func giveOut(_ out: inout [UInt8]) {
        guard cells.count > shown.count, cells.starts(with: shown) else { return }
        for cell in cells[shown.count...] { out += cell }
        shown = cells
    }
    private mutating func endLine(_ out: inout [UInt8], newline: Bool) {
        if !cells.starts(with: shown) {
            out.append(10)
            shown = []
        }
        for cell in cells[shown.count...] { out += cell }
        if newline { out.append(10) }
        cells = []
        shown = []
        column = 0
    }
}
