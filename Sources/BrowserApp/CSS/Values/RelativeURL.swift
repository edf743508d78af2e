// Joining of a relative reference to a sheet's URL (RFC 3986 §5.2) for url() values and @import; the loader parses the result in full.

enum RelativeURL {
    static func resolve(_ reference: String, base: String) -> String {
        let ref = Array(reference.utf8), from = Array(base.utf8)
        if ref.isEmpty || from.isEmpty || schemeEnd(ref) != nil || ref[0] == 0x23 { return reference }
        guard let scheme = schemeEnd(from) else { return reference }
        if ref.count > 1, ref[0] == 0x2F, ref[1] == 0x2F { return text(Array(from[..<scheme]) + ref) }
        let authority = authorityEnd(from, scheme)
        let path = pathEnd(from, authority)
        if ref[0] == 0x2F { return text(Array(from[..<authority]) + removeDots(ref)) }
        if ref[0] == 0x3F { return text(Array(from[..<path]) + ref) }
        var directory = path
        while directory > authority, from[directory - 1] != 0x2F { directory -= 1 }
        var joined = Array(from[authority..<directory])
        if joined.isEmpty { joined = [0x2F] }
        return text(Array(from[..<authority]) + removeDots(joined + ref))
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Index just past the colon of a scheme.
    private static func schemeEnd(_ bytes: [UInt8]) -> Int? {
        guard let first = bytes.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A else { return nil }
        for (i, byte) in bytes.enumerated() {
            if byte == 0x3A { return i + 1 }
            guard isName(byte) && byte < 0x80 || byte == 0x2B || byte == 0x2E else { return nil }
        }
        return nil
    }
    private static func authorityEnd(_ bytes: [UInt8], _ scheme: Int) -> Int {
        guard scheme + 1 < bytes.count, bytes[scheme] == 0x2F, bytes[scheme + 1] == 0x2F else { return scheme }
        var i = scheme + 2
        while i < bytes.count, bytes[i] != 0x2F, bytes[i] != 0x3F, bytes[i] != 0x23 { i += 1 }
        return i
    }
    private static func pathEnd(_ bytes: [UInt8], _ start: Int) -> Int {
        var i = start
        while i < bytes.count, bytes[i] != 0x3F, bytes[i] != 0x23 { i += 1 }
        return i
    }
    /// §5.2.4 on the path part.
    private static func removeDots(_ bytes: [UInt8]) -> [UInt8] {
        let end = pathEnd(bytes, 0)
        var out: [UInt8] = [], i = 0
        while i < end {
            var j = i + 1
            while j < end, bytes[j] != 0x2F { j += 1 }
            let segment = bytes[(i + 1)..<max(j, i + 1)]
            let isLast = j >= end
            if segment.elementsEqual([0x2E]) { if isLast { out.append(0x2F) } }
            else if segment.elementsEqual([0x2E, 0x2E]) {
                while let last = out.popLast(), last != 0x2F {}
                if isLast { out.append(0x2F) }
            } else { out.append(contentsOf: bytes[i..<j]) }
            i = j
        }
        return out + bytes[end...]
    }
}
