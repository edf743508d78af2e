// Turns words into glyphs and widths, with a bounded cache keyed by font, size and bytes.
// Layout sums exact advances in font units; painting places glyphs by advances of 1/64 px, word by word from exact positions.
import CSS
import Graphics

/// A glyph of a shaped word; `fontID` differs from the style's font where a fallback was needed.
struct ShapedGlyph {
    var glyph: UInt16
    /// Number of the font, and in the lowest bit whether it is a small capital.
    private var font: Int16
    var advance: Int32
    var fontID: Int32 { Int32(font >> 1) }
    /// A small capital: drawn at `SmallCaps.size`.
    var isSmall: Bool { font & 1 == 1 }

    init(glyph: UInt16, fontID: Int32, advance: Int32, isSmall: Bool = false) {
        self.glyph = glyph
        font = Int16(fontID) << 1 | (isSmall ? 1 : 0)
        self.advance = advance
    }
}

/// Small capitals made from capitals at about seven tenths of the size (CSS Fonts 4 §6.6), for faces that have none of their own.
enum SmallCaps {
    /// In 1/64 px; whole pixels, as Chromium has them.
    static func size(_ size: Int32) -> Int32 { Swift.max(64, (size * 7 / 10 + 32) & ~63) }
    /// A letter whose upper case is one other letter.
    static func isSmall(_ scalar: UInt32) -> Bool { capital(scalar) != scalar }
    static func capital(_ scalar: UInt32) -> UInt32 {
        if scalar < 0x80 { return scalar >= 0x61 && scalar <= 0x7A ? scalar - 0x20 : scalar }
        guard let mapping = Unicode.Scalar(scalar)?.properties.uppercaseMapping.unicodeScalars, let first = mapping.first, mapping.count == 1 else { return scalar }
        return first.value
    }
}

final class TextShaper {
    private struct Entry {
        var hash: UInt32
        var size: Int32
        var byteStart: Int32
        var glyphStart: Int32
        /// Advances in font units.
        var units: Int32
        var fontID: Int32
        var byteCount: UInt8, glyphCount: UInt8
    }
    /// Glyph, advance and kerning-free width of ASCII for one font and size.
    private struct Font {
        var fontID: Int32, size: Int32
        var glyphs: [UInt16]
        var advances: [Int32], units: [Int32]
    }

    let fonts: FontLibrary
    private var entries: [Entry] = []
    private var table: [Int32]
    private var bytes: [UInt8] = []
    private(set) var glyphs: [ShapedGlyph] = []
    private var asciiFonts: [Font] = []
    private var lastFont = -1

    /// In a font's number: lower case is set in small capitals.
    static let smallCapsBit: Int32 = 1 << 30
    static let entryCountMax = 32768
    /// Slots at first; always a power of two and at least twice the entries.
    static let tableSizeMin = 1024
    /// Longer words are shaped in pieces by the caller.
    static let wordByteCountMax = 128

    init(fonts: FontLibrary) {
        self.fonts = fonts
        table = [Int32](repeating: -1, count: TextShaper.tableSizeMin)
    }

    /// Forgets all words; what is asked for comes back by itself.
    func drop() {
        entries = []; bytes = []; glyphs = []; asciiFonts = []
        lastFont = -1
        table = [Int32](repeating: -1, count: TextShaper.tableSizeMin)
    }
    private func growTable() {
        table = [Int32](repeating: -1, count: table.count * 2)
        let mask = table.count - 1
        for (i, e) in entries.enumerated() {
            var slot = Int(e.hash & UInt32(mask))
            while table[slot] >= 0 { slot = (slot &+ 1) & mask }
            table[slot] = Int32(i)
        }
    }

    /// Sum of the advances in font units, without letter spacing. The buffer is UTF-8 of one word.
    func units(_ word: UnsafeBufferPointer<UInt8>, fontID: Int32, size: Int32) -> Int32 { entries[lookUp(word, fontID: fontID, size: size)].units }

    /// Calls `body` with each glyph of the word in order.
    func shape(_ word: UnsafeBufferPointer<UInt8>, fontID: Int32, size: Int32, _ body: (ShapedGlyph) -> Void) {
        let e = entries[lookUp(word, fontID: fontID, size: size)]
        for i in Int(e.glyphStart)..<Int(e.glyphStart) + Int(e.glyphCount) { body(glyphs[i]) }
    }

