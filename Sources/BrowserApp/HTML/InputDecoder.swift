// From bytes of a response to the tokenizer's input: encoding detection (HTML §13.2.3), decoding to UTF-8 with
// replacement (Encoding §8.1, §9) and newline normalisation (HTML §13.2.3.5).
// Invariant: output is always valid UTF-8 without CR; nothing is kept but an unfinished sequence.

enum InputEncoding: Equatable {
    case utf8, windows1252, utf16LittleEndian, utf16BigEndian
    case gb18030, big5, eucKR, shiftJIS, eucJP, iso2022JP
    /// Of encodings that are not read because they can hide markup (Encoding §14.1): the whole text is one U+FFFD.
    case replacement
    case userDefined
    /// Index of `EncodingTables.singleByte`.
    case singleByte(Int)
}

/// Scalars of windows-1252 in 0x80–0x9F (also the replacements for numeric references, HTML §13.2.5.80).
private let windows1252High: [UInt16] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
]

func windows1252Scalar(_ byte: UInt8) -> UInt32 {
    byte >= 0x80 && byte <= 0x9F ? UInt32(windows1252High[Int(byte) - 0x80]) : UInt32(byte)
}

struct InputDecoder {
    var encoding: InputEncoding
    private var lastWasCR = false
    // UTF-8: the sequence being read.
    private var needed = 0
    private var code: UInt32 = 0
    private var lower: UInt8 = 0x80, upper: UInt8 = 0xBF
    // UTF-16: an odd byte and a high surrogate.
    private var oddByte: UInt8?
    private var highSurrogate: UInt32 = 0
    /// Of a multi-byte legacy encoding.
    var legacy = LegacyState()
    var iso2022 = ISO2022JPState()
    private var hasReplaced = false

    init(_ encoding: InputEncoding) { self.encoding = encoding }

    /// Output bytes that `count` input bytes can give at most.
    static func outputByteCountMax(_ count: Int) -> Int { (count + 4) * 3 }

    /// Decodes into `out`, which has room for `outputByteCountMax`; returns how many bytes were written.
    mutating func decode(_ input: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>) -> Int {
        var writer = Writer(out: out)
        switch encoding {
        case .utf8: decodeUTF8(input, &writer)
        case .windows1252: for byte in input { put(windows1252Scalar(byte), &writer) }
        case .singleByte(let number):
            let table = LegacyTables.single(number)
            for byte in input { put(byte < 0x80 ? UInt32(byte) : highCharacter(table, byte), &writer) }
        case .gb18030, .big5, .eucKR, .shiftJIS, .eucJP: for byte in input { decodeLegacy(byte, &writer) }
        case .iso2022JP: for byte in input { decodeISO2022JP(byte, &writer) }
        case .userDefined: for byte in input { put(byte < 0x80 ? UInt32(byte) : 0xF700 + UInt32(byte), &writer) }
        case .replacement:
            if !input.isEmpty, !hasReplaced { hasReplaced = true; put(0xFFFD, &writer) }
        case .utf16LittleEndian, .utf16BigEndian: for byte in input { decodeUTF16(byte, &writer) }
        }
        return writer.count
    }

    /// What an unfinished sequence at the end gives.
    mutating func finish(into out: UnsafeMutablePointer<UInt8>) -> Int {
        var writer = Writer(out: out)
        if needed > 0 || oddByte != nil || highSurrogate != 0 || legacy.isUnfinished { put(0xFFFD, &writer) }
        if encoding == .iso2022JP { finishISO2022JP(&writer) }
        needed = 0
        oddByte = nil
        highSurrogate = 0
        legacy = LegacyState()
        return writer.count
    }
    private func highCharacter(_ table: [UInt32], _ byte: UInt8) -> UInt32 {
        let i = Int(byte) - 0x80
        return i < table.count && table[i] != 0 ? table[i] : 0xFFFD
    }

