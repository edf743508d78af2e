// ARP, IPv4 and ICMP of the stack (RFC 826, RFC 791, RFC 792, host rules RFC 1122 §3).

extension NetworkStack {
    // MARK: ARP

    func receiveARP(_ v: PacketView, _ now: UInt64) {
        guard let p = ARPPacket(v), !p.senderHardware.isMulticast else { counters.drop(.arpMalformed); return }
        guard let c = configuration else { counters.drop(.ipNotForUs); return }
        let isForUs = p.target == c.address && p.sender != c.address
        if !p.sender.isAny && p.sender != c.address && c.isOnLink(p.sender) {
            for packet in neighbours.learned(p.sender, p.senderHardware, adds: isForUs, now: now) { emitPacket(packet, to: p.senderHardware) }
        }
        guard isForUs, p.operation == ARPPacket.request else { return }
        sendARP(ARPPacket(operation: ARPPacket.reply, senderHardware: parameters.hardwareAddress, sender: c.address, targetHardware: p.senderHardware, target: p.sender), to: p.senderHardware)
    }
    func sendARP(_ p: ARPPacket, to destination: HardwareAddress) {
        var frame = [UInt8](repeating: 0, count: EthernetHeader.byteCount + ARPPacket.byteCount)
        EthernetHeader(destination: destination, source: parameters.hardwareAddress, type: EthernetHeader.typeARP).emit(&frame, at: 0)
        p.emit(&frame, at: EthernetHeader.byteCount)
        emitFrame(frame)
    }
    private func askFor(_ a: IPv4Address) {
        guard let c = configuration else { return }
        sendARP(ARPPacket(operation: ARPPacket.request, senderHardware: parameters.hardwareAddress, sender: c.address, targetHardware: .zero, target: a), to: .broadcast)
    }
    func pollNeighbours(_ now: UInt64) {
        let due = neighbours.poll(now)
        for a in due.ask { askFor(a) }
        for (a, packets) in due.failed {
            for _ in 0..<packets { counters.drop(.neighbourUnreachable) }
            neighbourFailed(a)
        }
    }

    // MARK: IPv4

    func receiveIPv4(_ v: PacketView, _ now: UInt64) {
        let h: IPv4Header
        do throws(IPv4Header.Fault) { h = try IPv4Header(v) } catch {
            counters.drop(error == .badChecksum ? .ipChecksum : .ipMalformed)
            return
        }
        guard !h.isFragment else { counters.drop(.ipFragment); return }
        guard let body = v.dropping(h.headerByteCount, count: h.payloadByteCount) else { counters.drop(.ipMalformed); return }
        guard accepts(h) else { counters.drop(.ipNotForUs); return }
        switch h.networkProtocol {
        case IPv4Header.icmp: receiveICMP(h, body, now)
        case IPv4Header.udp: receiveUDP(h, body, now)
        case IPv4Header.tcp: receiveTCP(h, body, now)
        default: counters.drop(.ipProtocolUnknown)
        }
    }
    /// Before an address is known only DHCP's UDP comes through, whatever address it is sent to.
    private func accepts(_ h: IPv4Header) -> Bool {
        guard let c = configuration else { return h.networkProtocol == IPv4Header.udp }
        if h.source.isMulticast || h.source == .broadcast || h.source.isLoopback { return false }
        if h.destination == c.address { return true }
        return (h.destination == .broadcast || h.destination == c.subnetBroadcast) && h.networkProtocol == IPv4Header.udp
    }
    /// A frame's bytes with room for Ethernet and IPv4 headers and `payloadByteCount` bytes; payload starts at 34.
    func packetBuffer(_ payloadByteCount: Int) -> [UInt8] {
        [UInt8](repeating: 0, count: EthernetHeader.byteCount + IPv4Header.byteCount + payloadByteCount)
    }
    static let payloadStart = EthernetHeader.byteCount + IPv4Header.byteCount

