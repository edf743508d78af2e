// The ARP cache (RFC 826, RFC 1122 §2.3.2): addresses of neighbours, questions under way with the packets that wait
// for them. Bounded: 32 entries, 8 waiting packets each.

struct NeighbourCache {
    enum State { case asking(attempts: Int, at: UInt64), known(HardwareAddress, expires: UInt64) }
    private struct Entry { var address: IPv4Address, state: State, waiting: [[UInt8]], usedAt: UInt64 }
    static let lifetime: UInt64 = 300_000_000_000, retryAfter: UInt64 = 1_000_000_000
    private static let attemptsMax = 3, entriesMax = 32, waitingMax = 8
    private var entries: [Entry] = []

    /// What a lookup says must be done with the packet.
    enum Lookup { case send(HardwareAddress), ask, wait, full }

    mutating func lookup(_ a: IPv4Address, packet: [UInt8], now: UInt64) -> Lookup {
        if let i = entries.firstIndex(where: { $0.address == a }) {
            entries[i].usedAt = now
            if case .known(let hardware, let expires) = entries[i].state {
                if now < expires { return .send(hardware) }
                entries[i].state = .asking(attempts: 1, at: now)
                entries[i].waiting = [packet]
                return .ask
            }
            guard entries[i].waiting.count < NeighbourCache.waitingMax else { return .full }
            entries[i].waiting.append(packet)
            return .wait
        }
        if entries.count == NeighbourCache.entriesMax { evictOldest() }
        entries.append(Entry(address: a, state: .asking(attempts: 1, at: now), waiting: [packet], usedAt: now))
        return .ask
    }
    /// Notes an address; answers the packets that waited for it. Addresses not asked for are only refreshed, never
    /// added, unless `adds` (someone who asks us will be answered).
    mutating func learned(_ a: IPv4Address, _ hardware: HardwareAddress, adds: Bool, now: UInt64) -> [[UInt8]] {
        guard let i = entries.firstIndex(where: { $0.address == a }) else {
            guard adds else { return [] }
            if entries.count == NeighbourCache.entriesMax { evictOldest() }
            entries.append(Entry(address: a, state: .known(hardware, expires: now + NeighbourCache.lifetime), waiting: [], usedAt: now))
            return []
        }
        let waiting = entries[i].waiting
        entries[i].waiting = []
        entries[i].state = .known(hardware, expires: now + NeighbourCache.lifetime)
        return waiting
    }
    /// Questions to repeat and those given up (with how many packets).
    mutating func poll(_ now: UInt64) -> (ask: [IPv4Address], failed: [(IPv4Address, Int)]) {
        var ask: [IPv4Address] = [], failed: [(IPv4Address, Int)] = []
        for i in entries.indices {
            guard case .asking(let attempts, let at) = entries[i].state, now >= at + NeighbourCache.retryAfter else { continue }
            if attempts >= NeighbourCache.attemptsMax {
                failed.append((entries[i].address, entries[i].waiting.count))
            } else {
                entries[i].state = .asking(attempts: attempts + 1, at: now)
                ask.append(entries[i].address)
            }
        }
        for f in failed { entries.removeAll { $0.address == f.0 } }
        return (ask, failed)
    }
    var deadline: UInt64? {
        var d: UInt64?
        for e in entries { if case .asking(_, let at) = e.state { d = earlier(d, at + NeighbourCache.retryAfter) } }
        return d
    }
    private mutating func evictOldest() {
        var oldest = 0
        for i in entries.indices where entries[i].usedAt < entries[oldest].usedAt { oldest = i }
        entries.remove(at: oldest)
    }
    mutating func clear() { entries = [] }
}
