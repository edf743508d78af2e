// A web server inside the machine's own network: the other end of a modelled link, with the guest's own TCP/IP code.
// It hands out an address (DHCP), answers every host name with itself (DNS), and serves the image's pages on port 80.
// It runs in virtual time: what it does is a function of the frames it gets, so runs with it repeat exactly.

import Devices
import Foundation
import Machine
import NetStack

public final class PageServer: NetBackend, MachineDevice {
    public static let address = IPv4Address(10, 0, 2, 2)
    static let guestAddress = IPv4Address(10, 0, 2, 15)
    static let mask = IPv4Address(255, 255, 255, 0)
    static let port: UInt16 = 80
    /// A home connection: 20 ms there and back, 50 Mbit/s.
    public static let defaultLink = LinkModel(latencyNanoseconds: 10_000_000, bitsPerSecond: 50_000_000)

    public let name = "page server"
    private let link: LinkBackend
    private let stack: NetworkStack
    private let directory: Foundation.URL
    private unowned let machine: Machine
    private var connections: [(id: SocketID, connection: HTTPServerConnection, unsent: [UInt8], sent: Int)] = []
    private var alarm: Tick?
    private var files: [String: [UInt8]] = [:]
    public private(set) var requestCount: UInt64 = 0
    public private(set) var notFoundCount: UInt64 = 0
    public private(set) var responseByteCount: UInt64 = 0

