// UDP of the stack: datagram sockets for users, and the stack's own clients of it, DHCP and DNS.

/// A datagram as its reader sees it.
public struct Datagram: Equatable, Sendable {
    public var from: IPv4Address, port: UInt16, bytes: [UInt8]
    public init(from: IPv4Address, port: UInt16, bytes: [UInt8]) { self.from = from; self.port = port; self.bytes = bytes }
}

struct UDPSocket {
    static let queueMax = 32
    var port: UInt16
    var queue: [Datagram] = []
}

extension NetworkStack {
    // MARK: sockets

    /// False when the port is taken.
    public func bindUDP(port: UInt16) -> Bool {
        guard port != 0, !udp.contains(where: { $0.port == port }) else { return false }
        udp.append(UDPSocket(port: port))
        return true
    }
    public func closeUDP(port: UInt16) { udp.removeAll { $0.port == port } }
    public func sendUDP(from port: UInt16, to destination: IPv4Address, port destinationPort: UInt16, _ bytes: [UInt8], now: UInt64) {
        guard bytes.count <= 1472 else { counters.drop(.noRoute); return }
        emitUDP(from: configuration?.address ?? .any, port, to: destination, destinationPort, bytes, now)
    }
    public func receiveUDP(port: UInt16) -> Datagram? {
        guard let i = udp.firstIndex(where: { $0.port == port }), !udp[i].queue.isEmpty else { return nil }
        return udp[i].queue.removeFirst()
    }

    private func emitUDP(from source: IPv4Address, _ port: UInt16, to destination: IPv4Address, _ destinationPort: UInt16, _ bytes: [UInt8], _ now: UInt64) {
        var frame = packetBuffer(UDPHeader.byteCount + bytes.count)
        frame.put(bytes, at: NetworkStack.payloadStart + UDPHeader.byteCount)
        UDPHeader(sourcePort: port, destinationPort: destinationPort, payloadByteCount: bytes.count).emit(&frame, at: NetworkStack.payloadStart, source, destination)
        sendIPv4(&frame, IPv4Header.udp, from: source, to: destination, now)
    }

    func receiveUDP(_ h: IPv4Header, _ v: PacketView, _ now: UInt64) {
        let u: UDPHeader
        do throws(UDPHeader.Fault) { u = try UDPHeader(v, h.source, h.destination) } catch {
            counters.drop(error == .badChecksum ? .udpChecksum : .udpMalformed)
            return
        }
        guard let body = v.dropping(UDPHeader.byteCount, count: u.payloadByteCount) else { counters.drop(.udpMalformed); return }
        if u.destinationPort == DHCPMessage.clientPort, dhcp != nil { receiveDHCP(body, now); return }
        guard configuration != nil else { counters.drop(.ipNotForUs); return }
        if u.sourcePort == parameters.nameServerPort, dns.expects(u.destinationPort) { receiveDNS(h, u, body, now); return }
        guard let i = udp.firstIndex(where: { $0.port == u.destinationPort }) else {
            counters.drop(.udpPortClosed)
            sendPortUnreachable(h, v, now)
            return
        }
        guard udp[i].queue.count < UDPSocket.queueMax else { counters.drop(.udpQueueFull); return }
        udp[i].queue.append(Datagram(from: h.source, port: u.sourcePort, bytes: body.array))
    }

    // MARK: DHCP

    func pollDHCP(_ now: UInt64) {
        // Two steps at most: an expired lease starts over at once.
        for _ in 0..<2 {
            guard let action = dhcp?.poll(now, &random), action != .nothing else { return }
            perform(action, now)
        }
    }
    private func receiveDHCP(_ v: PacketView, _ now: UInt64) {
        guard let m = DHCPMessage(v) else { counters.drop(.dhcpMalformed); return }
        guard let action = dhcp?.received(m, now, &random) else { counters.drop(.dhcpUnexpected); return }
        perform(action, now)
    }
    private func perform(_ action: DHCPClient.Action, _ now: UInt64) {
        switch action {
        case .nothing: break
        case .send(let m, let to):
            let source = to == .broadcast && m.clientAddress.isAny ? IPv4Address.any : configuration?.address ?? .any
            emitUDP(from: source, DHCPMessage.clientPort, to: to, DHCPMessage.serverPort, m.emit(), now)
        case .configure(let c): configure(c)
        case .unconfigure: configure(nil)
        }
    }

    // MARK: DNS

    /// Starts a lookup; the answer comes with `takeResolutions`. Dotted addresses need no lookup: `IPv4Address(text:)`.
    public func resolve(_ name: String, now: UInt64) -> UInt32 { dns.resolve(name, now, &random) }
    public func cancelResolution(_ id: UInt32) { dns.cancel(id) }
    public func takeResolutions() -> [(id: UInt32, answer: Result<[IPv4Address], DNSFailure>)] { dns.takeFinished() }

    /// Without an address the questions wait.
    func pollDNS(_ now: UInt64) {
        guard let c = configuration else { return }
        for d in dns.poll(now, &random) where !c.nameServer.isAny {
            emitUDP(from: c.address, d.port, to: c.nameServer, parameters.nameServerPort, d.bytes, now)
        }
    }
    private func receiveDNS(_ h: IPv4Header, _ u: UDPHeader, _ v: PacketView, _ now: UInt64) {
        guard h.source == configuration?.nameServer, let m = DNSMessage(v) else { counters.drop(.dnsMalformed); return }
        if !dns.received(m, port: u.destinationPort, now) { counters.drop(.dnsUnexpected) }
    }
}
