// The response parser fed byte by byte and whole, and the client against a scripted peer with driven time.
import ABI
import NetClient
@testable import WebNet
import XCTest

final class HTTPParserTests: XCTestCase {
    struct Outcome: Equatable {
        var status: Int?
        var body: String
        var isComplete: Bool, isReusable: Bool
        var error: HTTPSyntaxError?
    }
    func parse(_ text: String, isHead: Bool = false, closes: Bool = false, step: Int) -> Outcome {
        var p = HTTPResponseParser(isHeadRequest: isHead)
        var out: [HTTPResponseParser.Output] = [], error: HTTPSyntaxError?
        let bytes = Array(text.utf8)
        var i = 0
        while i < bytes.count, error == nil, !p.isComplete {
            do throws(HTTPSyntaxError) { _ = try p.feed(Array(bytes[i..<min(i + step, bytes.count)]), &out) } catch let e { error = e }
            i += step
        }
        if closes, error == nil { _ = p.finish(&out) }
        var status: Int?, body = ""
        for o in out {
            if case .head(let h) = o { status = h.status }
            if case .body(let b) = o { body += String(decoding: b, as: UTF8.self) }
        }
        return Outcome(status: status, body: body, isComplete: p.isComplete, isReusable: p.isReusable, error: error)
    }
    /// Every split gives the same.
    func check(_ text: String, isHead: Bool = false, closes: Bool = false, _ status: Int?, _ body: String, complete: Bool = true, reusable: Bool = false, _ error: HTTPSyntaxError? = nil, line: UInt = #line) {
        for step in [1, 2, 3, 7, 100_000] {
            XCTAssertEqual(parse(text, isHead: isHead, closes: closes, step: step), Outcome(status: status, body: body, isComplete: complete, isReusable: reusable, error: error), "step \(step)", line: line)
        }
    }
    func testBodies() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloXX", 200, "hello", reusable: true)
        check("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", reusable: true)
        check("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "hi", reusable: true)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n 123456789\r\n0\r\nTrailer: 1\r\n\r\n", 200, "hello 123456789", reusable: true)
        check("HTTP/1.1 200 OK\r\n\r\nuntil close", closes: true, 200, "until close")
        check("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x")
        check("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", reusable: true)
        check("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x")
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", isHead: true, 200, "", reusable: true)
        check("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", reusable: true)
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\n", 204, "", reusable: true)
        check("\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 200, "x", reusable: true)
        check("\r\n\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", reusable: true)      // found by the fuzzer: depended on the pieces
        check("HTTP/1.1 200 OK\r\nX: a\r\n  folded\r\nContent-Length: 1\r\n\r\nx", 200, "x", reusable: true)
    }
    func testCutOff() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", closes: true, 200, "hel", complete: false, reusable: true)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", closes: true, 200, "hello", complete: false, reusable: true)
        check("HTTP/1.1 200", closes: true, nil, "", complete: false)
    }
    func testMalformed() {
        check("SSH-2.0-OpenSSH\r\n", nil, "", complete: false, .badStatusLine)
        check("HTTP/2.0 200 OK\r\n", nil, "", complete: false, .badStatusLine)
        check("HTTP/1.1 2x0 OK\r\n", nil, "", complete: false, .badStatusLine)
        check("HTTP/1.1 200OK\r\n", nil, "", complete: false, .badStatusLine)
        check("HTTP/1.1 200 OK\r\nNo colon\r\n\r\n", nil, "", complete: false, .badHeader)
        check("HTTP/1.1 200 OK\r\nSpace : x\r\n\r\n", nil, "", complete: false, .badHeader)
        check("HTTP/1.1 200 OK\r\n first: folded\r\n\r\n", nil, "", complete: false, .badHeader)
        check("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", nil, "", complete: false, .badContentLength)
        check("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", nil, "", complete: false, .badContentLength)
        check("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", nil, "", complete: false, .badContentLength)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", nil, "", complete: false, .badTransferEncoding)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200, "", complete: false, reusable: true, .badChunkSize)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", 200, "x", complete: false, reusable: true, .badChunkEnd)
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 200, "", complete: false, reusable: true, .badChunkSize)
        check("HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 60_000), nil, "", complete: false, .headTooLarge)
        check("HTTP/1.1 200 " + String(repeating: "x", count: 300_000), nil, "", complete: false, .headTooLarge)
        check(String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 20), nil, "", complete: false, .tooManyInterimResponses)
    }
}

