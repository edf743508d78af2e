// Encoders of the legacy encodings (Encoding §9–§14), for forms of pages that are not UTF-8. What an encoding cannot write
// becomes a numeric character reference (Encoding §4.1 "html" error mode), as form submission asks for.

/// An encoding by its name of Encoding §4.2, in which forms are sent.
public final class TextEncoder {
    public let name: String
    private let encoding: InputEncoding
    /// (character << 24 | pointer) of a table in order; made when first needed.
    private var reverse: [UInt64] = []

    /// Nil for a label that is not known. UTF-16 and the encodings that are not read give UTF-8 (Encoding §4.3).
    public convenience init?(label: String) {
        guard let found = EncodingSniffer.encoding(label: label) else { return nil }
        self.init(found, isGBK: label.utf8.map { lowercased($0) } != Array("gb18030".utf8))
    }
    private let isGBK: Bool
    init(_ encoding: InputEncoding, isGBK: Bool = true) {
        self.isGBK = isGBK
        switch encoding {
        case .utf16LittleEndian, .utf16BigEndian, .replacement: self.encoding = .utf8
        default: self.encoding = encoding
        }
        name = TextEncoder.name(self.encoding, isGBK)
    }

    private static func name(_ encoding: InputEncoding, _ isGBK: Bool) -> String {
        switch encoding {
        case .windows1252: return "windows-1252"
        case .gb18030: return isGBK ? "GBK" : "gb18030"
        case .big5: return "Big5"
        case .eucKR: return "EUC-KR"
        case .shiftJIS: return "Shift_JIS"
        case .eucJP: return "EUC-JP"
        case .iso2022JP: return "ISO-2022-JP"
        case .userDefined: return "x-user-defined"
        case .singleByte(let number):
            // The first label is the name, in the standard's letters.
            let labels = EncodingTables.singleByte[number].labels
            var bytes: [UInt8] = []
            for i in 0..<labels.utf8CodeUnitCount { if labels.utf8Start[i] == 0x20 { break }; bytes.append(labels.utf8Start[i]) }
            let name = String(decoding: bytes, as: UTF8.self)
            return name.hasPrefix("iso-") || name.hasPrefix("ibm") || name.hasPrefix("koi8-") ? name.uppercased() : name
        default: return "UTF-8"
        }
    }

    public func encode(_ text: String) -> [UInt8] {
        if encoding == .utf8 { return Array(text.utf8) }
        var out: [UInt8] = [], mode = ISO2022JPState.Mode.ascii
        out.reserveCapacity(text.utf8.count)
        for s in text.unicodeScalars {
            let isWritten = encoding == .iso2022JP ? putISO2022JP(s.value, &mode, &out) : put(s.value, &out)
            if isWritten { continue }
            if encoding == .iso2022JP { switchMode(.ascii, &mode, &out) }
            out += Array("&#\(s.value);".utf8)
        }
        if encoding == .iso2022JP { switchMode(.ascii, &mode, &out) }
        return out
    }

    /// False when the encoding has no such character.
    private func put(_ c: UInt32, _ out: inout [UInt8]) -> Bool {
        if c < 0x80 { out.append(UInt8(c)); return true }
        switch encoding {
        case .windows1252:
            for b in UInt8(0x80)...0xFF where windows1252Scalar(b) == c { out.append(b); return true }
            return false
        case .userDefined:
            if c < 0xF780 || c > 0xF7FF { return false }
            out.append(UInt8(c - 0xF700))
            return true
        case .singleByte:
            guard let p = pointer(c) else { return false }
            out.append(UInt8(0x80 + p))
            return true
        case .gb18030: return putGB18030(c, &out)
        case .big5: return putPair(c, &out) { p in (UInt8(p / 157 + 0x81), p % 157, 0x3F, 0x40, 0x62) }
        case .eucKR:
            guard let p = pointer(c) else { return false }
            out += [UInt8(p / 190 + 0x81), UInt8(p % 190 + 0x41)]
            return true
        case .shiftJIS:
            if c == 0x80 { out.append(0x80); return true }
            if c == 0xA5 || c == 0x203E { out.append(c == 0xA5 ? 0x5C : 0x7E); return true }
            if c >= 0xFF61, c <= 0xFF9F { out.append(UInt8(c - 0xFF61 + 0xA1)); return true }
            return putPair(c == 0x2212 ? 0xFF0D : c, &out) { p in (UInt8(p / 188 + (p / 188 < 0x1F ? 0x81 : 0xC1)), p % 188, 0x3F, 0x40, 0x41) }
        case .eucJP:
            if c == 0xA5 || c == 0x203E { out.append(c == 0xA5 ? 0x5C : 0x7E); return true }
            if c >= 0xFF61, c <= 0xFF9F { out += [0x8E, UInt8(c - 0xFF61 + 0xA1)]; return true }
            guard let p = pointer(c == 0x2212 ? 0xFF0D : c), p < 94 * 94 else { return false }
            out += [UInt8(p / 94 + 0xA1), UInt8(p % 94 + 0xA1)]
            return true
        default: return false
        }
    }
    /// A lead byte, and a trail byte whose range has a gap: up to `last` it begins at `low`, then at `high`.
    private func putPair(_ c: UInt32, _ out: inout [UInt8], _ split: (Int) -> (lead: UInt8, trail: Int, last: Int, low: Int, high: Int)) -> Bool {
        guard let p = pointer(c) else { return false }
        let s = split(p)
        out += [s.lead, UInt8(s.trail + (s.trail < s.last ? s.low : s.high))]
        return true
    }

