// Plain values of HTTP (RFC 9110): headers, requests, responses, events, errors.

import ABI

/// Header fields in order of arrival; names compare without case.
public struct HTTPHeaders: Sendable {
    public struct Field: Sendable { public var name: String, value: String }
    public private(set) var fields: [Field] = []
    public init() {}
    public init(_ pairs: [(String, String)]) { for p in pairs { add(p.0, p.1) } }
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }
    public mutating func set(_ name: String, _ value: String) { remove(name); add(name, value) }
    public mutating func remove(_ name: String) { fields.removeAll { equalsIgnoringCase($0.name, name) } }
    mutating func replaceLast(_ value: String) { if !fields.isEmpty { fields[fields.count - 1].value = value } }
    /// First value of the field.
    public func first(_ name: String) -> String? {
        for f in fields where equalsIgnoringCase(f.name, name) { return f.value }
        return nil
    }
    /// All values, joined with ", " as RFC 9110 §5.3 allows.
    public func joined(_ name: String) -> String? {
        var out: String?
        for f in fields where equalsIgnoringCase(f.name, name) { out = out.map { $0 + ", " + f.value } ?? f.value }
        return out
    }
}

/// A request as its maker describes it; the client adds Host, Connection and Content-Length.
public struct HTTPRequest: Sendable {
    public var url: URL
    public var method: String
    public var headers: HTTPHeaders
    public var body: [UInt8]
    public init(url: URL, method: String = "GET", headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.url = url; self.method = method; self.headers = headers; self.body = body
    }
}

/// Head of the final response.
public struct HTTPResponse: Sendable {
    /// Where the response came from, after redirects; the fragment of the request is kept.
    public var url: URL
    public var status: Int
    public var reason: String
    public var headers: HTTPHeaders
    /// Of the request that it answers: a redirect may have made a GET of a POST.
    public var method: String
    public init(url: URL, status: Int, reason: String, headers: HTTPHeaders, method: String = "GET") {
        self.url = url; self.status = status; self.reason = reason; self.headers = headers; self.method = method
    }
    /// Media type without parameters, lower case; "" when absent.
    public var mediaType: String { headers.first("Content-Type").map { contentTypeParts($0).type } ?? "" }
    /// Charset parameter, lower case; nil when absent.
    public var charset: String? { headers.first("Content-Type").flatMap { contentTypeParts($0).charset } }
}

/// Events of one transfer, in this order: redirected*, response, body*, then finished or failed.
public enum HTTPEvent {
    case redirected(URL)
    case response(HTTPResponse)
    case body([UInt8])
    case finished
    case failed(HTTPError)
}

/// Why a transfer failed; `sentence` is for a person.
public enum HTTPError: Error, Sendable {
    case network(NetworkError)
    case unsupportedScheme(String)
    case secureNotAvailable
    case connectTimedOut
    case idleTimedOut
    case malformed(HTTPSyntaxError)
    case truncated
    case tooManyRedirects
    case redirectLoop
    case badRedirect
    case invalidDataURL
    case blockedPort

    /// Stable name for logs.
    public var name: String {
        switch self {
        case .network(let e): e.name
        case .unsupportedScheme: "unsupported scheme"
        case .secureNotAvailable: "https not available"
        case .connectTimedOut: "connect timed out"
        case .idleTimedOut: "idle timed out"
        case .malformed(let e): "malformed response: " + e.name
        case .truncated: "truncated"
        case .tooManyRedirects: "too many redirects"
        case .redirectLoop: "redirect loop"
        case .badRedirect: "bad redirect"
        case .invalidDataURL: "invalid data URL"
        case .blockedPort: "blocked port"
        }
    }
    /// One sentence for a person: what happened and what to do.
    public var sentence: String {
        switch self {
        case .network(let e): e.sentence
        case .unsupportedScheme(let s): "Addresses that begin with \"" + s + ":\" cannot be opened here; try an http address."
        case .secureNotAvailable: "Secure (https) pages cannot be opened yet; try the same address with http."
        case .connectTimedOut: "The server did not accept a connection within 30 seconds; check the address or try again later."
        case .idleTimedOut: "The server stopped answering for 60 seconds; try again later."
        case .malformed(let e): "The server sent an answer that is not valid HTTP (" + e.name + "); check the port number, or try again later."
        case .truncated: "The connection ended before the whole page had arrived; try again."
        case .tooManyRedirects: "The server redirected more than 20 times; the site is probably set up wrongly."
        case .redirectLoop: "The server redirects in a circle; the site is probably set up wrongly."
        case .badRedirect: "The server redirected to an address that is not valid; the site is probably set up wrongly."
        case .invalidDataURL: "The data address is not valid; it has no comma between its type and its contents."
        case .blockedPort: "This port belongs to a service that is not the web; check the port number in the address."
        }
    }
}

/// What is wrong with a response (RFC 9112); the parser stops at the first of these.
public enum HTTPSyntaxError: UInt8, Error, Sendable {
    case badStatusLine = 1, badHeader, headTooLarge, badContentLength, badTransferEncoding, badChunkSize, badChunkEnd, tooManyInterimResponses
    public var name: String {
        switch self {
        case .badStatusLine: "bad status line"
        case .badHeader: "bad header"
        case .headTooLarge: "headers too large"
        case .badContentLength: "bad content length"
        case .badTransferEncoding: "bad transfer encoding"
        case .badChunkSize: "bad chunk size"
        case .badChunkEnd: "bad end of chunk"
        case .tooManyInterimResponses: "too many interim responses"
        }
    }
}

/// ASCII lower case of one byte.
@inline(__always)
func lowercased(_ b: UInt8) -> UInt8 { b &- 65 < 26 ? b | 0x20 : b }

/// ASCII case-insensitive equality.
func equalsIgnoringCase(_ a: String, _ b: String) -> Bool {
    let x = a.utf8, y = b.utf8
    guard x.count == y.count else { return false }
    var j = y.startIndex
    for p in x {
        if lowercased(p) != lowercased(y[j]) { return false }
        j = y.index(after: j)
    }
    return true
}

/// Splits a Content-Type value (RFC 9110 §8.3): media type and charset, lower case.
func contentTypeParts(_ value: String) -> (type: String, charset: String?) {
    let parts = splitBytes(Array(value.utf8), UInt8(ascii: ";"))
    let type = string(trimmed(parts[0]).map(lowercased))
    for p in parts.dropFirst() {
        let t = trimmed(p).map(lowercased)
        guard t.starts(with: "charset=".utf8) else { continue }
        let v = t.dropFirst(8).filter { $0 != UInt8(ascii: "\"") }
        return (type, string(Array(v)))
    }
    return (type, nil)
}
func splitBytes(_ bytes: [UInt8], _ separator: UInt8) -> [[UInt8]] {
    var parts: [[UInt8]] = [], start = 0
    for i in 0..<bytes.count where bytes[i] == separator {
        parts.append(Array(bytes[start..<i]))
        start = i + 1
    }
    parts.append(Array(bytes[start...]))
    return parts
}
/// Without optional white space (space, tab) at both ends.
func trimmed(_ bytes: [UInt8]) -> [UInt8] {
    var low = 0, high = bytes.count
    while low < high, bytes[low] == 32 || bytes[low] == 9 { low += 1 }
    while high > low, bytes[high - 1] == 32 || bytes[high - 1] == 9 { high -= 1 }
    return Array(bytes[low..<high])
}
func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
