// DHCP messages (RFC 2131 §2, options RFC 2132). Unknown options are skipped.

public struct DHCPMessage: Equatable, Sendable {
    public enum Kind: UInt8, Sendable { case discover = 1, offer, request, decline, ack, nak, release, inform }
    static let fixedByteCount = 236
    static let cookie: UInt32 = 0x6382_5363
    public static let serverPort: UInt16 = 67, clientPort: UInt16 = 68

    public var isReply = false
    public var kind: Kind
    public var transaction: UInt32
    public var isBroadcast = false
    public var clientAddress = IPv4Address.any, yourAddress = IPv4Address.any
    public var clientHardware: HardwareAddress
    public var requestedAddress: IPv4Address?, server: IPv4Address?
    public var mask: IPv4Address?, router: IPv4Address?, nameServer: IPv4Address?
    public var leaseSeconds: UInt32?, renewalSeconds: UInt32?, rebindingSeconds: UInt32?

    public init(kind: Kind, transaction: UInt32, clientHardware: HardwareAddress) {
        self.kind = kind; self.transaction = transaction; self.clientHardware = clientHardware
    }
    public init?(_ v: PacketView) {
        guard v.count >= DHCPMessage.fixedByteCount + 4, v.u8(1) == 1, v.u8(2) == 6, v.u32(DHCPMessage.fixedByteCount) == DHCPMessage.cookie else { return nil }
        self.init(kind: .discover, transaction: v.u32(4), clientHardware: v.hardware(28))
        isReply = v.u8(0) == 2
        isBroadcast = v.u16(10) & 0x8000 != 0
        clientAddress = v.address(12)
        yourAddress = v.address(16)
        guard parseOptions(v) else { return nil }
    }
    /// False without a valid message type.
    private mutating func parseOptions(_ v: PacketView) -> Bool {
        var i = DHCPMessage.fixedByteCount + 4, hasKind = false
        while i < v.count {
            let code = v.u8(i)
            if code == 0 { i += 1; continue }
            if code == 255 { break }
            guard i + 1 < v.count else { return false }
            let n = Int(v.u8(i + 1)), at = i + 2
            guard at + n <= v.count else { return false }
            if code == 53, n == 1 {
                guard let k = Kind(rawValue: v.u8(at)) else { return false }
                kind = k
                hasKind = true
            }
            if n >= 4 { parseWord(code, v.u32(at)) }
            i = at + n
        }
        return hasKind
    }
    private mutating func parseWord(_ code: UInt8, _ word: UInt32) {
        switch code {
        case 1: mask = IPv4Address(word)
        case 3: router = IPv4Address(word)
        case 6: nameServer = IPv4Address(word)
        case 50: requestedAddress = IPv4Address(word)
        case 51: leaseSeconds = word
        case 54: server = IPv4Address(word)
        case 58: renewalSeconds = word
        case 59: rebindingSeconds = word
        default: break
        }
    }
    public func emit() -> [UInt8] {
        var b = [UInt8](repeating: 0, count: DHCPMessage.fixedByteCount)
        b[0] = isReply ? 2 : 1; b[1] = 1; b[2] = 6
        b.put32(transaction, at: 4)
        b.put16(isBroadcast ? 0x8000 : 0, at: 10)
        b.put32(clientAddress.raw, at: 12); b.put32(yourAddress.raw, at: 16)
        b.put48(clientHardware.raw, at: 28)
        b += [0x63, 0x82, 0x53, 0x63, 53, 1, kind.rawValue]
        func word(_ code: UInt8, _ w: UInt32?) {
            guard let w else { return }
            b += [code, 4, UInt8(truncatingIfNeeded: w >> 24), UInt8(truncatingIfNeeded: w >> 16), UInt8(truncatingIfNeeded: w >> 8), UInt8(truncatingIfNeeded: w)]
        }
        word(54, server?.raw); word(50, requestedAddress?.raw); word(51, leaseSeconds)
        word(58, renewalSeconds); word(59, rebindingSeconds)
        word(1, mask?.raw); word(3, router?.raw); word(6, nameServer?.raw)
        if !isReply { b += [55, 6, 1, 3, 6, 51, 58, 59] }
        b.append(255)
        while b.count < 300 { b.append(0) }         // BOOTP relays expect it (RFC 1542 §2.1)
        return b
    }
}