    struct Writer {
        let out: UnsafeMutablePointer<UInt8>
        var count = 0
        init(out: UnsafeMutablePointer<UInt8>) { self.out = out }
        @inline(__always)
        mutating func byte(_ b: UInt8) {
            out[count] = b
            count += 1
        }
        mutating func scalar(_ code: UInt32) {
            if code < 0x80 {
                byte(UInt8(code))
            } else if code < 0x800 {
                byte(UInt8(0xC0 | code >> 6)); byte(UInt8(0x80 | code & 0x3F))
            } else if code < 0x10000 {
                byte(UInt8(0xE0 | code >> 12)); byte(UInt8(0x80 | (code >> 6) & 0x3F)); byte(UInt8(0x80 | code & 0x3F))
            } else {
                byte(UInt8(0xF0 | code >> 18)); byte(UInt8(0x80 | (code >> 12) & 0x3F))
                byte(UInt8(0x80 | (code >> 6) & 0x3F)); byte(UInt8(0x80 | code & 0x3F))
            }
        }
    }

    @inline(__always)
    mutating func put(_ code: UInt32, _ writer: inout Writer) {
        if code == 0x0D {
            lastWasCR = true
            writer.byte(0x0A)
            return
        }
        if code == 0x0A && lastWasCR {
            lastWasCR = false
            return
        }
        lastWasCR = false
        writer.scalar(code)
    }

    /// Encoding §8.1.1, with a fast path for ASCII without CR.
    private mutating func decodeUTF8(_ input: UnsafeBufferPointer<UInt8>, _ writer: inout Writer) {
        var i = 0
        let count = input.count
        while i < count {
            if needed == 0 && !lastWasCR {
                var n = writer.count
                while i < count {
                    let b = input[i]
                    if b >= 0x80 || b == 0x0D { break }
                    writer.out[n] = b
                    n += 1
                    i += 1
                }
                writer.count = n
                if i == count { return }
            }
            if decodeUTF8Byte(input[i], &writer) { i += 1 }
        }
    }

    /// Takes one byte; false when the byte must be looked at again because it ended a broken sequence.
    private mutating func decodeUTF8Byte(_ b: UInt8, _ writer: inout Writer) -> Bool {
        if needed == 0 {
            beginSequence(b, &writer)
            return true
        }
        if b < lower || b > upper {
            needed = 0
            put(0xFFFD, &writer)
            return false
        }
        lower = 0x80
        upper = 0xBF
        code = code << 6 | UInt32(b & 0x3F)
        needed -= 1
        if needed == 0 { put(code, &writer) }
        return true
    }

    private mutating func beginSequence(_ b: UInt8, _ writer: inout Writer) {
        lower = 0x80
        upper = 0xBF
        switch b {
        case 0..<0x80: put(UInt32(b), &writer)
        case 0xC2...0xDF:
            needed = 1
            code = UInt32(b & 0x1F)
        case 0xE0...0xEF:
            needed = 2
            code = UInt32(b & 0x0F)
            if b == 0xE0 { lower = 0xA0 }
            if b == 0xED { upper = 0x9F }
        case 0xF0...0xF4:
            needed = 3
            code = UInt32(b & 0x07)
            if b == 0xF0 { lower = 0x90 }
            if b == 0xF4 { upper = 0x8F }
        default: put(0xFFFD, &writer)
        }
    }

    private mutating func decodeUTF16(_ byte: UInt8, _ writer: inout Writer) {
        guard let first = oddByte else {
            oddByte = byte
            return
        }
        oddByte = nil
        let unit = encoding == .utf16LittleEndian ? UInt32(byte) << 8 | UInt32(first) : UInt32(first) << 8 | UInt32(byte)
        if highSurrogate != 0 {
            let high = highSurrogate
            highSurrogate = 0
            if unit >= 0xDC00 && unit <= 0xDFFF { return put(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00), &writer) }
            put(0xFFFD, &writer)
        }
        if unit >= 0xD800 && unit <= 0xDBFF { highSurrogate = unit } else { put(unit >= 0xDC00 && unit <= 0xDFFF ? 0xFFFD : unit, &writer) }
    }
}
