// May a response be shown in a frame? X-Frame-Options (HTML §7.7, RFC 7034) and `frame-ancestors` of Content-Security-Policy
// (CSP 3 §6.4.2), which rules the former out.

public enum FramePolicy {
    /// True when the page forbids to be shown inside documents of these origins, nearest first.
    public static func forbids(_ response: HTTPResponse, ancestors: [String]) -> Bool {
        if ancestors.isEmpty { return false }
        let own = response.url
        var hasRule = false
        for field in response.headers.fields where equalsIgnoringCase(field.name, "Content-Security-Policy") {
            for policy in parts(field.value, 44) {
                guard let sources = frameAncestors(policy) else { continue }
                hasRule = true
                for a in ancestors where !sources.contains(where: { matches($0, a, own) }) { return true }
            }
        }
        if hasRule { return false }
        return optionsForbid(response.headers, own, ancestors)
    }

    private static func optionsForbid(_ headers: HTTPHeaders, _ own: URL, _ ancestors: [String]) -> Bool {
        var values: [String] = []
        for v in parts(headers.joined("X-Frame-Options") ?? "", 44) {
            let value = lower(trimmed(v))
            if !value.isEmpty, !values.contains(value) { values.append(value) }
        }
        let known = values.filter { $0 == "deny" || $0 == "sameorigin" || $0 == "allowall" }
        if values.count > 1, !known.isEmpty { return true }           // they contradict each other: the safe way
        switch values.first {
        case "deny": return true
        case "sameorigin":
            let origin = own.origin
            return origin == "null" || ancestors.contains { $0 != origin }
        default: return false
        }
    }

    /// Sources of the first `frame-ancestors` directive of a policy; nil without one.
    private static func frameAncestors(_ policy: String) -> [String]? {
        for directive in parts(policy, 59) {
            let words = parts(trimmed(directive), 32).filter { !$0.isEmpty }
            if let name = words.first, lower(name) == "frame-ancestors" { return Array(words.dropFirst()) }
        }
        return nil
    }

    /// Does an origin match a source expression (CSP 3 §6.7.2.7)?
    private static func matches(_ source: String, _ origin: String, _ own: URL) -> Bool {
        let text = lower(source)
        if text == "'self'" { return origin == own.origin && origin != "null" }
        guard let url = URL(origin), let host = url.host, text != "'none'" else { return false }
        if text == "*" { return url.scheme == "http" || url.scheme == "https" }
        var rest = Array(text.utf8)
        var scheme: String?
        if let at = position(of: "://", in: rest) {
            scheme = String(decoding: rest[..<at], as: UTF8.self)
            rest.removeFirst(at + 3)
        } else if rest.last == 58 {                                     // "https:"
            return String(decoding: rest.dropLast(), as: UTF8.self) == url.scheme
        }
        // An http source also means https.
        if let scheme { if scheme != url.scheme, !(scheme == "http" && url.scheme == "https") { return false } }
        else if own.scheme != url.scheme, !(own.scheme == "http" && url.scheme == "https") { return false }
        if let slash = rest.firstIndex(of: 47) { rest.removeLast(rest.count - slash) }
        var port: String?
        if let colon = rest.lastIndex(of: 58), !rest.contains(93) || colon > (rest.lastIndex(of: 93) ?? 0) {
            port = String(decoding: rest[(colon + 1)...], as: UTF8.self)
            rest.removeLast(rest.count - colon)
        }
        guard matchesHost(rest, Array(host.utf8)) else { return false }
        guard let port else { return url.port == nil }
        return port == "*" || url.effectivePort.map { "\($0)" } == port
    }
    private static func matchesHost(_ pattern: [UInt8], _ host: [UInt8]) -> Bool {
        guard pattern.first == 42 else { return pattern == host }
        let tail = pattern.dropFirst()
        return tail.isEmpty || (tail.first == 46 && host.count > tail.count && host.suffix(tail.count).elementsEqual(tail))
    }

    private static func position(of needle: StaticString, in bytes: [UInt8]) -> Int? {
        let n = needle.utf8CodeUnitCount
        var i = 0
        while i + n <= bytes.count {
            var k = 0
            while k < n, bytes[i + k] == needle.utf8Start[k] { k += 1 }
            if k == n { return i }
            i += 1
        }
        return nil
    }
    private static func parts(_ text: String, _ separator: UInt8) -> [String] { Array(text.utf8).split(separator: separator).map { String(decoding: $0, as: UTF8.self) } }
    private static func trimmed(_ text: String) -> String {
        var bytes = Array(text.utf8)
        while let last = bytes.last, last == 32 || last == 9 { bytes.removeLast() }
        while let first = bytes.first, first == 32 || first == 9 { bytes.removeFirst() }
        return String(decoding: bytes, as: UTF8.self)
    }
    private static func lower(_ text: String) -> String { String(decoding: text.utf8.map { lowercased($0) }, as: UTF8.self) }
}
