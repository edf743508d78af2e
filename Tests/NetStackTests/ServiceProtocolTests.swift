// DHCP, DNS, ARP, ICMP and junk.
@testable import NetStack
import XCTest

/// Server side of DHCP and DNS as a station on the wire, at 10.0.2.2.
final class TestServers {
    var leaseSeconds: UInt32 = 3600
    var isSilent = false, refuses = false
    var zone: [String: [DNSRecord]] = [:]
    private(set) var dhcpSeen: [DHCPMessage.Kind] = []
    private(set) var questions: [String] = []
    let stack: NetworkStack

    init() {
        stack = NetworkStack(NetworkStackParameters(hardwareAddress: HardwareAddress(0x0200_0000_0002),
            fixed: IPv4Configuration(address: IPv4Address(10, 0, 2, 2), mask: IPv4Address(255, 255, 255, 0)), seed: 5))
        XCTAssertTrue(stack.bindUDP(port: 67))
        XCTAssertTrue(stack.bindUDP(port: 53))
    }
    func serve(_ now: UInt64) {
        while let d = stack.receiveUDP(port: 67) {
            guard let m = DHCPMessage(PacketView(d.bytes)) else { XCTFail("malformed"); continue }
            dhcpSeen.append(m.kind)
            if isSilent { continue }
            var r = DHCPMessage(kind: m.kind == .discover ? .offer : (refuses ? .nak : .ack), transaction: m.transaction, clientHardware: m.clientHardware)
            r.isReply = true
            r.yourAddress = IPv4Address(10, 0, 2, 15)
            r.server = IPv4Address(10, 0, 2, 2); r.mask = IPv4Address(255, 255, 255, 0)
            r.router = IPv4Address(10, 0, 2, 2); r.nameServer = IPv4Address(10, 0, 2, 2); r.leaseSeconds = leaseSeconds
            stack.sendUDP(from: 67, to: m.clientAddress.isAny ? .broadcast : m.clientAddress, port: 68, r.emit(), now: now)
        }
        while let d = stack.receiveUDP(port: 53) {
            guard var m = DNSMessage(PacketView(d.bytes)) else { XCTFail("malformed"); continue }
            questions.append(m.question)
            if isSilent { continue }
            m.isResponse = true
            if let records = zone[m.question] { m.answers = records } else { m.responseCode = 3 }
            stack.sendUDP(from: 53, to: d.from, port: d.port, m.emit() ?? [], now: now)
        }
    }
}

final class ServiceProtocolTests: XCTestCase {
    func make(_ seed: UInt64 = 4) -> (SimulatedLink, NetworkStack, TestServers) {
        let link = SimulatedLink(seed: seed), servers = TestServers()
        let client = NetworkStack(NetworkStackParameters(hardwareAddress: HardwareAddress(0x5254_0012_3456), seed: seed))
        link.stacks = [client, servers.stack]
        return (link, client, servers)
    }
    func configured(_ seed: UInt64 = 4) -> (SimulatedLink, NetworkStack, TestServers) {
        let (link, client, servers) = make(seed)
        XCTAssertTrue(link.run(for: 60_000_000_000) { servers.serve(link.now); return client.configuration != nil })
        return (link, client, servers)
    }

    func testLeaseAndRenewal() {
        let (link, client, servers) = configured()
        XCTAssertEqual(client.configuration, IPv4Configuration(address: IPv4Address(10, 0, 2, 15), mask: IPv4Address(255, 255, 255, 0), gateway: IPv4Address(10, 0, 2, 2), nameServer: IPv4Address(10, 0, 2, 2)))
        XCTAssertEqual(servers.dhcpSeen, [.discover, .request])
        link.run(for: 1_900_000_000_000) { servers.serve(link.now); return false }
        XCTAssertEqual(servers.dhcpSeen, [.discover, .request, .request], "renewed at half the lease")
        XCTAssertNotNil(client.configuration)
    }
    func testLeaseUnderLoss() {
        for seed in UInt64(1)...10 {
            let (link, client, servers) = make(seed)
            link.faults = LinkFaults(loss: 300, duplication: 100)
            XCTAssertTrue(link.run(for: 600_000_000_000) { servers.serve(link.now); return client.configuration != nil }, "seed \(seed)")
        }
    }
    func testExpiryStartsOver() {
        let (link, client, servers) = configured()
        servers.isSilent = true
        XCTAssertTrue(link.run(for: 3_700_000_000_000) { servers.serve(link.now); return client.configuration == nil })
        servers.isSilent = false
        XCTAssertTrue(link.run(for: 200_000_000_000) { servers.serve(link.now); return client.configuration != nil })
    }
    func testRefusedRenewal() {
        let (link, client, servers) = configured()
        servers.refuses = true
        XCTAssertTrue(link.run(for: 2_000_000_000_000) { servers.serve(link.now); return client.configuration == nil })
    }

