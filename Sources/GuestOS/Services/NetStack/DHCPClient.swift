// DHCP client (RFC 2131 §4.4) as a value: states with their payload; `poll` and `received` answer what to do.

struct DHCPClient {
    struct Lease: Equatable {
        var configuration: IPv4Configuration
        var server: IPv4Address
        var renewAt: UInt64, rebindAt: UInt64, expiresAt: UInt64
    }
    enum State: Equatable {
        case starting
        case selecting(attempt: Int)
        case requesting(offered: IPv4Address, server: IPv4Address, attempt: Int)
        case bound(Lease)
        case renewing(Lease)
        case rebinding(Lease)
    }
    enum Action: Equatable {
        case nothing
        /// To the broadcast address from 0.0.0.0, or, when renewing, to the server.
        case send(DHCPMessage, to: IPv4Address)
        case configure(IPv4Configuration)
        case unconfigure
    }
    private(set) var state = State.starting
    private let hardware: HardwareAddress
    private var transaction: UInt32 = 0
    private var nextAt: UInt64 = 0

    init(hardware: HardwareAddress) { self.hardware = hardware }
    var deadline: UInt64 { nextAt }

    mutating func poll(_ now: UInt64, _ random: inout NetworkRandom) -> Action {
        guard now >= nextAt else { return .nothing }
        switch state {
        case .starting: return discover(0, now, &random)
        case .selecting(let attempt): return discover(attempt + 1, now, &random)
        case .requesting(let offered, let server, let attempt):
            if attempt >= 3 { return discover(0, now, &random) }
            return request(offered, server, attempt + 1, now, &random)
        case .bound(let lease), .renewing(let lease), .rebinding(let lease): return renew(lease, now, &random)
        }
    }
    /// §4.1: 4 s doubled to 64 s with a random second either way; the first tries are quicker, since we are a machine
    /// that has just been switched on.
    private mutating func backOff(_ attempt: Int, _ now: UInt64, _ random: inout NetworkRandom) {
        nextAt = now + (1_000_000_000 << UInt64(min(attempt, 5))) + random.below(500_000_000)
    }
    private mutating func discover(_ attempt: Int, _ now: UInt64, _ random: inout NetworkRandom) -> Action {
        if attempt == 0 { transaction = random.next32() }
        state = .selecting(attempt: attempt)
        backOff(attempt, now, &random)
        return .send(DHCPMessage(kind: .discover, transaction: transaction, clientHardware: hardware), to: .broadcast)
    }
    private mutating func request(_ offered: IPv4Address, _ server: IPv4Address, _ attempt: Int, _ now: UInt64, _ random: inout NetworkRandom) -> Action {
        state = .requesting(offered: offered, server: server, attempt: attempt)
        backOff(attempt, now, &random)
        var m = DHCPMessage(kind: .request, transaction: transaction, clientHardware: hardware)
        m.requestedAddress = offered
        m.server = server
        return .send(m, to: .broadcast)
    }
    /// §4.4.5.
    private mutating func renew(_ lease: Lease, _ now: UInt64, _ random: inout NetworkRandom) -> Action {
        if now >= lease.expiresAt {
            state = .starting
            nextAt = now
            return .unconfigure
        }
        var m = DHCPMessage(kind: .request, transaction: random.next32(), clientHardware: hardware)
        transaction = m.transaction
        m.clientAddress = lease.configuration.address
        let isRebinding = now >= lease.rebindAt
        let limit = isRebinding ? lease.expiresAt : lease.rebindAt
        nextAt = min(limit, now + max(60_000_000_000, (limit - now) / 2))
        state = isRebinding ? .rebinding(lease) : .renewing(lease)
        return .send(m, to: isRebinding ? .broadcast : lease.server)
    }

    /// nil: not expected in this state.
    mutating func received(_ m: DHCPMessage, _ now: UInt64, _ random: inout NetworkRandom) -> Action? {
        guard m.isReply, m.transaction == transaction, m.clientHardware == hardware else { return nil }
        switch (state, m.kind) {
        case (.selecting, .offer):
            guard let server = m.server, !m.yourAddress.isAny else { return nil }
            return request(m.yourAddress, server, 0, now, &random)
        case (.requesting, .ack), (.renewing, .ack), (.rebinding, .ack): return bind(m, now)
        case (.requesting, .nak), (.renewing, .nak), (.rebinding, .nak):
            state = .starting
            nextAt = now + 1_000_000_000
            return .unconfigure
        default: return nil
        }
    }
    private mutating func bind(_ m: DHCPMessage, _ now: UInt64) -> Action? {
        guard !m.yourAddress.isAny else { return nil }
        let configuration = IPv4Configuration(address: m.yourAddress, mask: m.mask ?? IPv4Address(255, 255, 255, 0), gateway: m.router ?? .any, nameServer: m.nameServer ?? .any)
        let seconds = UInt64(max(60, m.leaseSeconds ?? 86400))
        let renewal = min(UInt64(m.renewalSeconds ?? UInt32(seconds / 2)), seconds)
        let rebinding = min(max(UInt64(m.rebindingSeconds ?? UInt32(seconds / 8 * 7)), renewal), seconds)
        let lease = Lease(configuration: configuration, server: m.server ?? .broadcast, renewAt: now + renewal * 1_000_000_000,
                          rebindAt: now + rebinding * 1_000_000_000, expiresAt: now + seconds * 1_000_000_000)
        state = .bound(lease)
        nextAt = lease.renewAt
        return .configure(configuration)
    }
}
