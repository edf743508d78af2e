// Server side of HTTP/1.1 for page servers (RFC 9112): a pure state machine from request bytes to response bytes.
// Answers one request after the other, in order; a request it does not understand is answered once and ends the
// connection.

public struct HTTPServerRequest: Sendable {
    public var method: String
    /// As in the request line, e.g. "/a/b?c=d"; an absolute form is reduced to this.
    public var target: String
    /// Host field in lower case without the port; "" when absent.
    public var host: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Target without the query.
    public var path: String { String(target.prefix { $0 != "?" }) }
    public func header(_ name: String) -> String? {
        for h in headers where h.name == name { return h.value }       // names are kept in lower case
        return nil
    }
}

public struct HTTPServerResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    public var headers: [(name: String, value: String)] = []
    public init(status: Int = 200, contentType: String = "text/html; charset=utf-8", body: [UInt8]) {
        self.status = status; self.contentType = contentType; self.body = body
    }
    public static func notFound(_ target: String) -> HTTPServerResponse {
        HTTPServerResponse(status: 404, body: Array("<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1><p>No page has this address.</p>".utf8))
    }
    public static func redirect(to location: String, status: Int = 302) -> HTTPServerResponse {
        var r = HTTPServerResponse(status: status, body: [])
        r.headers = [("Location", location)]
        return r
    }
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        default: "Status"
        }
    }
}

public struct HTTPServerConnection: Sendable {
    public static let headByteCountMax = 65536, bodyByteCountMax = 1 << 20
    private var input: [UInt8] = []
    private var head: HTTPServerRequest?
    private var bodyByteCount = 0
    private var isKeptAlive = true
    /// Bytes for the wire; the owner removes what it could send.
    public var output: [UInt8] = []
    /// After `output` is sent the connection ends.
    public private(set) var wantsClose = false
    public init() {}

    /// Feeds bytes and answers every complete request among them with what `site` says.
    public mutating func receive(_ bytes: [UInt8], site: (HTTPServerRequest) -> HTTPServerResponse) {
        guard !wantsClose else { return }
        input += bytes
        while !wantsClose, let request = nextRequest() {
            let isKnown = request.method == "GET" || request.method == "HEAD" || request.method == "POST"
            respond(isKnown ? site(request) : HTTPServerResponse(status: 405, body: []), isHead: request.method == "HEAD")
        }
    }
    private mutating func nextRequest() -> HTTPServerRequest? {
        if head == nil { parseHead() }
        guard var request = head, input.count >= bodyByteCount else { return nil }
        request.body = Array(input[..<bodyByteCount])
        input.removeFirst(bodyByteCount)
        head = nil
        return request
    }
    private mutating func reject(_ status: Int) {
        isKeptAlive = false
        respond(HTTPServerResponse(status: status, body: []), isHead: false)
    }
    private mutating func parseHead() {
        while input.starts(with: [13, 10]) { input.removeFirst(2) }
        guard let end = headEnd() else {
            if input.count > HTTPServerConnection.headByteCountMax { reject(431) }
            return
        }
        let lines = splitLines(Array(input[..<end.headers]))
        input.removeFirst(end.all)
        guard let first = lines.first, var request = parseRequestLine(first) else { reject(400); return }
        for line in lines.dropFirst() where !line.isEmpty {
            guard let h = parseField(line) else { reject(400); return }
            request.headers.append(h)
        }
        if request.header("transfer-encoding") != nil { reject(501); return }
        guard let length = contentLength(request) else { reject(400); return }
        if length > HTTPServerConnection.bodyByteCountMax { reject(413); return }
        bodyByteCount = length
        request.host = String((request.header("host") ?? "").lowercased().prefix { $0 != ":" })
        let connection = (request.header("connection") ?? "").lowercased()
        isKeptAlive = connection != "close"
        head = request
    }
    /// Ends of the header lines and of the whole head.
    private func headEnd() -> (headers: Int, all: Int)? {
        var i = 0
        while i + 3 < input.count {
            if input[i] == 13, input[i + 1] == 10, input[i + 2] == 13, input[i + 3] == 10 { return (i, i + 4) }
            i += 1
        }
        return nil
    }
    private func splitLines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [], line: [UInt8] = []
        for b in bytes {
            if b == 10 { if line.last == 13 { line.removeLast() }; lines.append(line); line = [] } else { line.append(b) }
        }
        lines.append(line)
        return lines
    }
    private func parseRequestLine(_ line: [UInt8]) -> HTTPServerRequest? {
        var parts: [[UInt8]] = [[]]
        for b in line { if b == 32 { parts.append([]) } else { parts[parts.count - 1].append(b) } }
        guard parts.count == 3, parts[2].starts(with: "HTTP/1.".utf8), !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        var target = parts[1]
        if target.starts(with: "http://".utf8) {
            let rest = Array(target.dropFirst(7))
            target = rest.firstIndex(of: 47).map { Array(rest[$0...]) } ?? [47]
        }
        guard target[0] == 47 else { return nil }
        return HTTPServerRequest(method: String(decoding: parts[0], as: UTF8.self), target: String(decoding: target, as: UTF8.self), host: "", headers: [], body: [])
    }
    private func parseField(_ line: [UInt8]) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: 58), colon > 0 else { return nil }
        let name = line[..<colon].map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
        var value = Array(line[(colon + 1)...])
        while value.first == 32 || value.first == 9 { value.removeFirst() }
        while value.last == 32 || value.last == 9 { value.removeLast() }
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
    /// 0 when absent; nil when malformed.
    private func contentLength(_ r: HTTPServerRequest) -> Int? {
        guard let text = r.header("content-length") else { return 0 }
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int(text)
    }
    private mutating func respond(_ r: HTTPServerResponse, isHead: Bool) {
        if !isKeptAlive { wantsClose = true }
        var text = "HTTP/1.1 \(r.status) " + HTTPServerResponse.reason(r.status) + "\r\n"
        text += "Server: Terrarium\r\nContent-Length: \(r.body.count)\r\n"
        if !r.contentType.isEmpty { text += "Content-Type: " + r.contentType + "\r\n" }
        for h in r.headers { text += h.name + ": " + h.value + "\r\n" }
        text += wantsClose ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n"
        output += Array(text.utf8)
        if !isHead { output += r.body }
    }
}
