// TCP between two stacks over a simulated link: transfers under faults, closing, resets, silence, windows.
@testable import NetStack
import XCTest

final class TCPTests: XCTestCase {
    struct Pair { var link: SimulatedLink, client: NetworkStack, server: NetworkStack, a: SocketID, b: SocketID }

    func makePair(seed: UInt64 = 1, faults: LinkFaults = LinkFaults(), adjust: (inout NetworkStackParameters) -> Void = { _ in }) throws -> Pair {
        let link = SimulatedLink(seed: seed)
        link.stacks = [makeStack(15, seed: seed, adjust), makeStack(20, seed: seed + 1, adjust)]
        link.faults = faults
        try link.stacks[1].listen(port: 80)
        let a = try link.stacks[0].connect(to: IPv4Address(10, 0, 2, 20), port: 80, now: link.now)
        var b: SocketID?
        let opened = link.run(for: 60_000_000_000) {
            if b == nil { b = link.stacks[1].accept(port: 80) }
            return b != nil && link.stacks[0].status(a)?.isConnected == true
        }
        XCTAssertTrue(opened, "handshake, seed \(seed)")
        return Pair(link: link, client: link.stacks[0], server: link.stacks[1], a: a, b: try XCTUnwrap(b))
    }
    /// Sends `data` from the server to the client and both close; answers what arrived.
    func transfer(_ p: Pair, _ data: [UInt8], limit: UInt64 = 600_000_000_000) -> [UInt8] {
        var sent = 0, finished = false, got: [UInt8] = []
        p.link.run(for: limit) {
            sent += p.server.send(p.b, data, from: sent)
            if sent == data.count && !finished { p.server.finish(p.b); finished = true }
            got += p.client.receive(p.a, max: 100_000)
            guard let s = p.client.status(p.a) else { return true }
            return s.hasPeerFinished && s.readableByteCount == 0 || s.isEnded
        }
        return got
    }

