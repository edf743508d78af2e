// The server's side of one HTTP/1.1 connection (RFC 9112), as a state machine over bytes: requests in, responses out.
// GET and HEAD only; a request that cannot be understood is answered once and ends the connection.

struct HTTPServerRequest: Equatable {
    var method: String
    var path: String
    var keepsAlive: Bool
}

struct HTTPServerResponse {
    var status: Int
    var contentType: String
    var body: [UInt8]
}

struct HTTPServerConnection {
    static let headByteCountMax = 16384
    private var buffer: [UInt8] = []
    private var error: HTTPServerResponse?
    /// No further request is read; the connection ends when what is unsent has gone.
    private(set) var isClosing = false

    mutating func feed(_ bytes: [UInt8]) { if !isClosing { buffer += bytes } }

    /// The next whole request, or nil.
    mutating func nextRequest() -> HTTPServerRequest? {
        guard !isClosing else { return nil }
        guard let end = headEnd() else {
            if buffer.count > HTTPServerConnection.headByteCountMax { refuse(431, "The request is too long.") }
            return nil
        }
        let head = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeFirst(end + 4)
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else { refuse(400, "The request is not HTTP/1.1."); return nil }
        guard words[0] == "GET" || words[0] == "HEAD" else { refuse(405, "Only GET and HEAD are served here."); return nil }
        let closes = lines.dropFirst().contains { $0.lowercased().replacing(" ", with: "") == "connection:close" }
        return HTTPServerRequest(method: String(words[0]), path: String(words[1]), keepsAlive: !closes && words[2] == "HTTP/1.1")
    }

    private func headEnd() -> Int? {
        guard buffer.count >= 4 else { return nil }
        for i in 0...(buffer.count - 4) where buffer[i] == 13 && buffer[i + 1] == 10 && buffer[i + 2] == 13 && buffer[i + 3] == 10 { return i }
        return nil
    }
    private mutating func refuse(_ status: Int, _ text: String) {
        isClosing = true
        error = HTTPServerResponse(status: status, contentType: "text/plain", body: Array((text + "\n").utf8))
    }

    /// Bytes that answer `request`.
    mutating func respond(to request: HTTPServerRequest, _ response: HTTPServerResponse) -> [UInt8] {
        if !request.keepsAlive { isClosing = true }
        return emit(response, hasBody: request.method != "HEAD")
    }
    /// The answer to a request that was refused, once.
    mutating func takeErrorResponse() -> [UInt8] {
        guard let response = error else { return [] }
        error = nil
        return emit(response, hasBody: true)
    }
    private func emit(_ response: HTTPServerResponse, hasBody: Bool) -> [UInt8] {
        let reason = [200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 431: "Request Header Fields Too Large"][response.status] ?? "Unknown"
        let head = "HTTP/1.1 \(response.status) \(reason)\r\nContent-Type: \(response.contentType)\r\nContent-Length: \(response.body.count)\r\nConnection: \(isClosing ? "close" : "keep-alive")\r\n\r\n"
        return Array(head.utf8) + (hasBody ? response.body : [])
    }
}
