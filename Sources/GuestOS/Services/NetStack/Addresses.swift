// Addresses of the network: 48-bit hardware addresses and IPv4 addresses as plain numbers.

/// An Ethernet address; the first octet on the wire is the most significant.
public struct HardwareAddress: Hashable, Sendable {
    public let raw: UInt64
    public init(_ raw: UInt64) { self.raw = raw & 0xFFFF_FFFF_FFFF }
    public static let broadcast = HardwareAddress(0xFFFF_FFFF_FFFF)
    public static let zero = HardwareAddress(0)
    /// Group bit of the first octet.
    public var isMulticast: Bool { raw >> 40 & 1 == 1 }
}

/// An IPv4 address: 10.0.2.15 is 0x0A00020F.
public struct IPv4Address: Hashable, Sendable {
    public let raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) { raw = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d) }
    public static let any = IPv4Address(0)
    public static let broadcast = IPv4Address(0xFFFF_FFFF)
    public var isAny: Bool { raw == 0 }
    public var isMulticast: Bool { raw >> 28 == 14 }
    public var isLoopback: Bool { raw >> 24 == 127 }
    public var text: String { "\(raw >> 24).\(raw >> 16 & 255).\(raw >> 8 & 255).\(raw & 255)" }
    /// "10.0.2.15": four decimal numbers; nil for anything else.
    public init?(text: String) {
        var value: UInt32 = 0, part: UInt32 = 0, digits = 0, parts = 0
        for b in text.utf8 {
            if b == 46 {
                guard digits > 0, parts < 3 else { return nil }
                value = value << 8 | part
                part = 0; digits = 0; parts += 1
            } else {
                guard b >= 48, b <= 57, digits < 3 else { return nil }
                part = part * 10 + UInt32(b - 48)
                digits += 1
                if part > 255 { return nil }
            }
        }
        guard parts == 3, digits > 0 else { return nil }
        raw = value << 8 | part
    }
}

/// What an interface needs to speak IPv4.
public struct IPv4Configuration: Equatable, Sendable {
    public var address: IPv4Address, mask: IPv4Address, gateway: IPv4Address, nameServer: IPv4Address
    public init(address: IPv4Address, mask: IPv4Address, gateway: IPv4Address = .any, nameServer: IPv4Address = .any) {
        self.address = address; self.mask = mask; self.gateway = gateway; self.nameServer = nameServer
    }
    public func isOnLink(_ a: IPv4Address) -> Bool { a.raw & mask.raw == address.raw & mask.raw }
    public var subnetBroadcast: IPv4Address { IPv4Address(address.raw | ~mask.raw) }
}

/// Seeded generator (SplitMix64) for sequence numbers, ports and identifiers: same seed, same packets.
public struct NetworkRandom: Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    public mutating func next32() -> UInt32 { UInt32(truncatingIfNeeded: next() >> 32) }
    public mutating func next16() -> UInt16 { UInt16(truncatingIfNeeded: next() >> 48) }
    /// 0 ..< bound.
    public mutating func below(_ bound: UInt64) -> UInt64 { bound == 0 ? 0 : next() % bound }
}
