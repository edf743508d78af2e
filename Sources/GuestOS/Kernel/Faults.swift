// Page faults: which memory an address belongs to. Private pages are the memory manager's; shared memory is here. One
// routine serves the processor's faults and the kernel's own access to user memory.

import ABI
import MemoryManager

extension Kernel {
    /// Makes `page` usable for the access. `.wait`: the process is blocked until swap-in is done.
    func resolve(_ p: GuestProcess, _ page: UInt32, write: Bool) -> PageResolution {
        let windowStart = Limits.sharedWindowStart >> 16, windowEnd = Limits.sharedWindowEnd >> 16
        if page >= windowStart, page < windowEnd, let m = p.mapping(containing: page) { return waitIfShort(p, resolveShared(p, page, m, write), mayWait: true) }
        guard page < hal.memoryPages(task: p.task), page < windowStart else { return .bad }
        let result = memory.resolve(p.space, page, write: write) { owner in allocateFrame(for: p, owner, near: page) }
        if memory.unreportedStall > 0 {
            memory.pressure.addStall(memory.unreportedStall, isFull: isNobodyRunnable)
            memory.unreportedStall = 0
        }
        if result == .wait { waitForPage(p, page) }
        return waitIfShort(p, result, mayWait: !isAtLimit(p))
    }
    /// Without a frame, but with some on their way out to swap, the process waits and tries again.
    private func waitIfShort(_ p: GuestProcess, _ result: PageResolution, mayWait: Bool) -> PageResolution {
        guard result == .outOfMemory, mayWait, memory.swap.writeCount > 0 else { return result }
        waitForPage(p, Kernel.anyPage)
        return .wait
    }

    // MARK: Shared memory

    private func resolveShared(_ p: GuestProcess, _ page: UInt32, _ m: Mapping, _ write: Bool) -> PageResolution {
        guard !write || m.isWritable, let object = objects[m.ref] as? SharedObject else { return .bad }
        let index = Int(page - m.page)
        guard index < object.frames.count else { return .bad }      // an empty file has no page
        var frame = object.frames[index]
        if frame == noFrame {
            guard let fresh = allocateFrame(for: p, .shared, near: nil) else { return .outOfMemory }
            memory.clear(fresh)
            charge(costs.pageZero)
            object.frames[index] = fresh
            chargeSharedFrame(object, 1)
            frame = fresh
        }
        mapShared(p, page, frame, m.isWritable)
        return .ready
    }
    func mapShared(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32, _ writable: Bool) {
        p.space.pageTable[page] = PageEntry(state: .shared, isWritable: writable, value: frame)
        hal.map(task: p.task, page: page, frame: frame, writable: writable)
        charge(costs.pageMap)
    }
    /// Frames that exist are mapped at once; the rest on touch.
    func mapPresentPages(_ p: GuestProcess, _ m: Mapping, _ object: SharedObject) {
        for (i, frame) in object.frames.enumerated() where frame != noFrame { mapShared(p, m.page + UInt32(i), frame, m.isWritable) }
    }
    /// Takes the mapping that starts at `page` away.
    func unmapShared(_ p: GuestProcess, at index: Int) {
        let m = p.mappings.remove(at: index)
        charge(costs.perItem * UInt64(m.pageCount))
        for page in m.page..<(m.page + m.pageCount) where p.space.pageTable[page].state == .shared {
            p.space.pageTable[page] = PageEntry()
            hal.unmap(task: p.task, page: page)
        }
        if let object = objects[m.ref] as? SharedObject {
            if let i = object.mappings.firstIndex(where: { $0.process == p.ref && $0.page == m.page }) { object.mappings.remove(at: i) }
        }
        release(m.ref)
    }
    /// Gives everything back, of a process that ends.
    func releaseMemory(_ p: GuestProcess) {
        while !p.mappings.isEmpty { unmapShared(p, at: p.mappings.count - 1) }
        memory.releaseAll(p.space)
        memory.remove(p.space)
    }
}
