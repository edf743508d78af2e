// ISO-2022-JP (Encoding §12.2.1): escape sequences switch between ASCII, JIS X 0201 and JIS X 0208.

struct ISO2022JPState {
    enum Mode { case ascii, roman, katakana, lead, trail, escapeStart, escape }
    var mode = Mode.ascii
    /// What an escape sequence that makes no sense goes back to.
    var output = Mode.ascii
    var lead: UInt8 = 0
    /// Nothing came since the last escape sequence: a second one is an error (it could hide text).
    var isFresh = false
}

extension InputDecoder {
    mutating func decodeISO2022JP(_ b: UInt8, _ writer: inout Writer) {
        if b == 0x1B, iso2022.mode != .escapeStart, iso2022.mode != .escape {
            if iso2022.mode == .trail { put(Self.replacement, &writer) }
            iso2022.mode = .escapeStart
            return
        }
        switch iso2022.mode {
        case .ascii: putISO2022(b < 0x80 && b != 0x0E && b != 0x0F ? UInt32(b) : nil, &writer)
        case .roman:
            switch b {
            case 0x5C: putISO2022(0xA5, &writer)
            case 0x7E: putISO2022(0x203E, &writer)
            default: putISO2022(b < 0x80 && b != 0x0E && b != 0x0F ? UInt32(b) : nil, &writer)
            }
        case .katakana: putISO2022(b >= 0x21 && b <= 0x5F ? 0xFF61 - 0x21 + UInt32(b) : nil, &writer)
        case .lead:
            guard b >= 0x21, b <= 0x7E else { putISO2022(nil, &writer); return }
            iso2022.isFresh = false
            iso2022.lead = b
            iso2022.mode = .trail
        case .trail:
            iso2022.mode = .lead
            let pointer = (Int(iso2022.lead) - 0x21) * 94 + Int(b) - 0x21, table = LegacyTables.jis0208
            putISO2022(b >= 0x21 && b <= 0x7E && pointer < table.count && table[pointer] != 0 ? table[pointer] : nil, &writer)
        case .escapeStart:
            if b == 0x24 || b == 0x28 { iso2022.lead = b; iso2022.mode = .escape; return }
            failEscape(&writer)
            decodeISO2022JP(b, &writer)
        case .escape: endEscape(b, &writer)
        }
    }
    private mutating func putISO2022(_ scalar: UInt32?, _ writer: inout Writer) {
        iso2022.isFresh = false
        put(scalar ?? Self.replacement, &writer)
    }
    private mutating func failEscape(_ writer: inout Writer) {
        iso2022.mode = iso2022.output
        putISO2022(nil, &writer)
    }
    private mutating func endEscape(_ b: UInt8, _ writer: inout Writer) {
        let first = iso2022.lead
        iso2022.lead = 0
        var next: ISO2022JPState.Mode?
        if first == 0x28 { next = b == 0x42 ? .ascii : b == 0x4A ? .roman : b == 0x49 ? .katakana : nil }
        if first == 0x24, b == 0x40 || b == 0x42 { next = .lead }
        guard let next else {
            failEscape(&writer)
            decodeISO2022JP(first, &writer)
            decodeISO2022JP(b, &writer)
            return
        }
        iso2022.mode = next
        iso2022.output = next
        if iso2022.isFresh { put(Self.replacement, &writer) }
        iso2022.isFresh = true
    }
    /// What the end of the text cuts off.
    mutating func finishISO2022JP(_ writer: inout Writer) {
        switch iso2022.mode {
        case .trail: put(Self.replacement, &writer)
        case .escapeStart: failEscape(&writer)
        case .escape:
            failEscape(&writer)
            decodeISO2022JP(iso2022.lead, &writer)
            if iso2022.mode == .trail { put(Self.replacement, &writer) }
        default: break
        }
        iso2022 = ISO2022JPState()
    }
}