    func testPlainTransferBothWays() throws {
        let p = try makePair()
        XCTAssertEqual(p.client.send(p.a, Array("GET /".utf8)), 5)
        var request: [UInt8] = []
        XCTAssertTrue(p.link.run(for: 1_000_000_000) { request += p.server.receive(p.b, max: 99); return request.count == 5 })
        let start = p.link.now, data = pattern(1 << 20)
        XCTAssertEqual(transfer(p, data), data)
        XCTAssertLessThan(p.link.now - start, 2_000_000_000, "no loss: bandwidth and window, not timeouts, set the pace")
        XCTAssertEqual(p.server.counters.segmentsRetransmitted, 0)
        p.client.finish(p.a)
        XCTAssertTrue(p.link.run(for: 5_000_000_000) { p.server.status(p.b)?.isEnded == true && p.client.status(p.a)?.isEnded == true })
        p.client.release(p.a, now: p.link.now); p.server.release(p.b, now: p.link.now)
        p.link.run(for: 5_000_000_000)
        XCTAssertEqual(p.client.connectionCount, 0)
        XCTAssertEqual(p.server.connectionCount, 0)
    }
    func testTransferUnderFaults() throws {
        let data = pattern(1 << 20)
        for (i, faults) in [LinkFaults(loss: 50), LinkFaults(reordering: 200), LinkFaults(duplication: 200), LinkFaults(corruption: 50),
                            LinkFaults(loss: 50, duplication: 50, reordering: 100, corruption: 20), LinkFaults(loss: 200)].enumerated() {
            for seed in UInt64(1)...3 {
                let p = try makePair(seed: seed * 100 + UInt64(i), faults: faults)
                XCTAssertTrue(transfer(p, data) == data, "faults \(i) seed \(seed), ended \(String(describing: p.client.status(p.a)))")
            }
        }
    }
    func testRunTwiceIsTheSame() throws {
        func run() throws -> (UInt64, Int) {
            let p = try makePair(seed: 7, faults: LinkFaults(loss: 50, reordering: 100))
            _ = transfer(p, pattern(200_000))
            return (p.link.now, p.link.framesCarried)
        }
        let first = try run(), second = try run()
        XCTAssertEqual(first.0, second.0)
        XCTAssertEqual(first.1, second.1)
    }
    func testWindowScaling() throws {
        let p = try makePair { $0.tcp.receiveCapacity = 1 << 20; $0.tcp.sendCapacity = 1 << 20 }
        p.link.latency = 50_000_000
        p.link.bandwidth = 125_000_000
        let start = p.link.now, data = pattern(4 << 20)
        XCTAssertTrue(transfer(p, data) == data)
        XCTAssertLessThan(p.link.now - start, 3_000_000_000)
    }
    func testSlowReaderStopsTheSender() throws {
        let p = try makePair()
        let data = pattern(300_000)
        var sent = 0
        p.link.run(for: 20_000_000_000) { sent += p.server.send(p.b, data, from: sent); return false }
        XCTAssertEqual(sent, 65535 + 65536, "receive buffer and send buffer are full, nothing more")
        XCTAssertNil(p.server.status(p.b)?.failure, "a closed window is not a failure")
        var got: [UInt8] = []
        p.link.tick = 10_000_000
        XCTAssertTrue(p.link.run(for: 60_000_000_000) {
            sent += p.server.send(p.b, data, from: sent)
            got += p.client.receive(p.a, max: 1000)
            return got.count == data.count
        })
        XCTAssertTrue(got == data)
    }
    func testLostWindowUpdateIsFoundByProbe() throws {
        let p = try makePair()
        let data = pattern(200_000)
        var sent = 0
        p.link.run(for: 5_000_000_000) { sent += p.server.send(p.b, data, from: sent); return false }
        p.link.filter = { from, _ in from != 0 }
        var got = p.client.receive(p.a, max: 100_000)
        p.link.run(for: 100_000_000)
        p.link.filter = { _, _ in true }
        XCTAssertTrue(p.link.run(for: 60_000_000_000) {
            sent += p.server.send(p.b, data, from: sent)
            got += p.client.receive(p.a, max: 100_000)
            return got.count == data.count
        })
        XCTAssertTrue(got == data)
    }
    func testRefused() throws {
        let link = SimulatedLink(seed: 3)
        link.stacks = [makeStack(15, seed: 1), makeStack(20, seed: 2)]
        let a = try link.stacks[0].connect(to: IPv4Address(10, 0, 2, 20), port: 81, now: link.now)
        XCTAssertTrue(link.run(for: 5_000_000_000) { link.stacks[0].status(a)?.isEnded == true })
        XCTAssertEqual(link.stacks[0].status(a)?.failure, .refused)
    }
    func testNobodyThere() throws {
        let link = SimulatedLink(seed: 3)
        link.stacks = [makeStack(15, seed: 1), makeStack(20, seed: 2)]
        let a = try link.stacks[0].connect(to: IPv4Address(10, 0, 2, 99), port: 80, now: link.now)
        XCTAssertTrue(link.run(for: 10_000_000_000) { link.stacks[0].status(a)?.isEnded == true })
        XCTAssertEqual(link.stacks[0].status(a)?.failure, .unreachable)
    }
    func testSynIntoSilenceTimesOut() throws {
        let link = SimulatedLink(seed: 3)
        link.stacks = [makeStack(15, seed: 1), makeStack(20, seed: 2)]
        link.filter = { _, f in f[12] == 8 && f[13] == 6 }      // ARP only
        let a = try link.stacks[0].connect(to: IPv4Address(10, 0, 2, 20), port: 80, now: link.now)
        XCTAssertTrue(link.run(for: 120_000_000_000) { link.stacks[0].status(a)?.isEnded == true })
        XCTAssertEqual(link.stacks[0].status(a)?.failure, .timedOut)
    }
    func testPeerFallsSilent() throws {
        let p = try makePair()
        p.link.filter = { _, _ in false }
        _ = p.client.send(p.a, pattern(5000))
        let start = p.link.now
        XCTAssertTrue(p.link.run(for: 400_000_000_000) { p.client.status(p.a)?.isEnded == true })
        XCTAssertEqual(p.client.status(p.a)?.failure, .timedOut)
        XCTAssertGreaterThan(p.link.now - start, 100_000_000_000)
    }
    func testReset() throws {
        let p = try makePair()
        _ = p.server.send(p.b, pattern(1000))
        p.link.run(for: 100_000_000)
        p.server.abort(p.b)
        XCTAssertTrue(p.link.run(for: 5_000_000_000) { p.client.status(p.a)?.isEnded == true })
        XCTAssertEqual(p.client.status(p.a)?.failure, .reset)
        XCTAssertEqual(p.client.receive(p.a, max: 5000), pattern(1000), "what arrived before the reset can be read")
    }
    func testReleasedConnectionResetsLateData() throws {
        let p = try makePair()
        p.client.release(p.a, now: p.link.now)
        p.link.run(for: 100_000_000)
        _ = p.server.send(p.b, pattern(10))
        XCTAssertTrue(p.link.run(for: 5_000_000_000) { p.server.status(p.b)?.isEnded == true })
        XCTAssertEqual(p.server.status(p.b)?.failure, .reset)
        XCTAssertEqual(p.client.connectionCount, 0)
    }
    func testSimultaneousClose() throws {
        let p = try makePair()
        p.client.finish(p.a)
        p.server.finish(p.b)
        XCTAssertTrue(p.link.run(for: 5_000_000_000) { p.server.status(p.b)?.isEnded == true && p.client.status(p.a)?.isEnded == true })
        XCTAssertNil(p.client.status(p.a)?.failure)
        XCTAssertNil(p.server.status(p.b)?.failure)
    }
    func testManyConnectionsAndConservation() throws {
        let link = SimulatedLink(seed: 11)
        link.stacks = [makeStack(15, seed: 1), makeStack(20, seed: 2)]
        link.faults = LinkFaults(loss: 30, reordering: 50)
        let client = link.stacks[0], server = link.stacks[1]
        try server.listen(port: 80, backlog: 64)
        var open: [SocketID] = [], served: [SocketID] = []
        for _ in 0..<40 { open.append(try client.connect(to: IPv4Address(10, 0, 2, 20), port: 80, now: link.now)) }
        let data = pattern(20_000)
        var got = [Int](repeating: 0, count: 40)
        let done = link.run(for: 300_000_000_000) {
            while let s = server.accept(port: 80) {
                XCTAssertEqual(server.send(s, data), data.count)
                server.finish(s)
                served.append(s)
            }
            for (i, id) in open.enumerated() { got[i] += client.receive(id, max: 4096).count }
            return got.allSatisfy { $0 == data.count }
        }
        XCTAssertTrue(done)
        for id in open { client.release(id, now: link.now) }
        for id in served { server.release(id, now: link.now) }
        link.run(for: 200_000_000_000)
        XCTAssertEqual(client.connectionCount, 0)
        XCTAssertEqual(server.connectionCount, 0)
    }
    func testBacklogIsBounded() throws {
        let link = SimulatedLink(seed: 11)
        link.stacks = [makeStack(15, seed: 1), makeStack(20, seed: 2)]
        try link.stacks[1].listen(port: 80, backlog: 4)
        for _ in 0..<20 { _ = try link.stacks[0].connect(to: IPv4Address(10, 0, 2, 20), port: 80, now: link.now) }
        link.run(for: 500_000_000)
        XCTAssertEqual(link.stacks[1].connectionCount, 4)
        XCTAssertGreaterThan(link.stacks[1].counters.drops(.tcpBacklogFull), 0)
    }
}
