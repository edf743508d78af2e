// Decoders of legacy encodings (Encoding §9–§13) over the tables of Generated/EncodingTables.swift. A table is unpacked when
// a page first needs it; most never are.

/// Unpacked tables: the character of each index, 0 where there is none.
enum LegacyTables {
    nonisolated(unsafe) private static var singleByte: [[UInt32]] = []
    static let gbk = unpacked(EncodingTables.gbk)
    static let big5 = unpacked(EncodingTables.big5)
    static let eucKR = unpacked(EncodingTables.eucKR)
    static let jis0208 = unpacked(EncodingTables.jis0208)
    static let jis0212 = unpacked(EncodingTables.jis0212)
    /// Characters of the BMP that GB18030 writes in four bytes, in order: those without two bytes (Encoding §10.2.1).
    static let gb18030Rest: [UInt32] = {
        var taken = [Bool](repeating: false, count: 0x10000)
        for c in gbk where c < 0x10000 { taken[Int(c)] = true }
        var rest: [UInt32] = []
        for c in UInt32(0x80)...0xFFFF where !taken[Int(c)] && !(c >= 0xD800 && c <= 0xDFFF) { rest.append(c) }
        return rest
    }()

    static func single(_ number: Int) -> [UInt32] {
        while singleByte.count <= number { singleByte.append([]) }
        if singleByte[number].isEmpty { singleByte[number] = unpacked(EncodingTables.singleByte[number].table) }
        return singleByte[number]
    }

    private static func unpacked(_ text: StaticString) -> [UInt32] {
        var out: [UInt32] = [], holes = 0, i = 0
        let p = text.utf8Start, count = text.utf8CodeUnitCount
        out.reserveCapacity(count / 2)
        while i < count {
            let b = p[i]
            if b >= 0x30, b <= 0x39 { holes = holes * 10 + Int(b - 0x30); i += 1; continue }
            if b == 0x3B {
                for _ in 0..<holes { out.append(0) }
                holes = 0
                i += 1
                continue
            }
            let length = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4
            var code = UInt32(b) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
            for k in 1..<length { code = code << 6 | UInt32(p[i + k] & 0x3F) }
            out.append(code)
            i += length
        }
        return out
    }
}

/// State of a multi-byte decoder: the bytes of an unfinished character.
struct LegacyState {
    var first: UInt8 = 0, second: UInt8 = 0, third: UInt8 = 0
    /// EUC-JP: the character is of JIS X 0212.
    var isSupplementary = false
    var isUnfinished: Bool { first != 0 }
}

extension InputDecoder {
    static let replacement: UInt32 = 0xFFFD

    mutating func decodeLegacy(_ b: UInt8, _ writer: inout Writer) {
        switch encoding {
        case .gb18030: decodeGB18030(b, &writer)
        case .big5: decodeBig5(b, &writer)
        case .eucKR: decodeEUCKR(b, &writer)
        case .shiftJIS: decodeShiftJIS(b, &writer)
        default: decodeEUCJP(b, &writer)
        }
    }

    /// A pair without a character: U+FFFD, and the second byte again when it is ASCII.
    private mutating func put(_ table: [UInt32], _ pointer: Int?, _ b: UInt8, _ writer: inout Writer) {
        if let pointer, pointer < table.count, table[pointer] != 0 { put(table[pointer], &writer); return }
        put(Self.replacement, &writer)
        if b < 0x80 { put(UInt32(b), &writer) }
    }
    private func isBetween(_ b: UInt8, _ low: UInt8, _ high: UInt8) -> Bool { b >= low && b <= high }

    /// §10.2.1
    private mutating func decodeGB18030(_ b: UInt8, _ writer: inout Writer) {
        let s = legacy
        if s.third != 0 {
            legacy = LegacyState()
            if isBetween(b, 0x30, 0x39) {
                let pointer = ((Int(s.first) - 0x81) * 10 + Int(s.second) - 0x30) * 1260 + (Int(s.third) - 0x81) * 10 + Int(b) - 0x30
                put(fourByteScalar(pointer), &writer)
            } else {
                put(Self.replacement, &writer)
                for again in [s.second, s.third, b] { decodeGB18030(again, &writer) }
            }
        } else if s.second != 0 {
            if isBetween(b, 0x81, 0xFE) { legacy.third = b; return }
            legacy = LegacyState()
            put(Self.replacement, &writer)
            for again in [s.second, b] { decodeGB18030(again, &writer) }
        } else if s.first != 0 {
            if isBetween(b, 0x30, 0x39) { legacy.second = b; return }
            legacy = LegacyState()
            let isTrail = isBetween(b, 0x40, 0x7E) || isBetween(b, 0x80, 0xFE)
            put(LegacyTables.gbk, isTrail ? (Int(s.first) - 0x81) * 190 + Int(b) - (b < 0x7F ? 0x40 : 0x41) : nil, b, &writer)
        } else if b < 0x80 { put(UInt32(b), &writer) } else if b == 0x80 { put(0x20AC, &writer) } else if b == 0xFF { put(Self.replacement, &writer) } else { legacy.first = b }
    }
    private func fourByteScalar(_ pointer: Int) -> UInt32 {
        if pointer >= 189_000 { return pointer <= 1_237_575 ? UInt32(pointer - 189_000 + 0x10000) : Self.replacement }
        let rest = LegacyTables.gb18030Rest
        return pointer < rest.count ? rest[pointer] : Self.replacement
    }

