// The guest's driver and TCP/IP stack through slirp against real servers on loopback, recorded and replayed.
@testable import Devices
import Drivers
import Foundation
import Machine
import NetStack
import XCTest

/// A guest that is only a network: gets an address, asks a name server, fetches one URL path.
private final class NetworkGuest: Guest, RegisterAccess {
    unowned let machine: Machine
    private(set) var driver: NetDriver!
    private(set) var stack: NetworkStack!
    let httpPort: UInt16, dnsPort: UInt16
    private var socket: SocketID?
    private var isAsked = false
    var received: [UInt8] = []
    var answer: [DNSRecord] = []
    var isFinished = false
    var failure: TCPFailure?

    init(_ machine: Machine, httpPort: UInt16, dnsPort: UInt16) {
        self.machine = machine
        self.httpPort = httpPort
        self.dnsPort = dnsPort
        machine.guest = self
    }

    func read(_ address: UInt64) -> UInt32 { machine.bus.read(address) }
    func write(_ address: UInt64, _ value: UInt32) { machine.bus.write(address, value) }

    func boot() {
        let transport = VirtioTransport(base: VirtIOTransport.base + 3 * VirtIOTransport.stride, registers: self)!
        driver = NetDriver(transport: transport, memory: DMARegion(base: machine.ram.base, physical: GuestRAM.physicalBase, byteCount: 4 << 16))!
        let mac = driver.mac.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        stack = NetworkStack(NetworkStackParameters(hardwareAddress: HardwareAddress(mac), seed: machine.configuration.seed))
        _ = stack.bindUDP(port: 5555)
        work()
    }

    func interrupt(line: Int) {
        driver.handleInterrupt()
        while let frame = driver.receive() {
            machine.charge(nanoseconds: 1000 + UInt64(frame.count))
            stack.receive(frame, now: machine.now.nanoseconds)
        }
        work()
    }

    func alarm() { work() }
    func runSlice(limit: UInt64) -> Bool { false }
    var subsystemHashes: [(name: String, hash: UInt64)] {
        var hasher = StateHasher()
        hasher.add(received)
        return [("received", hasher.value), ("ram", StateHasher.hash(UnsafeRawBufferPointer(start: machine.ram.base, count: machine.ram.byteCount)))]
    }

    private func work() {
        let now = machine.now.nanoseconds
        var deadline: UInt64?
        repeat {
            deadline = stack.poll(now: now)
            use(now)
            while driver.canSend, let frame = stack.takeFrame() { _ = driver.send(frame) }
            deadline = stack.poll(now: now)
        } while stack.outgoingCount > 0 && driver.canSend
        machine.setAlarm(deadline.map { Tick(nanoseconds: max($0, now + 1)) })
    }

    private func use(_ now: UInt64) {
        guard stack.configuration != nil else { return }
        let host = IPv4Address(10, 0, 2, 2)
        if !isAsked {
            isAsked = true
            if let query = DNSMessage(identifier: 77, question: "pages.test").emit() { stack.sendUDP(from: 5555, to: host, port: dnsPort, query, now: now) }
            socket = try? stack.connect(to: host, port: httpPort, now: now)
            if let socket { _ = stack.send(socket, Array("GET /big.bin HTTP/1.0\r\nHost: 10.0.2.2\r\n\r\n".utf8)) }
        }
        while let datagram = stack.receiveUDP(port: 5555) { answer = DNSMessage(PacketView(datagram.bytes))?.answers ?? [] }
        guard let socket else { return }
        received += stack.receive(socket, max: 1 << 20)
        guard let status = stack.status(socket) else { return }
        failure = status.failure
        if status.hasPeerFinished || status.isEnded { isFinished = true; stack.finish(socket); stack.release(socket, now: now); self.socket = nil }
    }
}

final class RealNetworkTests: XCTestCase {
    private var servers: [Process] = []
    private var folder = ""

    override func tearDown() {
        stopServers()
        if !folder.isEmpty { try? FileManager.default.removeItem(atPath: folder) }
    }

    private func stopServers() {
        for server in servers where server.isRunning { kill(server.processIdentifier, SIGKILL) }
        servers = []
    }

    private func freePort() -> UInt16 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size)
                getsockname(descriptor, pointer, &size)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
    }

    private func isListening(_ port: UInt16) -> Bool {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        } == 0
    }

    private func start(_ path: String, _ arguments: [String], port: UInt16) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        servers.append(process)
        for _ in 0..<400 {
            if isListening(port) { break }
            if !process.isRunning { throw XCTSkip("\(path) is not installed") }
            usleep(25_000)
        }
    }

    private func build(_ configuration: MachineConfiguration, _ backend: any NetBackend, _ http: UInt16, _ dns: UInt16) throws -> (Machine, NetworkGuest) {
        let machine = try Machine(configuration: configuration)
        _ = try VirtIOTransport(machine: machine, device: NetDevice(backend: backend), slot: DeviceSlot.net)
        return (machine, NetworkGuest(machine, httpPort: http, dnsPort: dns))
    }

    func testFetchThroughSlirpIsRecordedAndReplays() throws {
        folder = NSTemporaryDirectory() + "pages-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let content = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try Data(content).write(to: URL(fileURLWithPath: folder + "/big.bin"))
        let http = freePort()
        try start("python3", ["-m", "http.server", "--bind", "127.0.0.1", "--directory", folder, String(http)], port: http)
        let dns = freePort()
        try start("dnsmasq", [
            "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file", "--user=root",
            "--listen-address=127.0.0.1", "--bind-interfaces", "--port=\(dns)", "--address=/pages.test/192.0.2.7",
        ], port: dns)

        let configuration = MachineConfiguration(ramByteCount: 1 << 20, seed: 3, checkpointPeriodNanoseconds: 20_000_000)
        let (machine, guest) = try build(configuration, SlirpBackend(), http, dns)
        let path = folder + "/net.trace"
        let writer = try TraceWriter(path: path, header: TraceHeader(configuration: configuration, imageHash: 0, toolchain: "test"))
        writer.attach(to: machine)
        let reason = machine.run(until: .predicate { (guest.isFinished && !guest.answer.isEmpty) || machine.now > .seconds(20) })
        XCTAssertEqual(reason, .reached)
        try writer.finish(machine)
        XCTAssertTrue(guest.isFinished)
        XCTAssertNil(guest.failure)
        XCTAssertEqual(guest.stack.configuration?.address, IPv4Address(10, 0, 2, 15))
        XCTAssertEqual(guest.answer.first.map { $0.name }, "pages.test")
        XCTAssertTrue(guest.received.count > content.count && Array(guest.received.suffix(content.count)) == content)

        let trace = try TraceReader(path: path)
        let (again, guest2) = try build(trace.header.configuration, ReplayBackend(), http, dns)
        stopServers()
        let replayer = Replayer(trace)
        replayer.attach(to: again)
        XCTAssertEqual(again.run(until: .forever), .replayEnded)
        XCTAssertGreaterThan(replayer.eventCount, 1000)
        XCTAssertEqual(guest2.received, guest.received)
        XCTAssertEqual(again.now, machine.now)
    }

    func testUnreachableServerIsRefused() throws {
        let (machine, guest) = try build(MachineConfiguration(ramByteCount: 1 << 20), SlirpBackend(), freePort(), freePort())
        _ = machine.run(until: .predicate { guest.isFinished || machine.now > .seconds(15) })
        XCTAssertTrue(guest.isFinished)
        XCTAssertNotNil(guest.failure)
        XCTAssertEqual(guest.received, [])
    }
}
