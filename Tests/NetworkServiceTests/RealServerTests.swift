// Service, client and HTTP against real servers of this host through slirp: the host's own TCP is at the other end.
import ABI
import Foundation
import NetClient
import NetStack
@testable import NetworkService
import Runtime
import WebNet
import XCTest

final class RealServerTests: XCTestCase {
    var kernel: FakeKernel!
    var folder: Foundation.URL!

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-net-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        kernel = FakeKernel()
        kernel.latency = 0
        kernel.farEnd = try SlirpFarEnd()
        startNetworkService(bootstrap: kernel.makeBootstrap(), reactor: kernel.reactor)
    }
    override func tearDown() {
        networkService = nil
        kernel = nil
        try? FileManager.default.removeItem(at: folder)
    }
    func fetch(_ http: HTTPClient, _ text: String) throws -> (HTTPResponse?, [UInt8], HTTPError?) {
        var response: HTTPResponse?, body: [UInt8] = [], error: HTTPError?, done = false
        http.get(try XCTUnwrap(WebNet.URL(text))) { event in
            switch event {
            case .redirected: break
            case .response(let r): response = r
            case .body(let b): body += b
            case .finished: done = true
            case .failed(let e): error = e; done = true
            }
        }
        XCTAssertTrue(kernel.run(for: 60_000_000_000) { done }, "no end of \(text)")
        return (response, body, error)
    }
    func testPythonServer() throws {
        let data = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }
        try Data(data).write(to: folder.appendingPathComponent("big.bin"))
        try Data("<title>hi</title>".utf8).write(to: folder.appendingPathComponent("index.html"))
        try FileManager.default.createDirectory(at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
        let port = HostServer.freePort()
        let server = try HostServer(["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder.path, "\(port)"])
        try XCTSkipUnless(HostServer.waitFor(port: port), "python3 cannot serve")
        let client = try XCTUnwrap(NetworkClient(reactor: kernel.reactor))
        XCTAssertTrue(kernel.run(for: 10_000_000_000) { client.status?.isConfigured == true }, "DHCP by slirp")
        XCTAssertEqual(client.status?.address, 0x0A00020F)
        let http = HTTPClient(network: client, reactor: kernel.reactor)
        let page = try fetch(http, "http://10.0.2.2:\(port)/")
        XCTAssertEqual(page.0?.mediaType, "text/html")
        XCTAssertEqual(page.1, Array("<title>hi</title>".utf8))
        XCTAssertTrue(try fetch(http, "http://10.0.2.2:\(port)/big.bin").1 == data)
        XCTAssertEqual(try fetch(http, "http://10.0.2.2:\(port)/sub").0?.url.path, "/sub/", "the server redirects")
        XCTAssertEqual(try fetch(http, "http://10.0.2.2:\(port)/none").0?.status, 404)
        XCTAssertEqual(try fetch(http, "http://10.0.2.2:\(HostServer.freePort())/").2?.name, "connection refused")
        XCTAssertTrue(server.isRunning)
    }
    func testNamesByDnsmasq() throws {
        let port = HostServer.freePort()
        let server = try HostServer(["dnsmasq", "-k", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file=", "--user=", "--listen-address=127.0.0.1", "--bind-interfaces",
                                     "--port=\(port)", "--host-record=docs.test,10.9.8.7", "--cname=www.test,docs.test", "--address=/gone.test/"])
        try XCTSkipUnless(HostServer.waitFor(port: port) && server.isRunning, "dnsmasq cannot serve")
        var p = NetworkStackParameters(hardwareAddress: HardwareAddress(0x5254_0000_0001), fixed: IPv4Configuration(address: IPv4Address(10, 0, 2, 15),
            mask: IPv4Address(255, 255, 255, 0), gateway: IPv4Address(10, 0, 2, 2), nameServer: IPv4Address(10, 0, 2, 2)), seed: 3)
        p.nameServerPort = port
        let stack = NetworkStack(p), wire = try SlirpFarEnd()
        var now: UInt64 = 1, answers: [UInt32: Result<[IPv4Address], DNSFailure>] = [:]
        let ids = ["docs.test", "WWW.test", "gone.test"].map { stack.resolve($0, now: now) }
        while answers.count < 3, now < 8_000_000_000 {
            _ = stack.poll(now: now)
            while let f = stack.takeFrame() { wire.receive(f, now: now) }
            _ = wire.poll(now: now)
            while let f = wire.takeFrame() { stack.receive(f, now: now) }
            for r in stack.takeResolutions() { answers[r.id] = r.answer }
            now += 1_000_000
        }
        XCTAssertEqual(answers[ids[0]], .success([IPv4Address(10, 9, 8, 7)]))
        XCTAssertEqual(answers[ids[1]], .success([IPv4Address(10, 9, 8, 7)]))
        XCTAssertEqual(answers[ids[2]], .failure(.notFound))
    }
    /// A server that accepts and says nothing, and one that breaks off in the middle.
    func testHangingAndBreakingServers() throws {
        let script = """
        import socket, sys, threading, time
        s = socket.socket(); s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(8)
        while True:
            c, _ = s.accept()
            def serve(c):
                r = c.recv(4096)
                if b'/cut' in r:
                    c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 100\\r\\n\\r\\nabc'); c.close()
                elif b'/bytes' in r:
                    for b in b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n3\\r\\nabc\\r\\n0\\r\\n\\r\\n':
                        c.sendall(bytes([b])); time.sleep(0.002)
                    c.close()
                elif r: time.sleep(60)
            threading.Thread(target=serve, args=(c,), daemon=True).start()
        """
        let port = HostServer.freePort()
        let server = try HostServer(["python3", "-c", script, "\(port)"])
        try XCTSkipUnless(HostServer.waitFor(port: port), "python3 cannot serve")
        let http = HTTPClient(network: try XCTUnwrap(NetworkClient(reactor: kernel.reactor)), reactor: kernel.reactor)
        http.limits.idleNanoseconds = 1_000_000_000
        XCTAssertEqual(try fetch(http, "http://10.0.2.2:\(port)/bytes").1, Array("abc".utf8))
        let cut = try fetch(http, "http://10.0.2.2:\(port)/cut")
        XCTAssertEqual(cut.1, Array("abc".utf8))
        XCTAssertEqual(cut.2?.name, "truncated")
        XCTAssertEqual(try fetch(http, "http://10.0.2.2:\(port)/hang").2?.name, "idle timed out")
        XCTAssertTrue(server.isRunning)
    }
}
