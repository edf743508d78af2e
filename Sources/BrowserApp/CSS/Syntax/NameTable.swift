// A fixed set of lower-case names, found by bytes: open addressing over one byte array. Built once, then read only.

final class NameTable: Sendable {
    private let bytes: [UInt8]
    private let offsets: [UInt32]          // name i is bytes[offsets[i]..<offsets[i + 1] - 1]
    private let slots: [UInt16]            // index + 1, 0 free; power-of-two size
    let count: Int

    /// `names`: separated by single spaces.
    init(_ names: StaticString) {
        var bytes: [UInt8] = []
        names.withUTF8Buffer { bytes = Array($0) }
        bytes.append(0x20)
        var offsets: [UInt32] = [0]
        for i in bytes.indices where bytes[i] == 0x20 { offsets.append(UInt32(i + 1)) }
        count = offsets.count - 1
        var size = 16
        while size < count * 2 { size *= 2 }
        var slots = [UInt16](repeating: 0, count: size)
        for index in 0..<count {
            var slot = NameTable.hash(bytes, Int(offsets[index]), Int(offsets[index + 1]) - 1) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt16(index + 1)
        }
        self.bytes = bytes; self.offsets = offsets; self.slots = slots
    }

    /// FNV-1a of the lower-cased bytes, folded to a non-negative Int.
    private static func hash(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var hash: UInt32 = 2_166_136_261
        var i = start
        while i < end { hash = (hash ^ UInt32(asciiLower(bytes[i]))) &* 16_777_619; i += 1 }
        return Int((hash ^ hash >> 15) & 0x7FFF_FFFF)
    }

    /// Index of the name that equals bytes[start..<end] in ASCII lower case.
    func index(of text: [UInt8], _ start: Int, _ end: Int) -> Int? {
        guard end > start else { return nil }
        var slot = NameTable.hash(text, start, end) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if equals(index, text, start, end) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }
    private func equals(_ index: Int, _ text: [UInt8], _ start: Int, _ end: Int) -> Bool {
        let from = Int(offsets[index])
        guard Int(offsets[index + 1]) - 1 - from == end - start else { return false }
        for i in 0..<(end - start) where bytes[from + i] != asciiLower(text[start + i]) { return false }
        return true
    }
    func name(_ index: Int) -> String { String(decoding: bytes[Int(offsets[index])..<Int(offsets[index + 1]) - 1], as: UTF8.self) }

    /// Index of a token's text.
    func index(of token: Token, in buffer: TokenBuffer) -> Int? {
        if !token.hasEscape { return index(of: buffer.bytes, Int(token.start), Int(token.end)) }
        let text = buffer.text(token)
        return index(of: text, 0, text.count)
    }
}
