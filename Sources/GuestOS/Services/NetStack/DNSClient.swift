// Stub resolver (RFC 1034 §5.3.1) as a value: questions under way with retries, CNAME chains, a cache by time to live
// with negative answers. The caller sends the datagrams it answers and feeds the ones that arrive.

public enum DNSFailure: UInt8, Error, Sendable { case notFound, timedOut, serverFailed, invalidName }

struct DNSClient {
    struct Datagram { var port: UInt16, bytes: [UInt8] }
    typealias Answer = Result<[IPv4Address], DNSFailure>
    private struct Query { var id: UInt32, asked: String, name: String, identifier: UInt16, port: UInt16, attempt: Int, nextAt: UInt64, aliases: Int }
    private struct CacheEntry { var name: String, answer: Answer, expires: UInt64, usedAt: UInt64 }

    private static let attemptsMax = 3, aliasesMax = 8, cacheMax = 64
    private static let negativeNanoseconds: UInt64 = 30_000_000_000
    private var queries: [Query] = []
    private var cache: [CacheEntry] = []
    private var nextID: UInt32 = 1
    /// Finished questions in the order they finished.
    private(set) var finished: [(id: UInt32, answer: Answer)] = []

    /// Starts a lookup; the answer comes in `finished` under the id, perhaps at once (cache, a bad name).
    mutating func resolve(_ name: String, _ now: UInt64, _ random: inout NetworkRandom) -> UInt32 {
        let id = nextID
        nextID &+= 1
        let lower = normalised(name)
        if DNSMessage.emitName(lower) == nil {
            finished.append((id, .failure(.invalidName)))
        } else if let hit = cached(lower, now) {
            finished.append((id, hit))
        } else {
            queries.append(Query(id: id, asked: lower, name: lower, identifier: 0, port: 0, attempt: 0, nextAt: now, aliases: 0))
        }
        return id
    }
    mutating func cancel(_ id: UInt32) {
        queries.removeAll { $0.id == id }
        finished.removeAll { $0.id == id }
    }
    mutating func takeFinished() -> [(id: UInt32, answer: Answer)] {
        let f = finished
        finished = []
        return f
    }
    var deadline: UInt64? {
        var d: UInt64?
        for q in queries { d = earlier(d, q.nextAt) }
        return d
    }
    /// Whether a datagram to this port is for us.
    func expects(_ port: UInt16) -> Bool { queries.contains { $0.port == port && $0.attempt > 0 } }

    /// Questions to send now. Waits 1, 2 and 4 seconds for the answers.
    mutating func poll(_ now: UInt64, _ random: inout NetworkRandom) -> [Datagram] {
        var out: [Datagram] = [], given: [UInt32] = []
        for i in queries.indices where now >= queries[i].nextAt {
            if queries[i].attempt == DNSClient.attemptsMax { given.append(queries[i].id); continue }
            queries[i].identifier = random.next16()
            queries[i].port = 32768 + random.next16() % 16384
            queries[i].nextAt = now + (1_000_000_000 << UInt64(queries[i].attempt))
            queries[i].attempt += 1
            if let bytes = DNSMessage(identifier: queries[i].identifier, question: queries[i].name).emit() {
                out.append(Datagram(port: queries[i].port, bytes: bytes))
            }
        }
        for id in given {
            queries.removeAll { $0.id == id }
            finished.append((id, .failure(.timedOut)))
        }
        return out
    }
    /// False when the datagram answers none of our questions.
    mutating func received(_ m: DNSMessage, port: UInt16, _ now: UInt64) -> Bool {
        guard m.isResponse, m.questionType == DNSMessage.typeA,
              let i = queries.firstIndex(where: { $0.port == port && $0.identifier == m.identifier && $0.name == m.question && $0.attempt > 0 }) else { return false }
        switch m.responseCode {
        case 0: take(m, i, now)
        case 3: finish(i, .failure(.notFound), DNSClient.negativeNanoseconds, now)
        default: finish(i, .failure(.serverFailed), 0, now)
        }
        return true
    }
    /// Follows the chain through the answer section; asks again where it ends without an address.
    private mutating func take(_ m: DNSMessage, _ i: Int, _ now: UInt64) {
        var name = m.question, seconds = UInt32(86400), hops = 0
        while true {
            var addresses: [IPv4Address] = []
            var alias: String?
            for r in m.answers where r.name == name {
                switch r.payload {
                case .address(let a): addresses.append(a); seconds = min(seconds, r.seconds)
                case .alias(let target): alias = target; seconds = min(seconds, r.seconds)
                case .other: break
                }
            }
            if !addresses.isEmpty { finish(i, .success(addresses), UInt64(seconds) * 1_000_000_000, now); return }
            hops += 1
            guard let next = alias, queries[i].aliases + hops <= DNSClient.aliasesMax else {
                finish(i, .failure(alias == nil ? .notFound : .serverFailed), DNSClient.negativeNanoseconds, now)
                return
            }
            name = next
            if !m.answers.contains(where: { $0.name == next }) { break }
        }
        queries[i].name = name
        queries[i].aliases += hops
        queries[i].attempt = 0
        queries[i].nextAt = now
    }
    private mutating func finish(_ i: Int, _ answer: Answer, _ lifetime: UInt64, _ now: UInt64) {
        let q = queries.remove(at: i)
        finished.append((q.id, answer))
        guard lifetime > 0 else { return }
        cache.removeAll { $0.name == q.asked || $0.expires <= now }
        if cache.count == DNSClient.cacheMax {
            var oldest = 0
            for k in cache.indices where cache[k].usedAt < cache[oldest].usedAt { oldest = k }
            cache.remove(at: oldest)
        }
        cache.append(CacheEntry(name: q.asked, answer: answer, expires: now + lifetime, usedAt: now))
    }
    private mutating func cached(_ name: String, _ now: UInt64) -> Answer? {
        guard let i = cache.firstIndex(where: { $0.name == name }), now < cache[i].expires else { return nil }
        cache[i].usedAt = now
        return cache[i].answer
    }
    private func normalised(_ name: String) -> String {
        var b = name.utf8.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }
        if b.last == 46 { b.removeLast() }
        return String(decoding: b, as: UTF8.self)
    }
    mutating func clearCache() { cache = [] }
}
