// data: URLs (Fetch §6) with forgiving base64 (Infra §7).

/// Contents of a data: URL.
public struct DataURL: Sendable {
    public let contentType: String
    public let bytes: [UInt8]

    /// nil when there is no comma, or base64 is wrong.
    public init?(_ url: URL) {
        guard url.scheme == "data" else { return nil }
        let text = Array((url.path + (url.query.map { "?" + $0 } ?? "")).utf8)
        guard let comma = text.firstIndex(of: 44) else { return nil }
        var type = trimmed(Array(text[..<comma]))
        var body = PercentEncoding.decode(Array(text[(comma + 1)...]))
        if let rest = DataURL.withoutBase64Marker(type) {
            type = rest
            guard let decoded = Base64.decode(body) else { return nil }
            body = decoded
        }
        if type.first == 59 { type = Array("text/plain".utf8) + type }
        contentType = type.isEmpty ? "text/plain;charset=US-ASCII" : string(type)
        bytes = body
    }
    /// The type without a trailing ";" spaces "base64".
    private static func withoutBase64Marker(_ type: [UInt8]) -> [UInt8]? {
        let marker = Array("base64".utf8)
        guard type.count > marker.count, type.suffix(marker.count).map(lowercased) == marker else { return nil }
        let rest = trimmed(Array(type.dropLast(marker.count)))
        return rest.last == 59 ? Array(rest.dropLast()) : nil
    }
}

public enum Base64 {
    /// Forgiving decode: white space ignored, padding optional; nil when invalid.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        var digits = text.filter { $0 != 32 && $0 != 9 && $0 != 10 && $0 != 12 && $0 != 13 }
        if digits.count % 4 == 0 {
            if digits.last == 61 { digits.removeLast() }
            if digits.last == 61 { digits.removeLast() }
        }
        if digits.count % 4 == 1 { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(digits.count * 3 / 4)
        var bits: UInt32 = 0, bitCount: UInt32 = 0
        for d in digits {
            guard let v = value(d) else { return nil }
            bits = bits << 6 | UInt32(v)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        return out
    }
    private static func value(_ b: UInt8) -> UInt8? {
        if b &- 65 < 26 { return b - 65 }
        if b &- 97 < 26 { return b - 71 }
        if isDigit(b) { return b + 4 }
        return b == 43 ? 62 : (b == 47 ? 63 : nil)
    }
}
