// A whole small host for a virtual network: gives the machine its address (DHCP), answers names (DNS) and serves pages
// (HTTP) with the same stack that the guest runs. Pure like the stack: frames and time in, frames out.

public final class LANHost {
    private struct Served { var socket: SocketID, connection: HTTPServerConnection, sent: Int, didFinish: Bool }

    public let stack: NetworkStack
    /// The address given to whoever asks by DHCP.
    public let clientAddress: IPv4Address
    /// Address of a name; nil: the name does not exist. The default answers every name with this host.
    public var zone: (String) -> IPv4Address?
    private let site: (HTTPServerRequest) -> HTTPServerResponse
    private let port: UInt16
    private var served: [Served] = []
    public private(set) var requestsServed: UInt64 = 0

    public init(hardwareAddress: HardwareAddress = HardwareAddress(0x0200_0A00_0202), address: IPv4Address = IPv4Address(10, 0, 2, 2), clientAddress: IPv4Address = IPv4Address(10, 0, 2, 15),
                port: UInt16 = 80, seed: UInt64, site: @escaping (HTTPServerRequest) -> HTTPServerResponse) {
        let configuration = IPv4Configuration(address: address, mask: IPv4Address(255, 255, 255, 0))
        stack = NetworkStack(NetworkStackParameters(hardwareAddress: hardwareAddress, fixed: configuration, seed: seed))
        self.clientAddress = clientAddress
        self.site = site
        self.port = port
        zone = { _ in address }
        _ = stack.bindUDP(port: DHCPMessage.serverPort)
        _ = stack.bindUDP(port: DNSMessage.port)
        try? stack.listen(port: port, backlog: 64)
    }

    public func receive(_ frame: [UInt8], now: UInt64) { stack.receive(frame, now: now) }
    public func takeFrame() -> [UInt8]? { stack.takeFrame() }
    /// Serves what has arrived; answers when to call again at the latest.
    public func poll(now: UInt64) -> UInt64? {
        _ = stack.poll(now: now)
        serveDHCP(now)
        serveDNS(now)
        while let socket = stack.accept(port: port) { served.append(Served(socket: socket, connection: HTTPServerConnection(), sent: 0, didFinish: false)) }
        for i in served.indices { serve(i) }
        served.removeAll { s in
            guard let status = stack.status(s.socket) else { return true }
            guard status.isEnded else { return false }
            stack.release(s.socket, now: now)
            return true
        }
        return stack.poll(now: now)
    }
    private func serve(_ i: Int) {
        let socket = served[i].socket
        let bytes = stack.receive(socket, max: 65536)
        if !bytes.isEmpty {
            served[i].connection.receive(bytes) { request in
                requestsServed += 1
                return site(request)
            }
        }
        let output = served[i].connection.output
        served[i].sent += stack.send(socket, output, from: served[i].sent)
        if served[i].sent == output.count {
            served[i].connection.output = []
            served[i].sent = 0
            let peerIsDone = stack.status(socket)?.hasPeerFinished ?? true
            if (served[i].connection.wantsClose || peerIsDone) && !served[i].didFinish {
                served[i].didFinish = true
                stack.finish(socket)
            }
        }
    }
    private func serveDHCP(_ now: UInt64) {
        while let d = stack.receiveUDP(port: DHCPMessage.serverPort) {
            guard let m = DHCPMessage(PacketView(d.bytes)), !m.isReply, m.kind == .discover || m.kind == .request, let c = stack.configuration else { continue }
            let isRight = m.kind == .discover || (m.requestedAddress ?? m.clientAddress) == clientAddress
            var r = DHCPMessage(kind: m.kind == .discover ? .offer : (isRight ? .ack : .nak), transaction: m.transaction, clientHardware: m.clientHardware)
            r.isReply = true
            r.yourAddress = isRight ? clientAddress : .any
            r.server = c.address; r.mask = c.mask; r.router = c.address; r.nameServer = c.address
            r.leaseSeconds = 86400
            stack.sendUDP(from: DHCPMessage.serverPort, to: m.clientAddress.isAny ? .broadcast : m.clientAddress, port: DHCPMessage.clientPort, r.emit(), now: now)
        }
    }
    private func serveDNS(_ now: UInt64) {
        while let d = stack.receiveUDP(port: DNSMessage.port) {
            guard var m = DNSMessage(PacketView(d.bytes)), !m.isResponse else { continue }
            m.isResponse = true
            m.answers = []
            if let a = zone(m.question) {
                if m.questionType == DNSMessage.typeA { m.answers = [DNSRecord(name: m.question, seconds: 3600, payload: .address(a))] }
            } else {
                m.responseCode = 3
            }
            if let bytes = m.emit() { stack.sendUDP(from: DNSMessage.port, to: d.from, port: d.port, bytes, now: now) }
        }
    }
}
