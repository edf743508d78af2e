// Owns the table from SDL scancodes (USB HID usages) to Linux evdev key codes, as VirtIO input carries them.

/// Keyboard code translation.
public enum EvdevKeys {
    /// Index: SDL scancode; 0 = no such key.
    static let table: [UInt16] = {
        var table = [UInt16](repeating: 0, count: 256)
        let letters: [UInt16] = [30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44]
        for (index, code) in letters.enumerated() { table[4 + index] = code }          // A...Z
        for index in 0..<10 { table[30 + index] = UInt16(2 + index) }                  // 1...9, 0
        let row: [UInt16] = [28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58]
        for (index, code) in row.enumerated() { table[40 + index] = code }             // return ... slash, caps lock
        for index in 0..<10 { table[58 + index] = UInt16(59 + index) }                 // F1...F10
        table[68] = 87; table[69] = 88                                                 // F11, F12
        let block: [UInt16] = [99, 70, 119, 110, 102, 104, 111, 107, 109, 106, 105, 108, 103, 69]
        for (index, code) in block.enumerated() { table[70 + index] = code }           // print screen ... num lock
        let pad: [UInt16] = [98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83]
        for (index, code) in pad.enumerated() { table[84 + index] = code }             // keypad
        table[100] = 86; table[101] = 127
        let modifiers: [UInt16] = [29, 42, 56, 125, 97, 54, 100, 126]
        for (index, code) in modifiers.enumerated() { table[224 + index] = code }      // left ctrl, shift, alt, gui; right
        return table
    }()

    public static func code(sdlScancode: Int) -> UInt16? {
        guard sdlScancode >= 0, sdlScancode < table.count, table[sdlScancode] != 0 else { return nil }
        return table[sdlScancode]
    }
}