    func resolve(_ link: SimulatedLink, _ client: NetworkStack, _ servers: TestServers, _ name: String) -> Result<[IPv4Address], DNSFailure>? {
        let id = client.resolve(name, now: link.now)
        var answer: Result<[IPv4Address], DNSFailure>?
        link.run(for: 60_000_000_000) {
            servers.serve(link.now)
            for r in client.takeResolutions() where r.id == id { answer = r.answer }
            return answer != nil
        }
        return answer
    }
    func testAddressAliasAndCache() {
        let (link, client, servers) = configured()
        servers.zone["example.test"] = [DNSRecord(name: "example.test", seconds: 60, payload: .address(IPv4Address(1, 2, 3, 4)))]
        servers.zone["www.example.test"] = [DNSRecord(name: "www.example.test", seconds: 60, payload: .alias("cdn.test")), DNSRecord(name: "cdn.test", seconds: 30, payload: .alias("far.test"))]
        servers.zone["far.test"] = [DNSRecord(name: "far.test", seconds: 30, payload: .address(IPv4Address(5, 6, 7, 8)))]
        XCTAssertEqual(resolve(link, client, servers, "Example.TEST."), .success([IPv4Address(1, 2, 3, 4)]))
        XCTAssertEqual(resolve(link, client, servers, "www.example.test"), .success([IPv4Address(5, 6, 7, 8)]))
        XCTAssertEqual(servers.questions, ["example.test", "www.example.test", "far.test"])
        XCTAssertEqual(resolve(link, client, servers, "www.example.test"), .success([IPv4Address(5, 6, 7, 8)]))
        XCTAssertEqual(servers.questions.count, 3, "from the cache")
        link.run(for: 61_000_000_000)
        _ = resolve(link, client, servers, "example.test")
        XCTAssertEqual(servers.questions.count, 4, "the time to live has passed")
    }
    func testAliasLoopNegativeAndSilence() {
        let (link, client, servers) = configured()
        servers.zone["a.test"] = [DNSRecord(name: "a.test", seconds: 60, payload: .alias("b.test"))]
        servers.zone["b.test"] = [DNSRecord(name: "b.test", seconds: 60, payload: .alias("a.test"))]
        XCTAssertEqual(resolve(link, client, servers, "a.test"), .failure(.serverFailed))
        XCTAssertEqual(resolve(link, client, servers, "nowhere.test"), .failure(.notFound))
        XCTAssertEqual(resolve(link, client, servers, "bad..name"), .failure(.invalidName))
        XCTAssertEqual(resolve(link, client, servers, ""), .failure(.invalidName))
        servers.isSilent = true
        XCTAssertEqual(resolve(link, client, servers, "silent.test"), .failure(.timedOut))
        XCTAssertEqual(servers.questions.filter { $0 == "silent.test" }.count, 3)
    }
    func testHostileNamesDoNotLoop() {
        var m = [UInt8](repeating: 0, count: 12)
        m[2] = 0x80; m[5] = 1
        XCTAssertNil(DNSMessage(PacketView(m + [0xC0, 12, 0, 1, 0, 1])), "pointer to itself")
        XCTAssertNil(DNSMessage(PacketView(m + [0xC0, 14, 0xC0, 12, 0, 1])), "forward pointer")
        XCTAssertNil(DNSMessage(PacketView(m + [63, 1])), "label past the end")
    }
    func testPingAndPortUnreachable() {
        let (link, client, _) = configured()
        client.ping(IPv4Address(10, 0, 2, 2), identifier: 7, sequence: 1, byteCount: 56, now: link.now)
        link.run(for: 1_000_000_000)
        XCTAssertEqual(client.takeEchoReplies(), [EchoReply(from: IPv4Address(10, 0, 2, 2), identifier: 7, sequence: 1, byteCount: 56)])
        client.sendUDP(from: 5000, to: IPv4Address(10, 0, 2, 2), port: 9999, [1, 2, 3], now: link.now)
        link.run(for: 1_000_000_000)
        XCTAssertEqual(client.counters.drops(.icmpUnhandled), 1, "port unreachable came back")
    }
    /// Random bytes and mutated real frames: nothing traps, everything dropped is counted.
    func testJunk() throws {
        var random = NetworkRandom(seed: 12)
        let a = makeStack(15, seed: 1), b = makeStack(20, seed: 2)
        try a.listen(port: 80)
        var frames: [[UInt8]] = []
        _ = try b.connect(to: IPv4Address(10, 0, 2, 15), port: 80, now: 1)
        _ = b.poll(now: 1)
        for _ in 0..<50 {
            while let f = b.takeFrame() { frames.append(f); a.receive(f, now: 1) }
            _ = a.poll(now: 1)
            while let f = a.takeFrame() { frames.append(f); b.receive(f, now: 1) }
            _ = b.poll(now: 1)
        }
        XCTAssertGreaterThan(frames.count, 4)
        for i in 0..<20_000 {
            var f = frames[Int(random.below(UInt64(frames.count)))]
            if i % 10 == 0 { f = (0..<Int(random.below(200))).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
            for _ in 0..<random.below(4) where !f.isEmpty { f[Int(random.below(UInt64(f.count)))] = UInt8(truncatingIfNeeded: random.next()) }
            if i % 7 == 0 { f.removeLast(Int(random.below(UInt64(f.count + 1)))) }
            a.receive(f, now: UInt64(i) * 1000)
            b.receive(f, now: UInt64(i) * 1000)
            if i % 100 == 0 { _ = a.poll(now: UInt64(i) * 1000); _ = b.poll(now: UInt64(i) * 1000); while a.takeFrame() != nil {}; while b.takeFrame() != nil {} }
        }
        XCTAssertGreaterThan(a.counters.framesDropped, 1000)
    }
    /// Emission writes every byte: into buffers filled with 0xA5 the result parses to the same value.
    func testFormatsRoundTrip() throws {
        var b = [UInt8](repeating: 0xA5, count: 64)
        let e = EthernetHeader(destination: .broadcast, source: HardwareAddress(0x0102_0304_0506), type: 0x0800)
        e.emit(&b, at: 3)
        XCTAssertEqual(EthernetHeader(try XCTUnwrap(PacketView(b).dropping(3))), e)
        let arp = ARPPacket(operation: 2, senderHardware: HardwareAddress(1), sender: IPv4Address(1, 2, 3, 4), targetHardware: HardwareAddress(9), target: IPv4Address(4, 3, 2, 1))
        arp.emit(&b, at: 1)
        XCTAssertEqual(ARPPacket(try XCTUnwrap(PacketView(b).dropping(1))), arp)
        let icmp = ICMPMessage(type: 8, code: 0, rest: 77, payload: [1, 2, 3])
        icmp.emit(&b, at: 0)
        XCTAssertEqual(ICMPMessage(try XCTUnwrap(PacketView(b).dropping(0, count: icmp.byteCount))), icmp)
        b = [UInt8](repeating: 0xA5, count: 64)
        var t = TCPHeader()
        t.sourcePort = 5; t.destinationPort = 6; t.sequence = SequenceNumber(7); t.acknowledgment = SequenceNumber(8)
        t.flags = [.syn, .ack]; t.window = 999; t.maximumSegment = 1460; t.windowScale = 3
        t.emit(&b, at: 0, payloadByteCount: 2, .any, .broadcast)
        let parsed = try TCPHeader.parse(try XCTUnwrap(PacketView(b).dropping(0, count: t.byteCount + 2)), .any, .broadcast)
        XCTAssertEqual(parsed.0, t)
        XCTAssertEqual(parsed.1.array, [0xA5, 0xA5])
        let d = DHCPMessage(PacketView(DHCPMessage(kind: .request, transaction: 5, clientHardware: HardwareAddress(6)).emit()))
        XCTAssertEqual(d?.kind, .request)
        XCTAssertEqual(IPv4Address(text: "10.0.2.15"), IPv4Address(10, 0, 2, 15))
        for bad in ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "a.b.c.d", "1.2.3.", "0001.2.3.4"] { XCTAssertNil(IPv4Address(text: bad), bad) }
    }
}
