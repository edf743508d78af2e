// Two or more stacks on one wire with seeded loss, duplication, reordering and corruption, in virtual time.
@testable import NetStack

struct LinkFaults {
    /// Per mille of frames.
    var loss: UInt64 = 0, duplication: UInt64 = 0, reordering: UInt64 = 0, corruption: UInt64 = 0
}

final class SimulatedLink {
    private struct InFlight { var at: UInt64, order: UInt64, to: Int, frame: [UInt8] }
    var stacks: [NetworkStack] = []
    /// Stations that are not a stack: see every frame, may answer with frames.
    var stations: [(_ frame: [UInt8]) -> [[UInt8]]] = []
    var faults = LinkFaults()
    var latency: UInt64 = 5_000_000
    /// Bytes a second; frames queue behind each other.
    var bandwidth: UInt64 = 12_500_000
    /// Longest step: for users who act without an event.
    var tick: UInt64?
    private(set) var now: UInt64 = 1
    /// Decides about each frame before the random faults; false drops it.
    var filter: (Int, [UInt8]) -> Bool = { _, _ in true }
    private var random: NetworkRandom
    private var inFlight: [InFlight] = []
    private var order: UInt64 = 0
    private var lineFreeAt: [UInt64] = [0, 0, 0, 0]
    private(set) var framesCarried = 0

    init(seed: UInt64) { random = NetworkRandom(seed: seed) }

    private func chance(_ perMille: UInt64) -> Bool { perMille > 0 && random.below(1000) < perMille }

    private func carry(_ frame: [UInt8], from: Int) {
        framesCarried += 1
        guard filter(from, frame), !chance(faults.loss) else { return }
        var f = frame
        if chance(faults.corruption) { f[Int(random.below(UInt64(f.count)))] ^= 1 << UInt8(random.below(8)) }
        let start = max(now, lineFreeAt[from])
        lineFreeAt[from] = start + UInt64(f.count) * 1_000_000_000 / bandwidth
        let copies = chance(faults.duplication) ? 2 : 1
        for _ in 0..<copies {
            let extra = chance(faults.reordering) ? random.below(4 * latency) : 0
            for to in 0..<stacks.count where to != from {
                inFlight.append(InFlight(at: lineFreeAt[from] + latency + extra, order: order, to: to, frame: f))
                order += 1
            }
        }
        for s in stations { for answer in s(f) { inFlight.append(InFlight(at: now + latency, order: order, to: from, frame: answer)); order += 1 } }
    }
    private func drain() -> UInt64? {
        var deadline: UInt64?
        for (i, s) in stacks.enumerated() {
            while true {
                let d = s.poll(now: now)
                if let d { deadline = min(deadline ?? d, d) }
                if s.outgoingCount == 0 { break }
                while let f = s.takeFrame() { carry(f, from: i) }
            }
        }
        return deadline
    }
    /// Runs until `done` answers true (asked after every step) or `limit` passes; answers whether it was done.
    @discardableResult
    func run(for limit: UInt64, until done: () -> Bool = { false }) -> Bool {
        let end = now + limit
        while now < end {
            if done() { return true }
            let deadline = drain()
            var next = inFlight.map { $0.at }.min()
            if let deadline { next = min(next ?? deadline, deadline) }
            if let tick { next = min(next ?? .max, now + tick) }
            guard let next, next <= end else { now = end; break }
            now = max(now, next)
            let due = inFlight.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
            inFlight.removeAll { $0.at <= now }
            for f in due { stacks[f.to].receive(f.frame, now: now) }
        }
        _ = drain()
        return done()
    }
}

func makeStack(_ last: UInt8, seed: UInt64, _ adjust: (inout NetworkStackParameters) -> Void = { _ in }) -> NetworkStack {
    var p = NetworkStackParameters(hardwareAddress: HardwareAddress(0x0200_0000_0000 | UInt64(last)),
                                   fixed: IPv4Configuration(address: IPv4Address(10, 0, 2, last), mask: IPv4Address(255, 255, 255, 0), gateway: IPv4Address(10, 0, 2, 2), nameServer: IPv4Address(10, 0, 2, 3)), seed: seed)
    adjust(&p)
    return NetworkStack(p)
}
func pattern(_ count: Int) -> [UInt8] {
    var r = NetworkRandom(seed: 99)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: r.next()) }
}
