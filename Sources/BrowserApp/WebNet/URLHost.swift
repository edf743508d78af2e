// Host parsing (WHATWG URL §3.5): domains, IPv4 numbers, IPv6 in brackets, opaque hosts; Punycode (RFC 3492) for
// names outside ASCII, with lower-casing as the only mapping of UTS #46 that is applied.

enum URLHost {
    /// The serialised host; nil when it is not valid.
    static func parse(_ bytes: [UInt8], isSpecial: Bool) -> [UInt8]? {
        if bytes.first == 91 {
            guard bytes.last == 93, let address = parseIPv6(Array(bytes[1..<(bytes.count - 1)])) else { return nil }
            return [91] + serialise(address) + [93]
        }
        if !isSpecial { return opaque(bytes) }
        guard let domain = toASCII(PercentEncoding.decode(bytes)), !domain.isEmpty else { return nil }
        for b in domain where isForbidden(b) || b <= 0x1F || b == 37 || b == 127 { return nil }
        if endsInNumber(domain) {
            guard let v4 = parseIPv4(domain) else { return nil }
            return Array("\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)".utf8)
        }
        return domain
    }
    private static func isForbidden(_ b: UInt8) -> Bool {
        switch b {
        case 0, 9, 10, 13, 32, 35, 47, 58, 60, 62, 63, 64, 91, 92, 93, 94, 124: true
        default: false
        }
    }
    private static func opaque(_ bytes: [UInt8]) -> [UInt8]? {
        for b in bytes where isForbidden(b) { return nil }
        return PercentEncoding.encode(bytes[...], .control)
    }

    // MARK: names

