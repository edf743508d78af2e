// One fetch: from the first request through redirects (Fetch §4.4 HTTP-redirect fetch) to the last body byte.
// Exactly one of `finished` and `failed` ends its events, unless it is cancelled.

import ABI
import NetClient

public final class HTTPTransfer: HTTPExchange {
    private let client: HTTPClient
    private var request: HTTPRequest
    private var onEvent: ((HTTPEvent) -> Void)?
    private var visited: [String] = []
    private var isRetried = false
    private var redirect: (location: String, status: Int)?
    private var connection: HTTPConnection?
    private var timer: Int?
    public var isEnded: Bool { onEvent == nil }

    init(client: HTTPClient, request: HTTPRequest, onEvent: @escaping (HTTPEvent) -> Void) {
        self.client = client; self.request = request; self.onEvent = onEvent
    }
    /// Stops the transfer; no further events.
    public func cancel() {
        guard onEvent != nil else { return }
        onEvent = nil
        if let t = timer { client.timers.cancel(t) }
        timer = nil
        client.pool.withdraw(self)
        let c = connection
        connection = nil
        c?.abandon()
    }

    func begin(mustBeNew: Bool = false) {
        let url = request.url
        switch url.scheme {
        case "http":
            guard let host = url.host, !host.isEmpty, let port = url.effectivePort else { later(.unsupportedScheme(url.scheme)); return }
            if isBlockedPort(port) { later(.blockedPort); return }
            visited.append(request.method + " " + url.hrefWithoutFragment)
            let job = HTTPConnectionPool.Job(host: host, port: port, bytes: requestBytes(), isHead: request.method == "HEAD", exchange: self) { [self] in connection = $0 }
            // What must not happen twice does not go where it might have to be repeated (RFC 9110 §9.2.2).
            let isSafe = request.method == "GET" || request.method == "HEAD"
            client.pool.submit(job, mustBeNew: mustBeNew || !isSafe)
        case "https": later(.secureNotAvailable)
        case "data": later { [self] in answerData() }
        case "about": later { [self] in answer(type: "text/html;charset=utf-8", []) }
        default: later(.unsupportedScheme(url.scheme))
        }
    }
    /// RFC 9112 §3.
    private func requestBytes() -> [UInt8] {
        var headers = request.headers
        for f in client.defaultHeaders.fields where headers.first(f.name) == nil { headers.add(f.name, f.value) }
        let hasBody = !request.body.isEmpty || request.method == "POST" || request.method == "PUT"
        var out = request.method + " " + request.url.requestTarget + " HTTP/1.1\r\nHost: " + request.url.authority + "\r\n"
        for f in headers.fields where isSendable(f) { out += f.name + ": " + f.value + "\r\n" }
        if hasBody { out += "Content-Length: \(request.body.count)\r\n" }
        out += "Connection: keep-alive\r\n\r\n"
        return Array(out.utf8) + request.body
    }
    /// Fields that would change the framing, or break out of it, are not sent.
    private func isSendable(_ f: HTTPHeaders.Field) -> Bool {
        for name in ["Host", "Connection", "Content-Length", "Transfer-Encoding"] where equalsIgnoringCase(name, f.name) { return false }
        return f.name.utf8.allSatisfy(isTokenByte) && f.value.utf8.allSatisfy { $0 >= 32 || $0 == 9 }
    }

    // MARK: from the connection

    func received(head: HTTPResponseHead) {
        if isRedirect(head), let location = head.headers.first("Location") {
            redirect = (location, head.status)
            return
        }
        emit(.response(HTTPResponse(url: request.url, status: head.status, reason: head.reason, headers: head.headers, method: request.method)))
    }
    func received(body: [UInt8]) { if redirect == nil { emit(.body(body)) } }
    /// A redirect's body is not waited for; what has come already is, to keep the connection.
    func receivedBatch() {
        guard let r = redirect else { return }
        let c = connection
        connection = nil
        c?.discardRest()
        redirect = nil
        follow(r.location, r.status)
    }
    func exchangeFinished() {
        connection = nil
        if let r = redirect {
            redirect = nil
            follow(r.location, r.status)
            return
        }
        end(.finished)
    }
    func exchangeFailed(_ error: HTTPError, isRetriable: Bool) {
        connection = nil
        redirect = nil
        if isRetriable && !isRetried && onEvent != nil {
            isRetried = true
            visited.removeLast()
            begin(mustBeNew: true)
            return
        }
        end(.failed(error))
    }

    // MARK: redirects

    private func isRedirect(_ head: HTTPResponseHead) -> Bool {
        switch head.status {
        case 301, 302, 303, 307, 308: true
        default: false
        }
    }
    private func follow(_ location: String, _ status: Int) {
        guard var next = URL(location, base: request.url) else { end(.failed(.badRedirect)); return }
        guard next.scheme == "http" || next.scheme == "https" else { end(.failed(.badRedirect)); return }
        if visited.count > client.limits.redirectsMax { end(.failed(.tooManyRedirects)); return }
        if next.fragment == nil { next.fragment = request.url.fragment }
        let isPost = request.method == "POST"
        if (isPost && (status == 301 || status == 302)) || (status == 303 && request.method != "GET" && request.method != "HEAD") {
            request.method = "GET"
            request.body = []
            for name in ["Content-Type", "Content-Language", "Content-Encoding", "Content-Location"] { request.headers.remove(name) }
        }
        if next.origin != request.url.origin { request.headers.remove("Authorization") }
        request.url = next
        if visited.contains(request.method + " " + next.hrefWithoutFragment) { end(.failed(.redirectLoop)); return }
        isRetried = false
        emit(.redirected(next))
        if onEvent != nil { begin() }
    }

    // MARK: answers without a connection

    private func later(_ error: HTTPError) { later { [self] in end(.failed(error)) } }
    private func later(_ body: @escaping () -> Void) {
        timer = client.timers.schedule(0) { [self] in
            timer = nil
            if onEvent != nil { body() }
        }
    }
    private func answerData() {
        guard let d = DataURL(request.url) else { end(.failed(.invalidDataURL)); return }
        answer(type: d.contentType, d.bytes)
    }
    private func answer(type: String, _ bytes: [UInt8]) {
        emit(.response(HTTPResponse(url: request.url, status: 200, reason: "OK", headers: HTTPHeaders([("Content-Type", type)]))))
        if !bytes.isEmpty { emit(.body(bytes)) }
        end(.finished)
    }
    private func emit(_ event: HTTPEvent) { onEvent?(event) }
    private func end(_ event: HTTPEvent) {
        let last = onEvent
        onEvent = nil
        last?(event)
    }
    /// Fetch §2.9, "bad port": mail, remote shells and the like must not be driven by a page.
    private func isBlockedPort(_ port: UInt16) -> Bool {
        switch port {
        case 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113,
             115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556,
             563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
             6668, 6669, 6679, 6697, 10080: true
        default: port == 0
        }
    }
}
