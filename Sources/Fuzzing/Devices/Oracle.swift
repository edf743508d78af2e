// Owns what must hold whatever a driver does: devices write only into the room that chains gave them and into used
// rings, never claim more than they were given, and after a reset each of them works again.
import Devices
import Fuzzing
import Machine

/// Watches every request and the guard bytes behind every buffer.
final class Oracle {
    private let targets: [FuzzTarget]
    private let guards: [UInt64]                  // addresses
    private var mayChange: [Bool]                 // by guard: some chain or used ring covered it
    private var problem: String?
    private static let pattern: UInt64 = 0xa5a5_a5a5_a5a5_a5a5

    init(_ targets: [FuzzTarget]) {
        self.targets = targets
        guards = targets.flatMap { t in (0..<FuzzTarget.bufferCount).map { t.guardAddress($0) } }
        mayChange = [Bool](repeating: false, count: guards.count)
        for index in guards.indices { restore(index) }
        for target in targets {
            target.transport.onTaken = { [unowned target] queue, _ in target.tallies[queue].taken += 1 }
            target.beforeWrite = { [unowned self, unowned target] in permitRings(target) }
            target.transport.onUsed = { [unowned self, unowned target] queue, chain, count in used(target, queue, chain, count) }
        }
    }

    private func restore(_ index: Int) {
        for word in 0..<(FuzzTarget.guardByteCount / 8) { targets[0].poke64(guards[index] + UInt64(8 * word), Self.pattern) }
        mayChange[index] = false
    }

    /// Bytes that somebody may now write on purpose. Buffers in their places cover no guard; bent ones may.
    private func permit(_ start: UInt64, _ count: UInt64) {
        let ram = targets[0].machine.ram
        guard count > 0, ram.pointer(physical: start, count: Int(count)) != nil else { return }
        let first = start - GuestRAM.physicalBase, size = FuzzTarget.bufferByteCount, perShare = FuzzTarget.shareByteCount / size
        for place in (first / size)...((first + count - 1) / size) where first + count > (place + 1) * size - UInt64(FuzzTarget.guardByteCount) {
            let share = Int(place / perShare), buffer = Int(place % perShare) - Int(FuzzTarget.buffersOffset / size)
            if buffer >= 0, share < targets.count { mayChange[share * FuzzTarget.bufferCount + buffer] = true }
        }
    }

    private func permitRings(_ target: FuzzTarget) {
        for queue in target.transport.queues where queue.isReady { permit(queue.usedAddress, UInt64(6 + 8 * queue.size)) }
    }

    /// The writable room of a request that is given back: the device has just written there.
    private func permitRoom(_ target: FuzzTarget, _ chain: DescriptorChain) {
        let ram = target.machine.ram
        chain.forEachWritable(offset: 0, count: chain.writableByteCount) { buffer, _ in
            guard let start = buffer.baseAddress else { return }
            permit(GuestRAM.physicalBase + UInt64(start - ram.base), UInt64(buffer.count))
        }
    }

    private func used(_ target: FuzzTarget, _ queue: Int, _ chain: DescriptorChain, _ count: Int) {
        target.tallies[queue].used += 1
        permitRoom(target, chain)
        if count < 0 || count > chain.writableByteCount {
            problem = problem ?? "\(target.name), queue \(queue): claims \(count) bytes written into \(chain.writableByteCount)"
        } else if target.isGood(queue, chain, count) { target.tallies[queue].good += 1 }
    }

    /// Throws when something wrong was seen since the last call. Guards that may have changed are restored.
    func check() throws(FuzzFailure) {
        if let problem { throw FuzzFailure(description: problem) }
        for target in targets { permitRings(target) }
        for index in guards.indices {
            if mayChange[index] { restore(index); continue }
            guard let place = targets[0].pointer(guards[index], FuzzTarget.guardByteCount) else { continue }
            for word in 0..<(FuzzTarget.guardByteCount / 8) where place.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self) != Self.pattern {
                let owner = targets[index / FuzzTarget.bufferCount].name
                throw FuzzFailure(description: "a device wrote outside the room it was given: behind buffer \(index % FuzzTarget.bufferCount) of \(owner)")
            }
        }
    }
}
