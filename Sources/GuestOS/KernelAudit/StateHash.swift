// Hashes of what the kernel and its processes are, for record and replay.

import ABI
import MemoryManager
import Policies

extension Kernel {
    /// Every process that still has a record (ended ones while somebody holds a handle), ascending pid.
    public var processRecords: [ProcessRecord] { processes.map { record($0) } }
    /// Length of the run queue: for tests and metrics.
    public var runnableCount: Int { queues.reduce(0) { $0 + $1.count } }
    public var objectCount: Int { objects.count }
    public var handleCount: Int { processes.reduce(0) { $0 + $1.handles.count } }

    /// Processes, capabilities, queues, page tables.
    public func stateHash() -> UInt64 {
        var h = StateHasher()
        h.combine(nextPID)
        for p in processes { combine(&h, p) }
        objects.forEach { o in
            h.combine(o.ref.index)
            h.combine(o.signals.rawValue)
            if let end = o as? ChannelEnd {
                for m in end.messages {
                    h.combine(m.bytes)
                    h.combine(m.handles.count)
                }
            }
        }
        for q in queues {
            h.combine(q.count)
            for p in q { h.combine(p.pid) }
        }
        h.combine(timers.nextDeadline)
        h.combine(wallClockBase)
        h.combine(devices.consoleInput)
        for t in devices.disk?.transfers ?? [] { h.combine(UInt64(t.caller.index) << 8 | UInt64(t.state.rawValue)) }
        combineMemory(&h)
        return h.value
    }
    /// What the memory manager and the coordinator keep beside the pages themselves.
    private func combineMemory(_ h: inout StateHasher) {
        h.combine(memory.frames.freeCount)
        h.combine(memory.poolByteCount)
        h.combine(UInt64(memory.swap.slots.usedCount) << 32 | UInt64(memory.swap.slots.badCount))
        h.combine(memory.swap.requestCount)
        h.combine(memory.swap.pending.count)
        for job in memory.jobs { h.combine(UInt64(job.space) << 32 | UInt64(job.done) << 4 | UInt64(job.kind.rawValue)) }
        h.combine(UInt64(memory.gauge.level.rawValue) << 32 | UInt64(pressureEvents.count))
        let c = memory.counters
        for n in [c.evictions, c.refaults, c.refusals, c.samplingFaults, c.sampledPages, c.prefetches, c.prefetchHits, c.swapWrittenPages, memory.pressure.someTotal, memory.pressure.fullTotal] { h.combine(n) }
        for s in memory.spaces {
            h.combine(UInt64(s.refaultCount) << 32 | UInt64(s.workingSet.count))
            for page in s.workingSet.pages { h.combine(page) }
            guard s.tab.isTab else { continue }
            for n in [UInt64(s.tab.tabID), s.tab.openedNanoseconds, s.tab.lastActiveNanoseconds, s.tab.lastVisibleNanoseconds, UInt64(s.tab.activationCount), s.tab.reloadNanoseconds] { h.combine(n) }
        }
        returns.forEachWord { h.combine($0) }
        h.combine(decisionLog.count)
    }
    private func combine(_ h: inout StateHasher, _ p: GuestProcess) {
        h.combine(p.pid)
        h.combine(UInt64(p.state.rawValue) << 16 | UInt64(p.resume.rawValue) << 8 | (p.isRestoring ? 2 : 0) | (p.isFrozen ? 1 : 0))
        h.combine(p.record.instructions)
        h.combine(p.record.faults)
        h.combine(p.record.messagesSent)
        h.combine(p.record.messagesReceived)
        h.combine(p.record.systemCalls)
        h.combine(p.record.nanoseconds)
        h.combine(UInt64(p.charges.objectCount) << 32 | UInt64(p.charges.queuedByteCount))
        h.combine(UInt64(bitPattern: Int64(p.record.exitReason)))
        h.combine(UInt64(p.tab.lifecycle.rawValue) << 32 | UInt64(p.tab.flags.rawValue))
        for e in p.handles.entries { h.combine(UInt64(e.ref.index) << 32 | UInt64(e.rights.rawValue)) }
        for s in p.subscriptions { h.combine(UInt64(bitPattern: s.key)) }
        p.space.pageTable.forEach { page, e in h.combine(UInt64(page) << 24 | UInt64(e.generation) << 16 | UInt64(e.marks.rawValue) << 8 | UInt64(e.state.rawValue)) }
        if p.isAlive, p.isQuiescent { h.combine(hal.saveTask(p.task)) }
    }
    /// Contents of everything owned: private pages, compressed or not, in (process, page) order, then anonymous shared and device memory.
    public func ramHash() -> UInt64 {
        var h = StateHasher()
        for p in processes {
            p.space.pageTable.forEach { page, e in
                guard e.state == .resident || e.state == .filled || e.state == .compressed else { return }
                h.combine(UInt64(p.pid) << 32 | UInt64(page))
                switch e.state {
                case .resident: h.combine(page: hal.frameAddress(e.value))
                case .compressed: h.combine(Array(memory.compressedBytes(e)))
                default: h.combine(e.value)
                }
            }
        }
        objects.forEach { o in
            guard let shared = o as? SharedObject, shared.backing != .archive else { return }
            for f in shared.frames where f != noFrame { h.combine(page: hal.frameAddress(f)) }
        }
        h.combine(memory.poolByteCount)
        return h.value
    }
}

/// FNV-1a over 64-bit words; the order of what is fed is part of the value.
public struct StateHasher {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
    public init() {}
    @inline(__always)
    public mutating func combine(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01b3; value ^= value >> 29 }
    public mutating func combine(_ word: UInt32) { combine(UInt64(word)) }
    public mutating func combine(_ word: Int) { combine(UInt64(bitPattern: Int64(word))) }
    public mutating func combine(_ bytes: [UInt8]) {
        combine(bytes.count)
        for b in bytes { combine(UInt64(b)) }
    }
    /// One page, in four independent lanes.
    public mutating func combine(page: UnsafeRawPointer) {
        var a: UInt64 = 1, b: UInt64 = 2, c: UInt64 = 3, d: UInt64 = 4
        let prime: UInt64 = 0x9e37_79b9_7f4a_7c15
        var i = 0
        while i < Limits.pageByteCount {
            a = (a ^ page.load(fromByteOffset: i, as: UInt64.self)) &* prime
            b = (b ^ page.load(fromByteOffset: i &+ 8, as: UInt64.self)) &* prime
            c = (c ^ page.load(fromByteOffset: i &+ 16, as: UInt64.self)) &* prime
            d = (d ^ page.load(fromByteOffset: i &+ 24, as: UInt64.self)) &* prime
            a ^= a >> 32; b ^= b >> 32; c ^= c >> 32; d ^= d >> 32
            i &+= 32
        }
        combine(a); combine(b); combine(c); combine(d)
    }
}