    /// §10.2.2
    private func putGB18030(_ c: UInt32, _ out: inout [UInt8]) -> Bool {
        if c == 0xE5E5 { return false }
        if isGBK, c == 0x20AC { out.append(0x80); return true }
        if let p = pointer(c) {
            let trail = p % 190
            out += [UInt8(p / 190 + 0x81), UInt8(trail + (trail < 0x3F ? 0x40 : 0x41))]
            return true
        }
        if isGBK { return false }
        var p: Int
        if c >= 0x10000 { p = Int(c) - 0x10000 + 189_000 } else {
            guard let found = LegacyTables.gb18030Rest.firstIndex(of: c) else { return false }
            p = found
        }
        let first = p / 12600
        p %= 12600
        out += [UInt8(first + 0x81), UInt8(p / 1260 + 0x30), UInt8(p % 1260 / 10 + 0x81), UInt8(p % 10 + 0x30)]
        return true
    }

    /// §12.2.2
    private func putISO2022JP(_ c: UInt32, _ mode: inout ISO2022JPState.Mode, _ out: inout [UInt8]) -> Bool {
        if c == 0x0E || c == 0x0F || c == 0x1B { return false }
        if c < 0x80 {
            if mode == .roman, c != 0x5C, c != 0x7E { out.append(UInt8(c)); return true }
            switchMode(.ascii, &mode, &out)
            out.append(UInt8(c))
            return true
        }
        if c == 0xA5 || c == 0x203E {
            switchMode(.roman, &mode, &out)
            out.append(c == 0xA5 ? 0x5C : 0x7E)
            return true
        }
        var c = c == 0x2212 ? 0xFF0D : c
        if c >= 0xFF61, c <= 0xFF9F { c = TextEncoder.fullWidthKatakana[Int(c - 0xFF61)] }
        guard let p = pointer(c), p < 94 * 94 else { return false }
        switchMode(.lead, &mode, &out)
        out += [UInt8(p / 94 + 0x21), UInt8(p % 94 + 0x21)]
        return true
    }
    private func switchMode(_ next: ISO2022JPState.Mode, _ mode: inout ISO2022JPState.Mode, _ out: inout [UInt8]) {
        if mode == next { return }
        mode = next
        out += next == .lead ? [0x1B, 0x24, 0x42] : [0x1B, 0x28, next == .roman ? 0x4A : 0x42]
    }
    /// Full width forms of U+FF61…FF9F (Encoding §6, index ISO-2022-JP katakana).
    private static let fullWidthKatakana: [UInt32] = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜".unicodeScalars.map { $0.value }

    // MARK: Tables backwards

    /// Where the table has the character; of several places the standard's choice.
    private func pointer(_ c: UInt32) -> Int? {
        if reverse.isEmpty { reverse = makeReverse() }
        var low = 0, high = reverse.count
        let wanted = UInt64(c) << 24
        while low < high {
            let middle = (low + high) / 2
            if reverse[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        guard low < reverse.count, reverse[low] >> 24 == UInt64(c) else { return nil }
        // Encoding §6, index Big5 pointer: of these six the last.
        if encoding == .big5, c == 0x2550 || c == 0x255E || c == 0x2561 || c == 0x256A || c == 0x5341 || c == 0x5345 {
            while low + 1 < reverse.count, reverse[low + 1] >> 24 == UInt64(c) { low += 1 }
        }
        return Int(reverse[low] & 0xFF_FFFF)
    }
    private func makeReverse() -> [UInt64] {
        let table: [UInt32]
        switch encoding {
        case .singleByte(let number): table = LegacyTables.single(number)
        case .gb18030: table = LegacyTables.gbk
        case .big5: table = LegacyTables.big5
        case .eucKR: table = LegacyTables.eucKR
        default: table = LegacyTables.jis0208
        }
        var out: [UInt64] = []
        out.reserveCapacity(table.count)
        for (p, c) in table.enumerated() where c != 0 && isWritable(p) { out.append(UInt64(c) << 24 | UInt64(p)) }
        out.sort()
        return out
    }
    /// Places that are read and not written.
    private func isWritable(_ pointer: Int) -> Bool {
        switch encoding {
        case .big5: pointer >= (0xA1 - 0x81) * 157
        case .shiftJIS: pointer < 8272 || pointer > 8835
        default: true
        }
    }
}
