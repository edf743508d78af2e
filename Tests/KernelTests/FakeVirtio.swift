// The device side of VirtIO-MMIO v2 for driver tests: registers, split queues, and one closure that serves a chain.

import Foundation

final class FakeVirtio {
    struct Chain {
        var queue: Int
        var head: UInt16
        var readable: [(UnsafeMutableRawPointer, Int)]
        var writable: [(UnsafeMutableRawPointer, Int)]
        var request: [UInt8] { readable.flatMap { [UInt8](UnsafeRawBufferPointer(start: $0.0, count: $0.1)) } }
        /// Writes over the writable parts in order; the bytes written.
        func reply(_ bytes: [UInt8]) -> UInt32 {
            var at = 0
            for (p, n) in writable {
                let k = min(n, bytes.count - at)
                if k <= 0 { break }
                bytes[at..<(at + k)].withUnsafeBytes { p.copyMemory(from: $0.baseAddress!, byteCount: k) }
                at += k
            }
            return UInt32(at)
        }
    }
    private struct Queue { var size = 0, descriptor: UInt64 = 0, available: UInt64 = 0, used: UInt64 = 0, ready: UInt32 = 0, seen: UInt16 = 0, usedIndex: UInt16 = 0 }
    let deviceID: UInt32
    let features: UInt64
    var config: [UInt8]
    var latency: UInt64
    /// Serves a chain: the number of bytes written, or nil to keep it (receive queues).
    var serve: (Chain) -> UInt32?
    var kept: [Chain] = []
    private(set) var interruptStatus: UInt32 = 0
    private var queues = [Queue](repeating: Queue(), count: 4)
    private var select = 0, featureSelect: UInt32 = 0, status: UInt32 = 0
    private var due: [(UInt64, Chain)] = []
    private unowned var machine: FakeMachine!

    init(_ deviceID: UInt32, features: UInt64 = 0, config: [UInt8] = [], latency: UInt64 = 0, serve: @escaping (Chain) -> UInt32?) {
        self.deviceID = deviceID
        self.features = features | 1 << 32
        self.config = config
        self.latency = latency
        self.serve = serve
    }
    var nextCompletion: UInt64 { due.first?.0 ?? .max }

    func read(_ r: UInt64) -> UInt32 {
        switch r {
        case 0x000: return 0x7472_6976
        case 0x004: return 2
        case 0x008: return deviceID
        case 0x010: return UInt32(truncatingIfNeeded: features >> UInt64(featureSelect * 32))
        case 0x034: return 256
        case 0x044: return queues[select].ready
        case 0x060: return interruptStatus
        case 0x070: return status
        case 0x100...:
            var v: UInt32 = 0
            for i in 0..<4 where Int(r) - 0x100 + i < config.count { v |= UInt32(config[Int(r) - 0x100 + i]) << UInt32(i * 8) }
            return v
        default: return 0
        }
    }
    func write(_ r: UInt64, _ v: UInt32, _ m: FakeMachine) {
        machine = m
        switch r {
        case 0x014: featureSelect = v
        case 0x030: select = Int(v)
        case 0x038: queues[select].size = Int(v)
        case 0x044: queues[select].ready = v
        case 0x050: notify(Int(v))
        case 0x064: interruptStatus &= ~v
        case 0x070: status = v
        case 0x080: queues[select].descriptor |= UInt64(v)
        case 0x084: queues[select].descriptor |= UInt64(v) << 32
        case 0x090: queues[select].available |= UInt64(v)
        case 0x0a0: queues[select].used |= UInt64(v)
        default: break
        }
    }
    private func notify(_ q: Int) {
        let available = machine.pointer(queues[q].available)
        while queues[q].seen != available.load(fromByteOffset: 2, as: UInt16.self) {
            let head = available.load(fromByteOffset: 4 + (Int(queues[q].seen) % queues[q].size) * 2, as: UInt16.self)
            queues[q].seen &+= 1
            let c = chain(q, head)
            if latency > 0 { due.append((machine.now + latency, c)) } else { finish(c) }
        }
    }
    func completeDue(_ now: UInt64) {
        while let (at, c) = due.first, at <= now {
            due.removeFirst()
            finish(c)
        }
    }
    private func finish(_ c: Chain) {
        if let n = serve(c) { complete(c, n) } else { kept.append(c) }
    }
    func complete(_ c: Chain, _ written: UInt32) {
        let q = queues[c.queue]
        let used = machine.pointer(q.used)
        let at = 4 + (Int(q.usedIndex) % q.size) * 8
        used.storeBytes(of: UInt32(c.head), toByteOffset: at, as: UInt32.self)
        used.storeBytes(of: written, toByteOffset: at + 4, as: UInt32.self)
        queues[c.queue].usedIndex &+= 1
        used.storeBytes(of: queues[c.queue].usedIndex, toByteOffset: 2, as: UInt16.self)
        interruptStatus |= 1
    }
    /// Fills a kept chain of queue 0 from outside (a packet, an event).
    func inject(_ bytes: [UInt8]) {
        guard let i = kept.firstIndex(where: { $0.queue == 0 }) else { return }
        let c = kept.remove(at: i)
        complete(c, c.reply(bytes))
    }
    private func chain(_ q: Int, _ head: UInt16) -> Chain {
        var c = Chain(queue: q, head: head, readable: [], writable: [])
        var index = head
        let table = machine.pointer(queues[q].descriptor)
        while true {
            let at = Int(index) * 16
            let p = machine.pointer(table.load(fromByteOffset: at, as: UInt64.self))
            let n = Int(table.load(fromByteOffset: at + 8, as: UInt32.self))
            let flags = table.load(fromByteOffset: at + 12, as: UInt16.self)
            if flags & 2 != 0 { c.writable.append((p, n)) } else { c.readable.append((p, n)) }
            if flags & 1 == 0 { return c }
            index = table.load(fromByteOffset: at + 14, as: UInt16.self)
        }
    }
}

/// A disk over host memory. `fails` is asked for each request: whether it writes, and its number among those that do or do not.
func fakeDisk(byteCount: Int, latency: UInt64, fails: @escaping (_ isWrite: Bool, _ number: Int) -> Bool = { _, _ in false }) -> FakeVirtio {
    final class Store { var bytes: [UInt8], reads = 0, writes = 0; init(_ n: Int) { bytes = [UInt8](repeating: 0, count: n) } }
    let store = Store(byteCount)
    let sectors = UInt64(byteCount / 512)
    let config = (0..<8).map { UInt8(truncatingIfNeeded: sectors >> UInt64($0 * 8)) }
    return FakeVirtio(2, config: config, latency: latency) { c in
        let header = c.readable[0].0
        let isWrite = header.load(as: UInt32.self) == 1
        let at = Int(header.load(fromByteOffset: 8, as: UInt64.self)) * 512
        if isWrite { store.writes += 1 } else { store.reads += 1 }
        if fails(isWrite, isWrite ? store.writes : store.reads) {
            c.writable[c.writable.count - 1].0.storeBytes(of: 1, as: UInt8.self)
            return 1
        }
        if isWrite {
            let (p, n) = c.readable[1]
            store.bytes.replaceSubrange(at..<(at + n), with: UnsafeRawBufferPointer(start: p, count: n))
        } else {
            let (p, n) = c.writable[0]
            store.bytes[at..<(at + n)].withUnsafeBytes { p.copyMemory(from: $0.baseAddress!, byteCount: n) }
        }
        c.writable[c.writable.count - 1].0.storeBytes(of: 0, as: UInt8.self)
        return isWrite ? 1 : UInt32(c.writable[0].1 + 1)
    }
}