    private func lookUp(_ word: UnsafeBufferPointer<UInt8>, fontID: Int32, size: Int32) -> Int {
        var hash: UInt32 = 2166136261 ^ UInt32(truncatingIfNeeded: fontID &* 31 &+ size)
        for b in word { hash = (hash ^ UInt32(b)) &* 16777619 }
        hash ^= hash >> 15
        let mask = table.count - 1
        var slot = Int(hash & UInt32(mask))
        while true {
            let index = table[slot]
            if index < 0 { break }
            if matches(entries[Int(index)], hash, word, fontID, size) { return Int(index) }
            slot = (slot &+ 1) & mask
        }
        if entries.count >= TextShaper.entryCountMax {
            drop()
            slot = Int(hash & UInt32(table.count - 1))
        }
        let index = add(word, hash: hash, fontID: fontID, size: size, slot: slot)
        if entries.count * 2 > table.count { growTable() }
        return index
    }

    private func matches(_ e: Entry, _ hash: UInt32, _ word: UnsafeBufferPointer<UInt8>, _ fontID: Int32, _ size: Int32) -> Bool {
        guard e.hash == hash, Int(e.byteCount) == word.count, e.fontID == fontID, e.size == size else { return false }
        let start = Int(e.byteStart)
        return bytes.withUnsafeBufferPointer { kept in
            guard let a = kept.baseAddress, let b = word.baseAddress else { return word.isEmpty }
            return memoryIsEqual(a + start, b, word.count)
        }
    }

    private func add(_ word: UnsafeBufferPointer<UInt8>, hash: UInt32, fontID: Int32, size: Int32, slot: Int) -> Int {
        var entry = Entry(hash: hash, size: size, byteStart: Int32(bytes.count), glyphStart: Int32(glyphs.count), units: 0, fontID: fontID, byteCount: UInt8(word.count), glyphCount: 0)
        bytes.append(contentsOf: word)
        if !fonts.isEmpty {
            entry.units = fontID & TextShaper.smallCapsBit != 0 ? appendSmallCaps(word, fontID: fontID & ~TextShaper.smallCapsBit, size: size) : appendGlyphs(word, fontID: fontID, size: size)
        }
        entry.glyphCount = UInt8(glyphs.count - Int(entry.glyphStart))
        entries.append(entry)
        table[slot] = Int32(entries.count - 1)
        return entries.count - 1
    }

    /// Returns the advances' sum in units of the font's face.
    private func appendGlyphs(_ word: UnsafeBufferPointer<UInt8>, fontID: Int32, size: Int32) -> Int32 {
        var units: Int32 = 0
        let font = asciiFont(fontID, size)
        let face = fonts.face(fontID)
        var previous: UInt16 = 0
        var i = 0
        while i < word.count {
            var scalar = decodeScalar(word, &i)
            if isInvisible(scalar) { continue }
            if scalar == 0x66, !face.isMonospaced { scalar = ligature(word, &i, face) }
            var id = fontID
            var glyph: UInt16, advance: Int32
            if scalar < 128 {
                glyph = asciiFonts[font].glyphs[Int(scalar)]; advance = asciiFonts[font].advances[Int(scalar)]
                units &+= asciiFonts[font].units[Int(scalar)]
            } else {
                glyph = face.glyph(for: scalar)
                if glyph == 0 {
                    id = fonts.fallback(for: scalar, like: fontID)
                    glyph = fonts.face(id).glyph(for: scalar)
                }
                let used = fonts.face(id)
                advance = used.advance(glyph, size: size)
                units &+= id == fontID ? used.advanceUnits(glyph) : used.advanceUnits(glyph) &* face.unitsPerEm / used.unitsPerEm
            }
            if id == fontID, previous != 0, glyphs.count > 0 {
                glyphs[glyphs.count - 1].advance = glyphs[glyphs.count - 1].advance &+ face.kerning(previous, glyph, size: size)
                units &+= face.kerning(previous, glyph)
            }
            previous = id == fontID ? glyph : 0
            glyphs.append(ShapedGlyph(glyph: glyph, fontID: id, advance: advance))
        }
        return units
    }

    private func appendSmallCaps(_ word: UnsafeBufferPointer<UInt8>, fontID: Int32, size: Int32) -> Int32 {
        let face = fonts.face(fontID)
        var units: Int32 = 0, previous: UInt16 = 0, previousIsSmall = false, i = 0
        while i < word.count {
            let scalar = decodeScalar(word, &i)
            if isInvisible(scalar) { continue }
            let capital = SmallCaps.capital(scalar), isSmall = capital != scalar
            let glyphSize = isSmall ? SmallCaps.size(size) : size
            func scaled(_ units: Int32) -> Int32 { isSmall ? Int32(clamping: Int64(units) * Int64(glyphSize) / Int64(Swift.max(1, size))) : units }
            let id = fonts.fallback(for: capital, like: fontID), used = fonts.face(id), glyph = used.glyph(for: capital)
            let own = id == fontID ? used.advanceUnits(glyph) : used.advanceUnits(glyph) &* face.unitsPerEm / used.unitsPerEm
            if id == fontID, previous != 0, previousIsSmall == isSmall {
                glyphs[glyphs.count - 1].advance &+= face.kerning(previous, glyph, size: glyphSize)
                units &+= scaled(face.kerning(previous, glyph))
            }
            units &+= scaled(own)
            previous = id == fontID ? glyph : 0
            previousIsSmall = isSmall
            glyphs.append(ShapedGlyph(glyph: glyph, fontID: id, advance: used.advance(glyph, size: glyphSize), isSmall: isSmall))
        }
        return units
    }

