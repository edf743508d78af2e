// Owns the question "is an answer from the real network outstanding?" by watching TCP flows and recent traffic.
// It only steers pacing; nothing of it reaches the guest.

/// Watches Ethernet frames in both directions.
struct FlowTracker {
    private struct Flow: Hashable { var address: UInt32; var remotePort: UInt16; var localPort: UInt16 }
    private struct State { var finished: UInt8; var lastHostNanoseconds: UInt64 }   // bit 0: guest's FIN, bit 1: peer's
    private var flows: [Flow: State] = [:]
    private var lastTrafficHostNanoseconds: UInt64 = 0
    static let quietNanoseconds: UInt64 = 2_000_000_000
    static let abandonedNanoseconds: UInt64 = 60_000_000_000

    mutating func see(_ frame: [UInt8], fromGuest: Bool, at host: UInt64) {
        guard frame.count >= 34, frame[12] == 0x08, frame[13] == 0x00 else { return }
        lastTrafficHostNanoseconds = host
        let header = Int(frame[14] & 15) * 4
        let tcp = 14 + header
        guard frame[23] == 6, header >= 20, frame.count >= tcp + 14 else { return }
        func word(_ at: Int) -> UInt16 { UInt16(frame[at]) << 8 | UInt16(frame[at + 1]) }
        let remote = fromGuest ? 30 : 26
        let address = UInt32(word(remote)) << 16 | UInt32(word(remote + 2))
        let source = word(tcp), target = word(tcp + 2)
        let flow = Flow(address: address, remotePort: fromGuest ? target : source, localPort: fromGuest ? source : target)
        update(flow, flags: frame[tcp + 13], fromGuest: fromGuest, at: host)
    }

    private mutating func update(_ flow: Flow, flags: UInt8, fromGuest: Bool, at host: UInt64) {
        let fin = flags & 1 != 0, syn = flags & 2 != 0, rst = flags & 4 != 0
        if rst { flows[flow] = nil; return }
        if syn, fromGuest { flows[flow] = State(finished: 0, lastHostNanoseconds: host); return }
        guard var state = flows[flow] else { return }
        state.lastHostNanoseconds = host
        if fin { state.finished |= fromGuest ? 1 : 2 }
        flows[flow] = state.finished == 3 ? nil : state
    }

    /// True while a flow is open or traffic was seen just now.
    mutating func isOutstanding(at host: UInt64) -> Bool {
        if host - min(host, lastTrafficHostNanoseconds) < Self.quietNanoseconds { return lastTrafficHostNanoseconds != 0 }
        if flows.isEmpty { return false }
        flows = flows.filter { host - min(host, $0.value.lastHostNanoseconds) < Self.abandonedNanoseconds }
        return !flows.isEmpty
    }
}
