// The audit that everything has one owner: run by tests and by the simulator, never by the kernel itself.

import ABI
import Compression

extension Kernel {
    /// Nil when every frame has exactly one owner and every reference is accounted for; else what does not add up.
    public func checkConservation() -> String? {
        if let problem = checkFrames() { return problem }
        if let problem = checkReferences() { return problem }
        if let problem = checkCharges() { return problem }
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
            if resident != p.record.pagesResident || compressed != p.record.pagesCompressed || swapped != p.record.pagesSwapped || filled != p.record.pagesFilled {
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