    /// §11.1.1
    private mutating func decodeBig5(_ b: UInt8, _ writer: inout Writer) {
        if !legacy.isUnfinished {
            if b < 0x80 { put(UInt32(b), &writer) } else if isBetween(b, 0x81, 0xFE) { legacy.first = b } else { put(Self.replacement, &writer) }
            return
        }
        let lead = legacy.first
        legacy = LegacyState()
        let isTrail = isBetween(b, 0x40, 0x7E) || isBetween(b, 0xA1, 0xFE)
        let pointer = isTrail ? (Int(lead) - 0x81) * 157 + Int(b) - (b < 0x7F ? 0x40 : 0x62) : nil
        switch pointer {
        case 1133: put(0xCA, &writer); put(0x304, &writer)
        case 1135: put(0xCA, &writer); put(0x30C, &writer)
        case 1164: put(0xEA, &writer); put(0x304, &writer)
        case 1166: put(0xEA, &writer); put(0x30C, &writer)
        default: put(LegacyTables.big5, pointer, b, &writer)
        }
    }

    /// §13.1.1
    private mutating func decodeEUCKR(_ b: UInt8, _ writer: inout Writer) {
        if !legacy.isUnfinished {
            if b < 0x80 { put(UInt32(b), &writer) } else if isBetween(b, 0x81, 0xFE) { legacy.first = b } else { put(Self.replacement, &writer) }
            return
        }
        let lead = legacy.first
        legacy = LegacyState()
        put(LegacyTables.eucKR, isBetween(b, 0x41, 0xFE) ? (Int(lead) - 0x81) * 190 + Int(b) - 0x41 : nil, b, &writer)
    }

    /// §12.3.1
    private mutating func decodeShiftJIS(_ b: UInt8, _ writer: inout Writer) {
        if !legacy.isUnfinished {
            if b <= 0x80 { put(UInt32(b), &writer) } else if isBetween(b, 0xA1, 0xDF) { put(0xFF61 - 0xA1 + UInt32(b), &writer) }
            else if isBetween(b, 0x81, 0x9F) || isBetween(b, 0xE0, 0xFC) { legacy.first = b } else { put(Self.replacement, &writer) }
            return
        }
        let lead = legacy.first
        legacy = LegacyState()
        let isTrail = isBetween(b, 0x40, 0x7E) || isBetween(b, 0x80, 0xFC)
        put(LegacyTables.jis0208, isTrail ? (Int(lead) - (lead < 0xA0 ? 0x81 : 0xC1)) * 188 + Int(b) - (b < 0x7F ? 0x40 : 0x41) : nil, b, &writer)
    }

    /// §12.1.1
    private mutating func decodeEUCJP(_ b: UInt8, _ writer: inout Writer) {
        if !legacy.isUnfinished {
            if b < 0x80 { put(UInt32(b), &writer) } else if b == 0x8E || b == 0x8F || isBetween(b, 0xA1, 0xFE) { legacy.first = b } else { put(Self.replacement, &writer) }
            return
        }
        let s = legacy
        legacy = LegacyState()
        if s.first == 0x8E, isBetween(b, 0xA1, 0xDF) { put(0xFF61 - 0xA1 + UInt32(b), &writer); return }
        if s.first == 0x8F, isBetween(b, 0xA1, 0xFE) { legacy.first = b; legacy.isSupplementary = true; return }
        let isPair = isBetween(s.first, 0xA1, 0xFE) && isBetween(b, 0xA1, 0xFE)
        put(s.isSupplementary ? LegacyTables.jis0212 : LegacyTables.jis0208, isPair ? (Int(s.first) - 0xA1) * 94 + Int(b) - 0xA1 : nil, b, &writer)
    }
}