    /// Completes the headers and sends. The payload stands in place.
    func sendIPv4(_ frame: inout [UInt8], _ networkProtocol: UInt8, from source: IPv4Address, to destination: IPv4Address, _ now: UInt64) {
        var h = IPv4Header(source: source, destination: destination, networkProtocol: networkProtocol, payloadByteCount: frame.count - NetworkStack.payloadStart)
        identification &+= 1
        h.identification = identification
        h.emit(&frame, at: EthernetHeader.byteCount)
        if destination == .broadcast { emitPacket(frame, to: .broadcast); return }
        guard let c = configuration, let hop = nextHop(destination, c) else { counters.drop(.noRoute); return }
        if destination == c.subnetBroadcast { emitPacket(frame, to: .broadcast); return }
        switch neighbours.lookup(hop, packet: frame, now: now) {
        case .send(let hardware): emitPacket(frame, to: hardware)
        case .ask: askFor(hop)
        case .wait: break
        case .full: counters.drop(.neighbourQueueFull)
        }
    }
    /// RFC 1122 §3.3.1.1; nil: no route.
    func nextHop(_ a: IPv4Address, _ c: IPv4Configuration) -> IPv4Address? {
        if a.isAny || a.isLoopback || a.isMulticast || a == c.address { return nil }
        if c.isOnLink(a) { return a }
        return c.gateway.isAny ? nil : c.gateway
    }
    func emitPacket(_ packet: [UInt8], to hardware: HardwareAddress) {
        var frame = packet
        EthernetHeader(destination: hardware, source: parameters.hardwareAddress, type: EthernetHeader.typeIPv4).emit(&frame, at: 0)
        emitFrame(frame)
    }

    // MARK: ICMP

    private func receiveICMP(_ h: IPv4Header, _ v: PacketView, _ now: UInt64) {
        guard let m = ICMPMessage(v) else { counters.drop(.icmpMalformed); return }
        switch m.type {
        case ICMPMessage.echoRequest:
            sendICMP(ICMPMessage(type: ICMPMessage.echoReply, code: 0, rest: m.rest, payload: m.payload), to: h.source, now)
        case ICMPMessage.echoReply: echoReplies.append(EchoReply(from: h.source, identifier: UInt16(m.rest >> 16), sequence: UInt16(m.rest & 0xFFFF), byteCount: m.payload.count))
            if echoReplies.count > 16 { echoReplies.removeFirst() }
        case ICMPMessage.unreachable, ICMPMessage.timeExceeded: receiveUnreachable(m)
        default: counters.drop(.icmpUnhandled)
        }
    }
    /// The packet it speaks of stands in the payload (RFC 792): header and eight bytes.
    private func receiveUnreachable(_ m: ICMPMessage) {
        let v = PacketView(m.payload)
        guard v.count >= IPv4Header.byteCount else { counters.drop(.icmpMalformed); return }
        let length = Int(v.u8(0) & 15) * 4
        guard v.u8(9) == IPv4Header.tcp, length >= 20, let t = v.dropping(length), t.count >= 4 else { counters.drop(.icmpUnhandled); return }
        let why: TCPFailure = m.type == ICMPMessage.unreachable && m.code == ICMPMessage.codePort ? .refused : .unreachable
        connectionUnreachable(localPort: t.u16(0), remote: v.address(16), remotePort: t.u16(2), why)
    }
    private func sendICMP(_ m: ICMPMessage, to destination: IPv4Address, _ now: UInt64) {
        guard let c = configuration else { return }
        var frame = packetBuffer(m.byteCount)
        m.emit(&frame, at: NetworkStack.payloadStart)
        sendIPv4(&frame, IPv4Header.icmp, from: c.address, to: destination, now)
    }
    /// Port unreachable (RFC 1122 §3.2.2.1), never for broadcasts.
    func sendPortUnreachable(_ h: IPv4Header, _ v: PacketView, _ now: UInt64) {
        guard let c = configuration, h.destination == c.address else { return }
        let start = v.start - h.headerByteCount
        let quoted = Array(v.bytes[start..<min(v.end, v.start + 8)])
        sendICMP(ICMPMessage(type: ICMPMessage.unreachable, code: ICMPMessage.codePort, rest: 0, payload: quoted), to: h.source, now)
    }
    /// Sends an echo request; the reply appears in `takeEchoReplies`.
    public func ping(_ destination: IPv4Address, identifier: UInt16, sequence: UInt16, byteCount: Int, now: UInt64) {
        let payload = [UInt8](repeating: 0x61, count: min(byteCount, 1400))
        sendICMP(ICMPMessage(type: ICMPMessage.echoRequest, code: 0, rest: UInt32(identifier) << 16 | UInt32(sequence), payload: payload), to: destination, now)
    }
    public func takeEchoReplies() -> [EchoReply] {
        let r = echoReplies
        echoReplies = []
        return r
    }
}

/// An answer to `ping`.
public struct EchoReply: Equatable, Sendable {
    public var from: IPv4Address, identifier: UInt16, sequence: UInt16, byteCount: Int
}
