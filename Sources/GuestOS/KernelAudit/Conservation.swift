// The audit that everything has one owner: run by tests and by the simulator, never by the kernel itself.

import ABI
import MemoryManager

extension Kernel {
    /// Nil when every frame has exactly one owner and every reference is accounted for; else what does not add up.
    public func checkConservation() -> String? {
        if let problem = checkFrames() { return problem }
        if let problem = checkReferences() { return problem }
        if let problem = checkCharges() { return problem }
        return memory.isPoolSound ? nil : "compressed pool: bitmaps and entries disagree"
    }
    private func checkFrames() -> String? {
        var held = [UInt16](repeating: 0, count: memory.frames.frameCount)
        var pagesCompressed = 0
        for p in processes {
            var resident: UInt32 = 0, compressed: UInt32 = 0, swapped: UInt32 = 0, filled: UInt32 = 0
            p.space.pageTable.forEach { _, e in
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
            if resident != p.space.counts.resident || compressed != p.space.counts.compressed || swapped != p.space.counts.swapped || filled != p.space.counts.filled {
                return "page counts of process \(p.pid) do not add up"
            }
            pagesCompressed += Int(compressed)
        }
        if pagesCompressed != memory.poolPageCount { return "compressed pool holds \(memory.poolPageCount) pages, page tables \(pagesCompressed)" }
        var sharedCount = 0
        objects.forEach { o in
            guard let s = o as? SharedObject, s.backing == .anonymous else { return }
            for f in s.frames where f != noFrame { sharedCount += 1 }
        }
        if sharedCount != memory.frames.total(.shared) { return "shared objects hold \(sharedCount) frames, allocator says \(memory.frames.total(.shared))" }
        if memory.poolFrameCount != memory.frames.total(.pool) { return "pool frames do not add up" }
        for f in 0..<memory.frames.frameCount {
            let isPrivate = memory.frames.owners[f] == .process
            if isPrivate ? held[f] != memory.frames.count(UInt32(f)) : held[f] != 0 { return "frame \(f) is held \(held[f]) times, counted \(memory.frames.count(UInt32(f)))" }
        }
        for owner in FrameOwner.allCases {
            let found = memory.frames.owners.reduce(0) { $0 + ($1 == owner ? 1 : 0) }
            if found != memory.frames.total(owner) { return "frames of owner \(owner.rawValue) are \(found), counted \(memory.frames.total(owner))" }
        }
        return memory.frames.total(.free) == memory.frames.freeCount ? nil : "free frames do not add up"
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
            for m in end.messages { for e in m.handles where e.ref != .none { count(e.ref) } }
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
    /// Every object and every unread message is charged to exactly one process or to the kernel.
    private func checkCharges() -> String? {
        var problem: String?
        var handleCount = 0
        var counted: [UInt32: (charges: Charges, descendantCount: Int)] = [:]        // by the process's place in the table
        for p in processes {
            for a in ancestry(p).dropFirst() { counted[a.ref.index, default: (Charges(), 0)].descendantCount += 1 }
        }
        objects.forEach { o in
            if o.payer != .none, (objects[o.payer] as? GuestProcess)?.isAlive != true { problem = "object \(o.ref.index) is paid for by nobody" }
            if o.payer != .none { counted[o.payer.index, default: (Charges(), 0)].charges.add(o) }
            for m in (o as? ChannelEnd)?.messages ?? [] {
                handleCount += m.handles.count
                if m.payer != .none { counted[m.payer.index, default: (Charges(), 0)].charges.queuedByteCount += m.cost }
            }
        }
        if handleCount != queuedHandleCount { return "messages hold \(handleCount) handles, counted \(queuedHandleCount)" }
        for p in processes {
            guard let c = counted[p.ref.index] else { continue }
            if c.descendantCount != p.descendantCount { return "process \(p.pid) has \(c.descendantCount) descendants, counted \(p.descendantCount)" }
            if c.charges != p.charges { return "process \(p.pid) pays for \(c.charges.text); counted \(p.charges.text)" }
        }
        return problem
    }
}

extension Charges {
    mutating func add(_ o: KernelObject) {
        objectCount += 1
        if o.kind == .timer { timerCount += 1 }
        if let s = o as? SharedObject {
            sharedPageCount += s.frames.count
            for f in s.frames where f != noFrame { sharedFrameCount += 1 }
        }
    }
    var text: String { "\(objectCount) objects, \(timerCount) timers, \(sharedPageCount) shared pages, \(sharedFrameCount) shared frames, \(queuedByteCount) bytes" }
}