    public init(machine: Machine, directory: Foundation.URL, model: LinkModel = PageServer.defaultLink) throws {
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw TerrariumError(.missing, "there are no pages in \(directory.path); build the image with 'make image'")
        }
        self.machine = machine
        self.directory = directory.standardizedFileURL
        link = LinkBackend(model: model, seed: machine.configuration.seed)
        stack = NetworkStack(NetworkStackParameters(
            hardwareAddress: HardwareAddress(0x5254_0012_3502), fixed: IPv4Configuration(address: PageServer.address, mask: PageServer.mask),
            seed: machine.configuration.seed ^ 0x7061_6765_7365_7276))
        try? stack.listen(port: PageServer.port)
        _ = stack.bindUDP(port: DHCPMessage.serverPort)
        _ = stack.bindUDP(port: DNSMessage.port)
        link.onFrame = { [unowned self] frame in
            stack.receive(frame, now: machine.now.nanoseconds)
            work()
        }
    }

    // MARK: The wire

    public func attach(_ port: NetPort) { link.attach(port) }
    public func transmit(_ frame: [UInt8]) { link.transmit(frame) }

    public func stateHash() -> UInt64 {
        var hasher = StateHasher()
        hasher.add(requestCount)
        hasher.add(responseByteCount)
        hasher.add(stack.connectionCount)
        for c in connections { hasher.add(c.unsent.count); hasher.add(c.sent) }
        return hasher.value
    }

    /// Does everything that can be done now, then sleeps until the stack's next deadline.
    private func work() {
        let now = machine.now.nanoseconds
        var deadline: UInt64?
        repeat {
            answerDHCP(now)
            answerDNS(now)
            serve(now)
            deadline = stack.poll(now: now)
            while let frame = stack.takeFrame() { link.send(frame) }
            deadline = stack.poll(now: now)
        } while stack.outgoingCount > 0
        guard let deadline else { return }
        let tick = Tick(nanoseconds: max(deadline, now + 1))
        if let alarm, alarm <= tick, alarm > machine.now { return }
        alarm = tick
        machine.events.schedule(at: tick) { [unowned self] in
            if alarm == tick { alarm = nil }
            work()
        }
    }

    // MARK: Names and addresses

    private func answerDHCP(_ now: UInt64) {
        while let datagram = stack.receiveUDP(port: DHCPMessage.serverPort) {
            guard let request = DHCPMessage(PacketView(datagram.bytes)), !request.isReply, request.kind == .discover || request.kind == .request else { continue }
            var reply = DHCPMessage(kind: request.kind == .discover ? .offer : .ack, transaction: request.transaction, clientHardware: request.clientHardware)
            reply.isReply = true
            reply.yourAddress = PageServer.guestAddress
            reply.server = PageServer.address
            reply.mask = PageServer.mask
            reply.router = PageServer.address
            reply.nameServer = PageServer.address
            reply.leaseSeconds = 86400
            stack.sendUDP(from: DHCPMessage.serverPort, to: .broadcast, port: DHCPMessage.clientPort, reply.emit(), now: now)
        }
    }

    private func answerDNS(_ now: UInt64) {
        while let datagram = stack.receiveUDP(port: DNSMessage.port) {
            guard let query = DNSMessage(PacketView(datagram.bytes)), !query.isResponse else { continue }
            var reply = DNSMessage(identifier: query.identifier, question: query.question)
            reply.questionType = query.questionType
            reply.isResponse = true
            if query.questionType == 1 {
                reply.answers = [DNSRecord(name: query.question, seconds: 3600, payload: .address(PageServer.address))]
            }
            if let bytes = reply.emit() { stack.sendUDP(from: DNSMessage.port, to: datagram.from, port: datagram.port, bytes, now: now) }
        }
    }

    // MARK: Pages

    private func serve(_ now: UInt64) {
        while let id = stack.accept(port: PageServer.port) { connections.append((id, HTTPServerConnection(), [], 0)) }
        _ = stack.takeChanged()
        var i = 0
        while i < connections.count {
            if serve(&connections[i], now) { i += 1 } else { connections.remove(at: i) }
        }
    }

    /// False when the connection is over.
    private func serve(_ c: inout (id: SocketID, connection: HTTPServerConnection, unsent: [UInt8], sent: Int), _ now: UInt64) -> Bool {
        guard let status = stack.status(c.id) else { return false }
        if status.isEnded { stack.release(c.id, now: now); return false }
        let bytes = stack.receive(c.id, max: 65536)
        if !bytes.isEmpty { c.connection.feed(bytes) }
        while let request = c.connection.nextRequest() {
            requestCount += 1
            c.unsent += c.connection.respond(to: request, response(request.path))
        }
        c.unsent += c.connection.takeErrorResponse()
        if c.sent < c.unsent.count {
            let n = stack.send(c.id, c.unsent, from: c.sent)
            c.sent += n
            responseByteCount += UInt64(n)
            if c.sent == c.unsent.count { c.unsent = []; c.sent = 0 }
        }
        if c.unsent.isEmpty && (c.connection.isClosing || status.hasPeerFinished) {
            stack.finish(c.id)
            stack.release(c.id, now: now)
            return false
        }
        return true
    }

    private func response(_ path: String) -> HTTPServerResponse {
        guard let (content, type) = file(path) else {
            notFoundCount += 1
            return HTTPServerResponse(status: 404, contentType: "text/html", body: Array("<!DOCTYPE html><title>Not found</title><h1>Not found</h1><p>The server has no such page.</p>".utf8))
        }
        return HTTPServerResponse(status: 200, contentType: type, body: content)
    }

    /// A file below the page folder; a folder means its `index.html`.
    private func file(_ path: String) -> ([UInt8], String)? {
        var name = String(path.prefix { $0 != "?" && $0 != "#" })
        name = name.removingPercentEncoding ?? name
        if name.hasSuffix("/") { name += "index.html" }
        let location = directory.appendingPathComponent(name).standardizedFileURL
        guard location.path.hasPrefix(directory.path + "/") else { return nil }
        if files[name] == nil { files[name] = FileManager.default.contents(atPath: location.path).map { [UInt8]($0) } }
        return files[name].map { ($0, PageServer.contentType(location.pathExtension)) }
    }
    static func contentType(_ suffix: String) -> String {
        switch suffix {
        case "html", "htm": "text/html; charset=utf-8"
        case "css": "text/css"
        case "png": "image/png"
        case "svg": "image/svg+xml"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