/// A peer that answers from a script and a clock that the test turns.
final class ScriptedNetwork: StreamConnector, HTTPTimers {
    final class Stream: ByteStream {
        let host: String, port: UInt16
        let events: (StreamEvent) -> Void
        var sent = "", isAborted = false, isReleased = false, isClosed = false
        init(_ host: String, _ port: UInt16, _ events: @escaping (StreamEvent) -> Void) { self.host = host; self.port = port; self.events = events }
        func send(_ bytes: [UInt8]) { sent += String(decoding: bytes, as: UTF8.self) }
        func close() { isClosed = true }
        func abort() { isAborted = true }
        func release() { isReleased = true }
        func answer(_ text: String, step: Int = .max) {
            let b = Array(text.utf8)
            var i = 0
            while i < b.count { events(.data(Array(b[i..<min(b.count, i + min(step, b.count))]))); i += min(step, b.count) }
        }
    }
    var streams: [Stream] = []
    private var timers: [(id: Int, at: UInt64, body: () -> Void)] = []
    private var now: UInt64 = 0, nextID = 1
    func openStream(host: String, port: UInt16, events: @escaping (StreamEvent) -> Void) -> any ByteStream {
        streams.append(Stream(host, port, events))
        return streams.last!
    }
    func schedule(_ nanoseconds: UInt64, _ body: @escaping () -> Void) -> Int {
        nextID += 1
        timers.append((nextID, now + nanoseconds, body))
        return nextID
    }
    func cancel(_ id: Int) { timers.removeAll { $0.id == id } }
    var timerCount: Int { timers.count }
    func advance(seconds: UInt64) {
        let end = now + seconds * 1_000_000_000
        while let next = timers.min(by: { $0.at < $1.at }), next.at <= end {
            now = next.at
            timers.removeAll { $0.id == next.id }
            next.body()
        }
        now = end
    }
}

final class HTTPClientTests: XCTestCase {
    var network = ScriptedNetwork()
    lazy var http = HTTPClient(connector: network, timers: network)
    var log: [String] = []

