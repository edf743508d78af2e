// What the outside may know: records, state hashes for record and replay, and the audit that everything has one owner.

import ABI
import Policies
import Compression

extension Kernel {
    /// Every process that still has a record (ended ones while somebody holds a handle), ascending pid.
    public var processRecords: [ProcessRecord] { processes.map { record($0) } }

    public var memoryRecord: MemoryRecord {
        var m = MemoryRecord()
        let period = configuration.policyPeriodNanoseconds
        m.framesTotal = UInt32(frames.frameCount)
        m.framesFree = UInt32(frames.freeCount)
        m.framesProcess = UInt32(frames.total(.process) + frames.total(.swap))
        m.framesShared = UInt32(frames.total(.shared))
        m.framesCompressedPool = UInt32(frames.total(.pool))
        m.framesKernel = UInt32(frames.total(.kernel) + frames.total(.archive))
        for p in processes {
            m.pagesCompressed += p.pagesCompressed
            m.pagesSwapped += p.pagesSwapped
        }
        m.bytesCompressed = pool.byteCount
        m.pressureSome10 = pressure.somePerMille(period: period)
        m.pressureFull10 = pressure.fullPerMille(period: period)
        return m
    }
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
        h.combine(frames.freeCount)
        h.combine(pool.byteCount)
        return h.value
    }
    private func combine(_ h: inout StateHasher, _ p: GuestProcess) {
        h.combine(p.pid)
        h.combine(UInt64(p.state.rawValue) << 16 | UInt64(p.resume.rawValue) << 8 | (p.isFrozen ? 1 : 0))
        h.combine(p.instructions)
        h.combine(p.faults)
        h.combine(p.messages)
        h.combine(UInt64(bitPattern: Int64(p.exitReason.rawValue)))
        h.combine(UInt64(p.lifecycle.rawValue) << 32 | UInt64(p.tabFlags.rawValue))
        for e in p.handles.entries { h.combine(UInt64(e.ref.index) << 32 | UInt64(e.rights.rawValue)) }
        for s in p.subscriptions { h.combine(UInt64(bitPattern: s.key)) }
        p.pageTable.forEach { page, e in h.combine(UInt64(page) << 8 | UInt64(e.state.rawValue)) }
        if p.isAlive, p.isQuiescent { h.combine(hal.saveTask(p.task)) }
    }
    /// Contents of everything owned: private pages, compressed or not, in (process, page) order, then anonymous shared and device memory.
    public func ramHash() -> UInt64 {
        var h = StateHasher()
        for p in processes {
            p.pageTable.forEach { page, e in
                guard e.state == .resident || e.state == .filled || e.state == .compressed else { return }
                h.combine(UInt64(p.pid) << 32 | UInt64(page))
                switch e.state {
                case .resident: h.combine(page: hal.frameAddress(e.value))
                case .compressed: h.combine(Array(pool.bytes(e.value, address: hal.frameAddress)))
                default: h.combine(e.value)
                }
            }
        }
        objects.forEach { o in
            guard let shared = o as? SharedObject, shared.backing != .archive else { return }
            for f in shared.frames where f != noFrame { h.combine(page: hal.frameAddress(f)) }
        }
        h.combine(pool.byteCount)
        return h.value
    }

    /// Nil when every frame has exactly one owner and every reference is accounted for; else what does not add up.
    public func checkConservation() -> String? {
        if let problem = checkFrames() { return problem }
        if let problem = checkReferences() { return problem }
        return pool.checkInvariants() ? nil : "compressed pool: bitmaps and entries disagree"
    }
    private func checkFrames() -> String? {
        var held = [UInt16](repeating: 0, count: frames.frameCount)
        var pagesCompressed = 0
        for p in processes {
            var resident: UInt32 = 0, compressed: UInt32 = 0, swapped: UInt32 = 0, filled: UInt32 = 0
            p.pageTable.forEach { _, e in
                switch e.state {
                case .resident:
                    held[Int(e.value)] += 1
                    resident += 1
                case .compressed: compressed += 1
                case .swapped, .swappingIn, .swappingOut: swapped += 1
                case .filled: filled += 1
                case .absent, .zero, .shared: break
                }
            }
            if resident != p.pagesResident || compressed != p.pagesCompressed || swapped != p.pagesSwapped || filled != p.pagesFilled {
                return "page counts of process \(p.pid) do not add up"
            }
            pagesCompressed += Int(compressed)
        }
        if pagesCompressed != pool.pageCount { return "compressed pool holds \(pool.pageCount) pages, page tables \(pagesCompressed)" }
        var sharedCount = 0
        objects.forEach { o in
            guard let s = o as? SharedObject, s.backing == .anonymous else { return }
            for f in s.frames where f != noFrame { sharedCount += 1 }
        }
        if sharedCount != frames.total(.shared) { return "shared objects hold \(sharedCount) frames, allocator says \(frames.total(.shared))" }
        if pool.frameCount != frames.total(.pool) { return "pool frames do not add up" }
        for f in 0..<frames.frameCount {
            let isPrivate = frames.owners[f] == .process
            if isPrivate ? held[f] != frames.counts[f] : held[f] != 0 { return "frame \(f) is held \(held[f]) times, counted \(frames.counts[f])" }
        }
        var sum = frames.freeCount
        for owner in [FrameOwner.kernel, .archive, .process, .shared, .pool, .swap] { sum += frames.total(owner) }
        return sum == frames.frameCount ? nil : "frames of all owners sum to \(sum) of \(frames.frameCount)"
    }
    private func checkReferences() -> String? {
        var held: [UInt32: Int] = [:]
        func count(_ ref: ObjectRef) { held[ref.index, default: 0] += 1 }
        for p in processes {
            if p.isAlive { count(p.ref) }
            for e in p.handles.entries { count(e.ref) }
            for m in p.mappings { count(m.ref) }
        }
        objects.forEach { o in
            guard let end = o as? ChannelEnd else { return }
            for m in end.messages { for e in m.handles { count(e.ref) } }
        }
        for s in services { count(s.end) }
        for f in archive { count(f.ref) }
        for d in devices.objects { count(d.ref) }
        if let f = devices.framebuffer { count(f.ref) }
        var problem: String?
        objects.forEach { o in
            if held[o.ref.index] ?? 0 != o.referenceCount { problem = "object \(o.ref.index) is held \(held[o.ref.index] ?? 0) times, counted \(o.referenceCount)" }
        }
        return problem
    }
}
