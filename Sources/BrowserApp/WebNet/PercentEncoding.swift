// Percent-encode sets and coding (WHATWG URL §1.3).

/// Which bytes of a component must be written as %XX.
enum PercentEncodeSet {
    case control, fragment, query, specialQuery, path, userinfo, component

    func contains(_ b: UInt8) -> Bool {
        if b <= 0x1F || b > 0x7E { return true }
        switch self {
        case .control: return false
        case .fragment: return b == 0x20 || b == 0x22 || b == 0x3C || b == 0x3E || b == 0x60
        case .query: return b == 0x20 || b == 0x22 || b == 0x23 || b == 0x3C || b == 0x3E
        case .specialQuery: return PercentEncodeSet.query.contains(b) || b == 0x27
        case .path: return PercentEncodeSet.query.contains(b) || b == 0x3F || b == 0x5E || b == 0x60 || b == 0x7B || b == 0x7D
        case .userinfo:
            return PercentEncodeSet.path.contains(b) || b == 0x2F || b == 0x3A || b == 0x3B || b == 0x3D || b == 0x40
                || (b >= 0x5B && b <= 0x5E) || b == 0x7C
        case .component: return PercentEncodeSet.userinfo.contains(b) || (b >= 0x24 && b <= 0x26) || b == 0x2B || b == 0x2C
        }
    }
}

/// Coding between bytes and %XX.
public enum PercentEncoding {
    static let digits = Array("0123456789ABCDEF".utf8)
    static func append(_ b: UInt8, _ set: PercentEncodeSet, to out: inout [UInt8]) {
        if set.contains(b) { out.append(37); out.append(digits[Int(b >> 4)]); out.append(digits[Int(b & 15)]) } else { out.append(b) }
    }
    static func encode(_ bytes: ArraySlice<UInt8>, _ set: PercentEncodeSet) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for b in bytes { append(b, set, to: &out) }
        return out
    }
    /// Bytes of `text` with every %XX replaced.
    public static func decode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var i = 0
        while i < bytes.count {
            if bytes[i] == 37, i + 2 < bytes.count, let h = hexValue(bytes[i + 1]), let l = hexValue(bytes[i + 2]) {
                out.append(h << 4 | l)
                i += 3
            } else {
                out.append(bytes[i])
                i += 1
            }
        }
        return out
    }
    /// Encodes one component of a path or query (`encodeURIComponent`).
    public static func encodeComponent(_ text: String) -> String { string(encode(Array(text.utf8)[...], .component)) }
    /// application/x-www-form-urlencoded (§5.2) of pairs, for form submission.
    public static func formEncode(_ pairs: [(name: String, value: String)]) -> String {
        formEncode(bytes: pairs.map { (Array($0.name.utf8), Array($0.value.utf8)) })
    }
    /// The same of text that is encoded already.
    public static func formEncode(bytes pairs: [(name: [UInt8], value: [UInt8])]) -> String {
        var out: [UInt8] = []
        for p in pairs {
            if !out.isEmpty { out.append(38) }
            appendForm(p.name, &out)
            out.append(61)
            appendForm(p.value, &out)
        }
        return string(out)
    }
    private static func appendForm(_ text: [UInt8], _ out: inout [UInt8]) {
        for b in text {
            let isPlain = isAlphanumeric(b) || b == 0x2A || b == 0x2D || b == 0x2E || b == 0x5F
            if isPlain { out.append(b) } else if b == 32 { out.append(43) } else { out.append(37); out.append(digits[Int(b >> 4)]); out.append(digits[Int(b & 15)]) }
        }
    }
}

@inline(__always) func isDigit(_ b: UInt8) -> Bool { b &- 48 < 10 }
@inline(__always) func isAlpha(_ b: UInt8) -> Bool { (b | 0x20) &- 97 < 26 }
@inline(__always) func isAlphanumeric(_ b: UInt8) -> Bool { isDigit(b) || isAlpha(b) }
@inline(__always) func hexValue(_ b: UInt8) -> UInt8? {
    if isDigit(b) { return b - 48 }
    let l = b | 0x20
    return l &- 97 < 6 ? l - 87 : nil
}
