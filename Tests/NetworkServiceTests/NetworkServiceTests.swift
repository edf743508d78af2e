// The service with real clients over a kernel double and a LAN host: streams, backpressure, names, death, HTTP on top. (SVC-004)
import ABI
import NetClient
@testable import NetworkService
import NetStack
import Runtime
import WebNet
import XCTest

final class NetworkServiceTests: XCTestCase {
    var kernel: FakeKernel!
    var pages: [String: HTTPServerResponse] = [:]

    override func setUp() {
        kernel = FakeKernel()
        kernel.host = LANHost(seed: 9) { [unowned self] r in pages[r.path] ?? .notFound(r.target) }
        kernel.host!.zone = { $0 == "nowhere.test" ? nil : IPv4Address(10, 0, 2, 2) }
        startNetworkService(bootstrap: kernel.makeBootstrap(), reactor: kernel.reactor)
    }
    override func tearDown() { networkService = nil; kernel = nil }

    func makeClient() throws -> NetworkClient { try XCTUnwrap(NetworkClient(reactor: kernel.reactor)) }
    func pattern(_ n: Int) -> [UInt8] { (0..<n).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) } }

    func testAddressByDHCPAndStatus() throws {
        let client = try makeClient()
        XCTAssertTrue(kernel.run(for: 5_000_000_000) { client.status?.isConfigured == true })
        XCTAssertEqual(client.status?.address, 0x0A00020F)
        XCTAssertEqual(client.status?.hardwareAddress, 0x5254_0012_3456)
        XCTAssertEqual(kernel.logLines, ["net: address 10.0.2.15 gateway 10.0.2.2 name server 10.0.2.2"])
        var status: NetworkStatus?
        client.requestStatus { status = $0 }
        XCTAssertTrue(kernel.run(for: 1_000_000_000) { status != nil })
        XCTAssertGreaterThan(status?.framesReceived ?? 0, 1)
    }
    func testResolve() throws {
        let client = try makeClient()
        kernel.run(for: 3_000_000_000) { client.status?.isConfigured == true }
        var answers: [Result<[UInt32], NetworkError>] = []
        client.resolve(host: "docs.test") { answers.append($0) }
        client.resolve(host: "192.168.1.1") { answers.append($0) }
        client.resolve(host: "nowhere.test") { answers.append($0) }
        XCTAssertTrue(kernel.run(for: 5_000_000_000) { answers.count == 3 })
        XCTAssertTrue(answers.contains(.success([0x0A000202])))
        XCTAssertTrue(answers.contains(.success([0xC0A80101])))
        XCTAssertTrue(answers.contains(.failure(.nameNotFound)))
    }
    func fetch(_ http: HTTPClient, _ url: String, _ limit: UInt64 = 200_000_000_000) throws -> (HTTPResponse?, [UInt8], HTTPError?) {
        var response: HTTPResponse?, body: [UInt8] = [], error: HTTPError?, done = false
        http.get(try XCTUnwrap(URL(url))) { event in
            switch event {
            case .redirected: break
            case .response(let r): response = r
            case .body(let b): body += b
            case .finished: done = true
            case .failed(let e): error = e; done = true
            }
        }
        XCTAssertTrue(kernel.run(for: limit) { done }, "no end of \(url)")
        return (response, body, error)
    }
    /// Before there is an address the request waits for it.
    func testPagesOverHTTP() throws {
        let big = pattern(1 << 20)
        pages["/"] = HTTPServerResponse(body: Array("<p>hello".utf8))
        pages["/big"] = HTTPServerResponse(contentType: "application/octet-stream", body: big)
        pages["/old"] = .redirect(to: "/?moved")
        let http = HTTPClient(network: try makeClient(), reactor: kernel.reactor)
        let first = try fetch(http, "http://docs.test/")
        XCTAssertEqual(first.0?.status, 200)
        XCTAssertEqual(first.1, Array("<p>hello".utf8))
        XCTAssertEqual(first.0?.mediaType, "text/html")
        let second = try fetch(http, "http://docs.test/big")
        XCTAssertTrue(second.1 == big)
        let moved = try fetch(http, "http://docs.test/old#there")
        XCTAssertEqual(moved.0?.url.href, "http://docs.test/?moved#there")
        XCTAssertEqual(try fetch(http, "http://docs.test/none").0?.status, 404)
        XCTAssertEqual(kernel.host!.stack.connectionCount, 1, "one connection kept alive for all")
        kernel.run(for: 40_000_000_000)
        XCTAssertEqual(kernel.host!.stack.connectionCount, 0, "closed after 30 idle seconds")
    }
    func testErrorsReachTheUser() throws {
        let http = HTTPClient(network: try makeClient(), reactor: kernel.reactor)
        func name(_ url: String) throws -> String? { try fetch(http, url).2?.name }
        XCTAssertEqual(try name("http://nowhere.test/"), "name not found")
        XCTAssertEqual(try name("http://docs.test:81/"), "connection refused")
        XCTAssertEqual(try name("http://10.0.2.77/"), "unreachable")
        kernel.isCableOut = true
        XCTAssertEqual(try name("http://docs.test/"), "connect timed out")
        XCTAssertEqual(try name("http://other.test/"), "name server timed out")
    }
    func testNoNetworkAtAll() throws {
        kernel.isCableOut = true
        let http = HTTPClient(network: try makeClient(), reactor: kernel.reactor)
        XCTAssertEqual(try fetch(http, "http://docs.test/").2?.name, "no network")
    }
    func testSlowReaderHoldsBackTheServer() throws {
        pages["/big"] = HTTPServerResponse(body: pattern(1 << 20))
        let client = try makeClient()
        var got = 0
        let stream = client.connect(host: "10.0.2.2", port: 80) { s, event in
            if case .connected = event { s.send(Array("GET /big HTTP/1.1\r\nHost: a\r\n\r\n".utf8)); s.pause() }
            if case .data(let b) = event { got += b.count }
        }
        kernel.run(for: 30_000_000_000)
        XCTAssertEqual(got, NetworkLimits.streamCreditByteCount, "one credit and no more")
        stream.resume()
        var before = got
        for _ in 0..<100 where got < 1 << 20 {
            kernel.run(for: 10_000_000_000) { got > before }
            before = got
        }
        XCTAssertGreaterThan(got, 1 << 20)
    }
    func testUploadIsHeldBackByThePeer() throws {
        var received: [UInt8] = []
        kernel.host = LANHost(seed: 4) { r in received = r.body; return HTTPServerResponse(body: []) }
        let http = HTTPClient(network: try makeClient(), reactor: kernel.reactor)
        let body = pattern(600_000)
        var done = false
        http.send(HTTPRequest(url: URL("http://10.0.2.2/form")!, method: "POST", body: body)) { if case .finished = $0 { done = true } }
        XCTAssertTrue(kernel.run(for: 60_000_000_000) { done })
        XCTAssertTrue(received == body)
    }
    func testManyTransfersAtOnceThroughSmallChannels() throws {
        let body = pattern(100_000)
        for i in 0..<30 { pages["/\(i)"] = HTTPServerResponse(body: body) }
        kernel.channelDepth = 4
        let clients = [try makeClient(), try makeClient()]
        var done = 0
        for c in clients {
            let http = HTTPClient(network: c, reactor: kernel.reactor)
            for i in 0..<30 {
                var got: [UInt8] = []
                http.get(URL("http://docs.test/\(i)")!) { event in
                    if case .body(let b) = event { got += b }
                    if case .finished = event { done += 1; XCTAssertTrue(got == body) }
                    if case .failed(let e) = event { XCTFail(e.name) }
                }
            }
        }
        XCTAssertTrue(kernel.run(for: 100_000_000_000) { done == 60 }, "\(done) of 60")
        XCTAssertLessThanOrEqual(kernel.host!.stack.connectionCount, 12)
    }
    func testDeathOfAClientClosesItsStreams() throws {
        pages["/big"] = HTTPServerResponse(body: pattern(1 << 20))
        let channel = try kernel.rawConnect()
        kernel.run(for: 3_000_000_000)
        var w = ByteWriter(request: .connect, 1)
        w.u16(80); w.string("10.0.2.2")
        try channel.send(w.bytes)
        kernel.run(for: 1_000_000_000)
        XCTAssertEqual(kernel.host!.stack.connectionCount, 1)
        kernel.close(channel.handle.raw)
        kernel.run(for: 1_000_000_000)
        XCTAssertEqual(kernel.host!.stack.connectionCount, 0)
        XCTAssertEqual(networkService?.status.connectionsOpen, 0)
    }
    /// Malformed messages, double ids, more data than granted: that client is cut off, others go on.
    func testBadClientsAreDisconnected() throws {
        pages["/"] = HTTPServerResponse(body: [65])
        let good = HTTPClient(network: try makeClient(), reactor: kernel.reactor)
        var connect = ByteWriter(request: .connect, 1)
        connect.u16(80); connect.string("10.0.2.2")
        var tooMuch = ByteWriter(request: .data, 1)
        tooMuch.raw([UInt8](repeating: 0, count: 4000))
        for (n, bad) in ([[[]], [[1]], [[200, 0, 0, 0, 0]], [connect.bytes, connect.bytes], [connect.bytes] + Array(repeating: tooMuch.bytes, count: 40), [[2, 1, 0, 0, 0, 80]]] as [[[UInt8]]]).enumerated() {
            kernel.isCableOut = false
            let c = try kernel.rawConnect()
            kernel.run(for: 100_000_000)
            kernel.isCableOut = true
            for m in bad {
                try? c.send(m)
                kernel.run(for: 1_000_000)
            }
            kernel.run(for: 100_000_000)
            var isCut = false
            do throws(SystemError) { while try c.receive() != nil {} } catch { isCut = error == .peerClosed }
            XCTAssertTrue(isCut, "case \(n)")
            kernel.close(c.handle.raw)
        }
        kernel.isCableOut = false
        XCTAssertEqual(try fetch(good, "http://docs.test/").1, [65])
    }
}
