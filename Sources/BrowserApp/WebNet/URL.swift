// A URL record (WHATWG URL §4.1) with its serialiser (§4.5). `URLParser` makes it.
//
// Invariant: `parse(href).href == href`.

/// A parsed URL. Components are in serialised (percent-encoded, ASCII) form.
public struct URL: Hashable, Sendable {
    /// Lower case, without ":".
    public var scheme = ""
    public var username = "", password = ""
    /// nil: no authority at all. "" is the empty host of file URLs.
    public var host: String?
    /// nil when absent or the scheme's default.
    public var port: UInt16?
    /// Begins with "/" for hierarchical URLs; free text when `hasOpaquePath`.
    public var path = ""
    public var hasOpaquePath = false
    /// Without "?"; nil when absent.
    public var query: String?
    /// Without "#"; nil when absent.
    public var fragment: String?

    init() {}
    /// Parses `text`, relative to `base` when given; nil when it is not a URL.
    public init?(_ text: String, base: URL? = nil) {
        guard let url = URLParser.parse(Array(text.utf8), base: base) else { return nil }
        self = url
    }

    /// The serialised URL.
    public var href: String { hrefWithoutFragment + (fragment.map { "#" + $0 } ?? "") }
    public var hrefWithoutFragment: String {
        var out = scheme + ":"
        if let host {
            out += "//"
            if !username.isEmpty || !password.isEmpty {
                out += username
                if !password.isEmpty { out += ":" + password }
                out += "@"
            }
            out += host
            if let port { out += ":\(port)" }
        } else if !hasOpaquePath, path.utf8.starts(with: "//".utf8) {
            out += "/."
        }
        out += path
        if let query { out += "?" + query }
        return out
    }
    /// The same URL without its fragment.
    public var withoutFragment: URL { var u = self; u.fragment = nil; return u }
    public var isSpecial: Bool { URL.isSpecial(scheme) }
    /// The port to connect to: the explicit one or the scheme's default (§4.2).
    public var effectivePort: UInt16? { port ?? URL.defaultPort(scheme) }
    /// "scheme://host:port" (HTML origin serialisation); "null" for schemes without one.
    public var origin: String {
        guard let host, isSpecial, scheme != "file" else { return "null" }
        return scheme + "://" + host + (port.map { ":\($0)" } ?? "")
    }
    /// What stands in the request line: path and query.
    public var requestTarget: String { (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "") }
    /// "host" or "host:port" as in the Host field.
    public var authority: String { (host ?? "") + (port.map { ":\($0)" } ?? "") }

    static func isSpecial(_ scheme: String) -> Bool {
        switch scheme {
        case "http", "https", "ws", "wss", "ftp", "file": true
        default: false
        }
    }
    static func defaultPort(_ scheme: String) -> UInt16? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        case "ftp": 21
        default: nil
        }
    }
    /// Resolves a reference found in this document.
    public func resolve(_ reference: String) -> URL? { URL(reference, base: self) }
}