    func get(_ url: String, method: String = "GET", body: [UInt8] = []) -> HTTPTransfer {
        http.send(HTTPRequest(url: URL(url)!, method: method, body: body)) { [unowned self] event in
            switch event {
            case .redirected(let u): log.append("-> " + u.href)
            case .response(let r): log.append("\(r.status) " + r.url.href)
            case .body(let b): log.append(String(decoding: b, as: UTF8.self))
            case .finished: log.append("end")
            case .failed(let e): log.append("failed: " + e.name); XCTAssertTrue(e.sentence.hasSuffix("."), e.sentence)
            }
        }
    }
    func testRequestAndReuse() {
        _ = get("http://h:8080/a?b#c")
        XCTAssertEqual(network.streams.count, 1)
        XCTAssertEqual(network.streams[0].port, 8080)
        let s = network.streams[0]
        s.events(.connected)
        XCTAssertTrue(s.sent.hasPrefix("GET /a?b HTTP/1.1\r\nHost: h:8080\r\n"), s.sent)
        XCTAssertTrue(s.sent.hasSuffix("\r\n\r\n"))
        XCTAssertFalse(s.sent.contains("Accept-Encoding"))
        s.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        XCTAssertEqual(log, ["200 http://h:8080/a?b#c", "hi", "end"])
        _ = get("http://h:8080/2")
        XCTAssertEqual(network.streams.count, 1, "reused")
        s.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n", step: 1)
        XCTAssertEqual(log.suffix(4), ["200 http://h:8080/2", "y", "o", "end"])
        network.advance(seconds: 31)
        XCTAssertTrue(s.isReleased, "idle for 30 s")
        XCTAssertEqual(network.timerCount, 0)
    }
    func testPostAndHead() {
        _ = get("http://h/", method: "POST", body: Array("a=b".utf8))
        XCTAssertTrue(network.streams[0].sent.contains("Content-Length: 3\r\n"))
        XCTAssertTrue(network.streams[0].sent.hasSuffix("\r\n\r\na=b"))
        _ = get("http://i/", method: "HEAD")
        network.streams[1].events(.connected)
        network.streams[1].answer("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
        XCTAssertEqual(log, ["200 http://i/", "end"])
    }
    func testSixPerHostAndQueue() {
        for i in 0..<8 { _ = get("http://h/\(i)") }
        _ = get("http://other/")
        XCTAssertEqual(network.streams.count, 7)
        for s in network.streams { s.events(.connected) }
        network.streams[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        XCTAssertTrue(network.streams[0].sent.contains("GET /6 "))
        network.streams[1].answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        XCTAssertTrue(network.streams[1].isReleased)
        XCTAssertEqual(network.streams.count, 8)
        XCTAssertTrue(network.streams[7].sent.contains("GET /7 "))
    }
    func redirect(_ i: Int, _ status: Int, _ location: String) {
        if network.streams.count > i { network.streams[i].answer("HTTP/1.1 \(status) R\r\nLocation: \(location)\r\nContent-Length: 3\r\n\r\nold") }
    }
    func testRedirects() {
        _ = get("http://h/a#frag")
        network.streams[0].events(.connected)
        redirect(0, 301, "b")
        redirect(0, 302, "//i/c")
        network.streams[1].events(.connected)
        network.streams[1].answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")
        XCTAssertEqual(log, ["-> http://h/b#frag", "-> http://i/c#frag", "200 http://i/c#frag", "new", "end"])
        XCTAssertEqual(network.streams.count, 2, "the first connection carried both")
    }
    func testRedirectOfPost() {
        for (status, method) in [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
            network = ScriptedNetwork()
            http = HTTPClient(connector: network, timers: network)
            _ = get("http://h/a", method: "POST", body: [65])
            network.streams[0].events(.connected)
            network.streams[0].sent = ""
            redirect(0, status, "/b")
            XCTAssertTrue(network.streams.last!.sent.hasPrefix(method + " /b "), "\(status)")
            XCTAssertEqual(network.streams.last!.sent.hasSuffix("\r\n\r\nA"), method == "POST")
        }
    }
    func testRedirectFailures() {
        _ = get("http://h/a")
        network.streams[0].events(.connected)
        redirect(0, 302, "/b")
        redirect(0, 302, "/a")
        XCTAssertEqual(log.last, "failed: redirect loop")
        _ = get("http://h/0")
        for i in 1...21 { redirect(0, 302, "/\(i)") }
        XCTAssertEqual(log.last, "failed: too many redirects")
        _ = get("http://h/x")
        redirect(0, 302, "http://[bad/")
        XCTAssertEqual(log.last, "failed: bad redirect")
        _ = get("http://h/y")
        redirect(0, 302, "data:text/html,x")
        XCTAssertEqual(log.last, "failed: bad redirect")
        _ = get("http://h/z")
        redirect(0, 302, "https://h/z")
        network.advance(seconds: 1)
        XCTAssertEqual(log.last, "failed: https not available")
    }
    func testTimeouts() {
        _ = get("http://h/")
        network.advance(seconds: 31)
        XCTAssertEqual(log, ["failed: connect timed out"])
        _ = get("http://i/")
        network.streams[1].events(.connected)
        network.streams[1].answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        for _ in 0..<8 { network.advance(seconds: 50); network.streams[1].answer("x") }
        XCTAssertEqual(log.count, 10, "slow but alive")
        network.advance(seconds: 80)
        XCTAssertEqual(log.last, "failed: idle timed out")
        XCTAssertTrue(network.streams[1].isAborted)
        XCTAssertEqual(network.timerCount, 0)
    }
    func testStreamEndings() {
        _ = get("http://h/")
        network.streams[0].events(.connected)
        network.streams[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        network.streams[0].events(.finished)
        XCTAssertEqual(log.last, "failed: truncated")
        _ = get("http://h/")
        network.streams[1].events(.failed(.connectionRefused))
        XCTAssertEqual(log.last, "failed: connection refused")
        _ = get("http://h/")
        network.streams[2].events(.connected)
        network.streams[2].answer("220 mail ready\r\n")
        XCTAssertEqual(log.last, "failed: malformed response: bad status line")
    }
    /// A kept connection that the server has closed meanwhile: once more on a new one, once only.
    func testStaleConnectionIsRetried() {
        _ = get("http://h/")
        network.streams[0].events(.connected)
        network.streams[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = get("http://h/2")
        network.streams[0].events(.failed(.connectionReset))
        XCTAssertEqual(network.streams.count, 2)
        XCTAssertTrue(network.streams[1].sent.contains("GET /2 "))
        network.streams[1].events(.connected)
        network.streams[1].events(.failed(.connectionReset))
        XCTAssertEqual(log.last, "failed: connection reset")
        XCTAssertEqual(network.streams.count, 2)
    }
    func testHangingKeptConnectionIsNotRetriedAndPostsGoOnTheirOwn() {
        _ = get("http://h/")
        network.streams[0].events(.connected)
        network.streams[0].answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = get("http://h/form", method: "POST", body: [65])
        XCTAssertEqual(network.streams.count, 2)
        _ = get("http://h/2")
        network.advance(seconds: 80)
        XCTAssertEqual(network.streams.count, 2)
        XCTAssertTrue(log.contains("failed: idle timed out"))
    }
    func testCancel() {
        let t = get("http://h/")
        network.streams[0].events(.connected)
        network.streams[0].answer("HTTP/1.1 200 OK\r\n\r\nx")
        t.cancel()
        XCTAssertTrue(network.streams[0].isAborted)
        network.streams[0].answer("y")
        XCTAssertEqual(log, ["200 http://h/", "x"])
        for i in 0..<7 { _ = get("http://i/\(i)") }
        get("http://i/waiting").cancel()
        XCTAssertEqual(network.streams.count, 7)
    }
    func testOtherSchemes() {
        _ = get("data:text/html,<b>")
        _ = get("about:blank")
        _ = get("https://h/")
        _ = get("ftp://h/")
        _ = get("http://h:25/")
        XCTAssertEqual(log, [], "nothing is told from within the call")
        network.advance(seconds: 1)
        XCTAssertEqual(log, ["200 data:text/html,<b>", "<b>", "end", "200 about:blank", "end", "failed: https not available", "failed: unsupported scheme", "failed: blocked port"])
    }
    /// Header values from a page cannot add lines to the request.
    func testHeaderInjection() {
        var r = HTTPRequest(url: URL("http://h/")!)
        r.headers.add("X-A", "1\r\nX-Evil: 2")
        r.headers.add("Content-Length", "5")
        http.send(r) { _ in }
        XCTAssertFalse(network.streams[0].sent.contains("Evil"))
        XCTAssertFalse(network.streams[0].sent.contains("Content-Length"))
    }
}
