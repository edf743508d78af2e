// Which encoding a document is in (HTML §13.2.3.2): byte order mark, then the transport's label, then a meta element
// in the first kilobyte, then what the bytes look like. Labels are those of Encoding §4.2.

enum EncodingSniffer {
    static let prescanByteCount = 1024

    /// A byte order mark: the encoding and how many bytes to skip.
    static func byteOrderMark(_ b: [UInt8]) -> (InputEncoding, Int)? {
        if b.count >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF { return (.utf8, 3) }
        if b.count >= 2 && b[0] == 0xFE && b[1] == 0xFF { return (.utf16BigEndian, 2) }
        if b.count >= 2 && b[0] == 0xFF && b[1] == 0xFE { return (.utf16LittleEndian, 2) }
        return nil
    }

    /// The encoding of a transport's label (Encoding §4.2), or nil when the label is unknown.
    static func encoding(label: String) -> InputEncoding? {
        var bytes: [UInt8] = []
        for b in label.utf8 where !isSpace(b) { bytes.append(lowercased(b)) }
        let name = String(decoding: bytes, as: UTF8.self)
        switch name {
        case "utf-8", "utf8", "unicode-1-1-utf-8", "x-unicode20utf8", "unicode11utf8", "unicode20utf8": return .utf8
        case "utf-16", "utf-16le", "ucs-2", "unicode", "unicodefeff", "iso-10646-ucs-2", "csunicode": return .utf16LittleEndian
        case "utf-16be", "unicodefffe": return .utf16BigEndian
        case "gbk", "gb18030", "gb2312", "gb_2312", "gb_2312-80", "chinese", "csgb2312", "csiso58gb231280", "iso-ir-58", "x-gbk": return .gb18030
        case "big5", "big5-hkscs", "cn-big5", "csbig5", "x-x-big5": return .big5
        case "euc-kr", "cseuckr", "csksc56011987", "iso-ir-149", "korean", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601", "windows-949": return .eucKR
        case "shift_jis", "shift-jis", "sjis", "x-sjis", "csshiftjis", "ms932", "ms_kanji", "windows-31j": return .shiftJIS
        case "euc-jp", "cseucpkdfmtjapanese", "x-euc-jp": return .eucJP
        case "iso-2022-jp", "csiso2022jp": return .iso2022JP
        case "x-user-defined": return .userDefined
        case "replacement", "csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr": return .replacement
        case "windows-1252", "cp1252", "x-cp1252", "iso-8859-1", "iso8859-1", "iso88591", "iso_8859-1", "latin1", "l1",
             "ascii", "us-ascii", "ansi_x3.4-1968", "cp819", "ibm819", "iso-ir-100", "csisolatin1", "iso_8859-1:1987": return .windows1252
        default: return singleByte(bytes).map { .singleByte($0) }
        }
    }
    /// Number of the single-byte encoding that has this label.
    private static func singleByte(_ label: [UInt8]) -> Int? {
        if label.isEmpty { return nil }
        for (number, entry) in EncodingTables.singleByte.enumerated() {
            let p = entry.labels.utf8Start, count = entry.labels.utf8CodeUnitCount
            var from = 0
            for i in 0...count where i == count || p[i] == 0x20 {
                if i - from == label.count, (0..<label.count).allSatisfy({ p[from + $0] == label[$0] }) { return number }
                from = i + 1
            }
        }
        return nil
    }
    /// The encoding that a meta element means: it is read as ASCII, so it cannot truly say UTF-16 (§13.2.3.2).
    static func metaEncoding(label: String) -> InputEncoding? {
        let found = encoding(label: label)
        if found == .userDefined { return .windows1252 }
        return found == .utf16LittleEndian || found == .utf16BigEndian ? .utf8 : found
    }

    /// The encoding of a document whose transport named none, from its first `prescanByteCount` bytes: what follows may
    /// or may not have arrived yet.
    static func guess(_ bytes: [UInt8]) -> InputEncoding {
        let head = Array(bytes.prefix(prescanByteCount))
        if let label = metaLabel(head), let found = metaEncoding(label: label) { return found }
        return looksLikeUTF8(head) ? .utf8 : .windows1252
    }

    /// The value after `charset=` inside the first meta tag that has one.
    static func metaLabel(_ head: [UInt8]) -> String? {
        let count = min(head.count, prescanByteCount)
        var i = 0
        while i < count {
            if matches(head, i, count, "<!--") { i = skipComment(head, i + 4, count); continue }
            if matches(head, i, count, "<meta"), i + 5 < count, isSpace(head[i + 5]) || head[i + 5] == 0x2F {
                var tagEnd = i
                while tagEnd < count && head[tagEnd] != 0x3E { tagEnd += 1 }
                if let label = charset(head, i, tagEnd) { return label }
                i = tagEnd
            }
            i += 1
        }
        return nil
    }

    private static func skipComment(_ b: [UInt8], _ from: Int, _ count: Int) -> Int {
        var i = from
        while i < count && !matches(b, i, count, "-->") { i += 1 }
        return i + 3
    }

    private static func charset(_ b: [UInt8], _ from: Int, _ to: Int) -> String? {
        var i = from
        while i < to {
            defer { i += 1 }
            guard matches(b, i, to, "charset") else { continue }
            var j = i + 7
            while j < to && isSpace(b[j]) { j += 1 }
            guard j < to, b[j] == 0x3D else { continue }
            j += 1
            while j < to && (isSpace(b[j]) || b[j] == 0x22 || b[j] == 0x27) { j += 1 }
            var label: [UInt8] = []
            while j < to, !isSpace(b[j]), b[j] != 0x22, b[j] != 0x27, b[j] != 0x3B, b[j] != 0x2F {
                label.append(b[j])
                j += 1
            }
            if !label.isEmpty { return String(decoding: label, as: UTF8.self) }
        }
        return nil
    }

    private static func matches(_ b: [UInt8], _ at: Int, _ count: Int, _ word: StaticString) -> Bool {
        guard at + word.utf8CodeUnitCount <= count else { return false }
        for k in 0..<word.utf8CodeUnitCount where lowercased(b[at + k]) != word.utf8Start[k] { return false }
        return true
    }

    /// No broken sequence except one cut off at the end.
    private static func looksLikeUTF8(_ b: [UInt8]) -> Bool {
        var i = 0
        while i < b.count {
            let c = b[i]
            var needed = 0
            switch c {
            case 0..<0x80: needed = 0
            case 0xC2...0xDF: needed = 1
            case 0xE0...0xEF: needed = 2
            case 0xF0...0xF4: needed = 3
            default: return false
            }
            i += 1
            while needed > 0 && i < b.count {
                if b[i] & 0xC0 != 0x80 { return false }
                i += 1
                needed -= 1
            }
            // A character may be cut off by the end of the prescan, but not by the end of the document.
            if needed > 0 && b.count < prescanByteCount { return false }
        }
        return true
    }
}
