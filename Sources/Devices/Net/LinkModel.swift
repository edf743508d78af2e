// Owns simulated wires: latency, bandwidth, loss and reordering in virtual time. Invariant: what happens to a frame is
// a function of the model, the seed and the frames sent before; nothing here touches the host.
import Machine

/// Properties of one direction of a link.
public struct LinkModel: Equatable, Sendable {
    public var latencyNanoseconds: UInt64
    public var bitsPerSecond: UInt64
    public var lossPerMillion: UInt32
    /// Share of frames that are held back by one more latency, so that later ones overtake them.
    public var reorderPerMillion: UInt32

    public init(
        latencyNanoseconds: UInt64 = 1_000_000, bitsPerSecond: UInt64 = 100_000_000,
        lossPerMillion: UInt32 = 0, reorderPerMillion: UInt32 = 0
    ) {
        self.latencyNanoseconds = latencyNanoseconds
        self.bitsPerSecond = max(1000, bitsPerSecond)
        self.lossPerMillion = lossPerMillion
        self.reorderPerMillion = reorderPerMillion
    }
}

/// One direction of a link: says when a frame arrives, or that it is lost.
public struct LinkDirection: Sendable {
    public let model: LinkModel
    private var random: SeededRandom
    private var freeAt = Tick.zero
    public private(set) var lostFrameCount: UInt64 = 0
    public private(set) var carriedByteCount: UInt64 = 0

    public init(model: LinkModel, seed: UInt64, stream: String) {
        self.model = model
        random = SeededRandom(seed: seed, stream: stream)
    }

    /// Arrival of a frame that is sent at `now`; nil when it is lost. Frames wait for the wire to be free.
    public mutating func arrival(byteCount: Int, now: Tick) -> Tick? {
        let bits = UInt64(byteCount + 20) * 8   // preamble and gap
        freeAt = max(now, freeAt).advanced(nanoseconds: bits * 1_000_000_000 / model.bitsPerSecond)
        if random.below(1_000_000) < UInt64(model.lossPerMillion) { lostFrameCount += 1; return nil }
        carriedByteCount += UInt64(byteCount)
        let held = random.below(1_000_000) < UInt64(model.reorderPerMillion)
        return freeAt.advanced(nanoseconds: model.latencyNanoseconds * (held ? 2 : 1))
    }
}

/// A point-to-point link to a peer inside the simulation (for example a page server).
public final class LinkBackend: NetBackend {
    /// The peer: called at the tick at which a frame of the guest arrives.
    public var onFrame: (([UInt8]) -> Void)?
    private var up: LinkDirection
    private var down: LinkDirection
    private var port: NetPort!

    public init(model: LinkModel, seed: UInt64) {
        up = LinkDirection(model: model, seed: seed, stream: "link up")
        down = LinkDirection(model: model, seed: seed, stream: "link down")
    }

    public func attach(_ port: NetPort) { self.port = port }
    public var machine: Machine { port.machine }
    public var lostFrameCount: UInt64 { up.lostFrameCount + down.lostFrameCount }

    public func transmit(_ frame: [UInt8]) {
        guard let tick = up.arrival(byteCount: frame.count, now: port.now) else { return }
        port.machine.events.schedule(at: tick) { [unowned self] in onFrame?(frame) }
    }

    /// The peer sends a frame to the guest.
    public func send(_ frame: [UInt8]) {
        guard let tick = down.arrival(byteCount: frame.count, now: port.now) else { return }
        port.deliver(frame, at: tick)
    }
}

/// Sends every frame back after a fixed delay. For tests.
public final class LoopbackBackend: NetBackend {
    private var port: NetPort?
    private let delayNanoseconds: UInt64
    public init(delayNanoseconds: UInt64 = 10_000) { self.delayNanoseconds = delayNanoseconds }
    public func attach(_ port: NetPort) { self.port = port }
    public func transmit(_ frame: [UInt8]) {
        guard let port else { return }
        port.deliver(frame, at: port.now.advanced(nanoseconds: delayNanoseconds))
    }
}