    /// The ligature that begins with the f before `i`, when the face has it as a presentation form; else f itself.
    private func ligature(_ word: UnsafeBufferPointer<UInt8>, _ i: inout Int, _ face: FontFace) -> UInt32 {
        guard i < word.count else { return 0x66 }
        let second = word[i], third = i + 1 < word.count ? word[i + 1] : 0
        var form: UInt32 = 0, length = 1
        if second == 0x66, third == 0x69 || third == 0x6C { form = third == 0x69 ? 0xFB03 : 0xFB04; length = 2 }
        else if second == 0x66 { form = 0xFB00 } else if second == 0x69 { form = 0xFB01 } else if second == 0x6C { form = 0xFB02 }
        guard form != 0, face.glyph(for: form) != 0 else { return 0x66 }
        i += length
        return form
    }

    private func asciiFont(_ fontID: Int32, _ size: Int32) -> Int {
        if lastFont >= 0, asciiFonts[lastFont].fontID == fontID, asciiFonts[lastFont].size == size { return lastFont }
        for i in 0..<asciiFonts.count where asciiFonts[i].fontID == fontID && asciiFonts[i].size == size { lastFont = i; return i }
        if asciiFonts.count > 64 { asciiFonts.removeAll() }
        let face = fonts.face(fontID)
        var font = Font(fontID: fontID, size: size, glyphs: [], advances: [], units: [])
        for scalar in UInt32(0)..<128 {
            let glyph = face.glyph(for: scalar)
            font.glyphs.append(glyph)
            font.advances.append(face.advance(glyph, size: size))
            font.units.append(face.advanceUnits(glyph))
        }
        asciiFonts.append(font)
        lastFont = asciiFonts.count - 1
        return lastFont
    }
}

/// Compares eight bytes at a time.
private func memoryIsEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let p = UnsafeRawPointer(a), q = UnsafeRawPointer(b)
    var i = 0
    while i &+ 8 <= count {
        if p.loadUnaligned(fromByteOffset: i, as: UInt64.self) != q.loadUnaligned(fromByteOffset: i, as: UInt64.self) { return false }
        i &+= 8
    }
    while i < count {
        if a[i] != b[i] { return false }
        i &+= 1
    }
    return true
}

/// Characters that take no room and have no glyph.
@inline(__always) func isInvisible(_ scalar: UInt32) -> Bool {
    scalar < 0x20 || scalar == 0xAD || (scalar >= 0x200B && scalar <= 0x200F) || (scalar >= 0x202A && scalar <= 0x202E) || scalar == 0x2060 || scalar == 0xFEFF || (scalar >= 0xFE00 && scalar <= 0xFE0F)
}

/// Decodes the scalar at `i` and advances; malformed input gives U+FFFD and advances by one.
@inline(__always) func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int) -> UInt32 {
    let b = bytes[i]
    if b < 0x80 { i &+= 1; return UInt32(b) }
    return decodeMultibyte(bytes, &i)
}

private func decodeMultibyte(_ bytes: UnsafeBufferPointer<UInt8>, _ i: inout Int) -> UInt32 {
    let b = UInt32(bytes[i])
    let length = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : b >= 0xC0 ? 2 : 1
    guard length > 1, i + length <= bytes.count else { i += 1; return 0xFFFD }
    var value = length == 2 ? b & 0x1F : length == 3 ? b & 0x0F : b & 0x07
    for k in 1..<length {
        let c = UInt32(bytes[i + k])
        guard c & 0xC0 == 0x80 else { i += 1; return 0xFFFD }
        value = value << 6 | (c & 0x3F)
    }
    i += length
    return value
}

/// Appends the scalar as UTF-8.
func appendScalar(_ scalar: UInt32, to bytes: inout [UInt8]) {
    if scalar < 0x80 { bytes.append(UInt8(scalar)); return }
    if scalar < 0x800 { bytes.append(UInt8(0xC0 | scalar >> 6)) } else {
        if scalar < 0x10000 { bytes.append(UInt8(0xE0 | scalar >> 12)) } else {
            bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)); bytes.append(UInt8(0x80 | (scalar >> 12) & 0x3F))
        }
        bytes.append(UInt8(0x80 | (scalar >> 6) & 0x3F))
    }
    bytes.append(UInt8(0x80 | scalar & 0x3F))
}