    private static func toASCII(_ bytes: [UInt8]) -> [UInt8]? {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.map(lowercased) }
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        var labels: [[UInt32]] = [[]]
        for s in text.unicodeScalars {
            if s.value == 0xFFFD { return nil }
            if s.value == 46 || s.value == 0x3002 || s.value == 0xFF0E { labels.append([]) } else { labels[labels.count - 1].append(s.value) }
        }
        var out: [UInt8] = []
        for (i, label) in labels.enumerated() {
            if i > 0 { out.append(46) }
            if label.allSatisfy({ $0 < 0x80 }) {
                out += label.map { UInt8($0) }
            } else {
                guard let encoded = punycode(label) else { return nil }
                out += Array("xn--".utf8) + encoded
            }
        }
        return out
    }
    /// RFC 3492 §6.3.
    static func punycode(_ label: [UInt32]) -> [UInt8]? {
        var out = label.filter { $0 < 0x80 }.map { UInt8($0) }
        let basicCount = out.count
        var handled = basicCount
        if basicCount > 0 { out.append(45) }
        var n: UInt32 = 128, delta: UInt32 = 0, bias: UInt32 = 72
        guard label.count <= 63 else { return nil }
        while handled < label.count {
            var next = UInt32.max
            for c in label where c >= n && c < next { next = c }
            delta += (next - n) * UInt32(handled + 1)
            n = next
            for c in label {
                if c < n { delta += 1 }
                if c == n {
                    appendVariableLength(delta, bias, &out)
                    bias = adapt(delta, UInt32(handled + 1), handled == basicCount)
                    delta = 0
                    handled += 1
                }
            }
            delta += 1
            n += 1
        }
        return out
    }
    private static func appendVariableLength(_ delta: UInt32, _ bias: UInt32, _ out: inout [UInt8]) {
        var q = delta, k: UInt32 = 36
        while true {
            let t = k <= bias ? 1 : (k >= bias + 26 ? 26 : k - bias)
            if q < t { break }
            out.append(digit(t + (q - t) % (36 - t)))
            q = (q - t) / (36 - t)
            k += 36
        }
        out.append(digit(q))
    }
    private static func digit(_ d: UInt32) -> UInt8 { UInt8(d < 26 ? d + 97 : d + 22) }
    private static func adapt(_ delta: UInt32, _ pointCount: UInt32, _ isFirst: Bool) -> UInt32 {
        var d = isFirst ? delta / 700 : delta / 2
        d += d / pointCount
        var k: UInt32 = 0
        while d > 455 { d /= 35; k += 36 }
        return k + 36 * d / (d + 38)
    }

    // MARK: IPv4

    private static func endsInNumber(_ domain: [UInt8]) -> Bool {
        var parts = splitBytes(domain, 46)
        if parts.last?.isEmpty == true {
            if parts.count == 1 { return false }
            parts.removeLast()
        }
        guard let last = parts.last, !last.isEmpty else { return false }
        return last.allSatisfy(isDigit) || number(last) != nil
    }
    /// Decimal, 0x hexadecimal or 0 octal; nil when it is none.
    private static func number(_ part: [UInt8]) -> UInt64? {
        if part.isEmpty { return nil }
        var digits = part[...], radix: UInt64 = 10
        if part.count >= 2, part[0] == 48, lowercased(part[1]) == 120 {
            digits = part[2...]; radix = 16
        } else if part.count >= 2, part[0] == 48 {
            digits = part[1...]; radix = 8
        }
        var value: UInt64 = 0
        for d in digits {
            guard let v = hexValue(d), UInt64(v) < radix else { return nil }
            value = min(value * radix + UInt64(v), 1 << 40)
        }
        return value
    }
    static func parseIPv4(_ domain: [UInt8]) -> UInt32? {
        var parts = splitBytes(domain, 46)
        if parts.last?.isEmpty == true, parts.count > 1 { parts.removeLast() }
        guard parts.count <= 4 else { return nil }
        var numbers: [UInt64] = []
        for p in parts {
            guard let n = number(p) else { return nil }
            numbers.append(n)
        }
        for n in numbers.dropLast() where n > 255 { return nil }
        guard let last = numbers.last, last < (1 as UInt64) << UInt64(8 * (5 - numbers.count)) else { return nil }
        var value = last
        for (i, n) in numbers.dropLast().enumerated() { value += n << UInt64(8 * (3 - i)) }
        return UInt32(truncatingIfNeeded: value)
    }

    // MARK: IPv6

    static func parseIPv6(_ text: [UInt8]) -> [UInt16]? {
        var pieces: [UInt16] = [], compress: Int?
        var i = 0
        if text.first == 58 {
            guard text.count >= 2, text[1] == 58 else { return nil }
            i = 2
            compress = 0
        }
        while i < text.count {
            if pieces.count == 8 { return nil }
            if text[i] == 58 {
                guard compress == nil else { return nil }
                i += 1
                compress = pieces.count
                continue
            }
            let start = i
            var value: UInt32 = 0
            while i < text.count, i - start < 4, let h = hexValue(text[i]) { value = value << 4 | UInt32(h); i += 1 }
            if i < text.count, text[i] == 46 {
                guard pieces.count <= 6, let v4 = dottedQuad(Array(text[start...])) else { return nil }
                pieces.append(UInt16(v4 >> 16)); pieces.append(UInt16(v4 & 0xFFFF))
                i = text.count
                break
            }
            if i == start { return nil }
            if i < text.count {
                guard text[i] == 58 else { return nil }
                i += 1
                if i == text.count { return nil }
            }
            pieces.append(UInt16(value))
        }
        if let at = compress {
            guard pieces.count < 8 else { return nil }
            pieces.insert(contentsOf: [UInt16](repeating: 0, count: 8 - pieces.count), at: at)
        }
        return pieces.count == 8 ? pieces : nil
    }
    /// Four decimal numbers without leading zeros.
    private static func dottedQuad(_ text: [UInt8]) -> UInt32? {
        let parts = splitBytes(text, 46)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for p in parts {
            guard !p.isEmpty, p.count <= 3, p.allSatisfy(isDigit), p.count == 1 || p[0] != 48 else { return nil }
            let n = p.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - 48) }
            guard n <= 255 else { return nil }
            value = value << 8 | n
        }
        return value
    }
    private static func serialise(_ pieces: [UInt16]) -> [UInt8] {
        var bestStart = -1, bestCount = 1, i = 0
        while i < 8 {
            var j = i
            while j < 8, pieces[j] == 0 { j += 1 }
            if j - i > bestCount { bestStart = i; bestCount = j - i }
            i = max(j, i + 1)
        }
        var out: [UInt8] = []
        i = 0
        while i < 8 {
            if i == bestStart {
                out += i == 0 ? [58, 58] : [58]
                i += bestCount
                continue
            }
            out += Array(String(pieces[i], radix: 16).utf8)
            if i < 7 { out.append(58) }
            i += 1
        }
        return out
    }
}
