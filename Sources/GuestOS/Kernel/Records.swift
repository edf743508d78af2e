// What the kernel tells about itself: the records that programs and the outside read.

import ABI
import MemoryManager
import Policies

extension Kernel {
    public var memoryCounters: MemoryCounters { memory.counters }
    public var memoryRecord: MemoryRecord {
        var m = MemoryRecord()
        let period = configuration.policyPeriodNanoseconds
        m.framesTotal = UInt32(hal.frameCount)
        m.framesFree = UInt32(memory.frames.freeCount)
        m.framesProcess = UInt32(memory.frames.total(.process) + memory.frames.total(.swap))
        m.framesShared = UInt32(memory.frames.total(.shared))
        m.framesCompressedPool = UInt32(memory.frames.total(.pool))
        m.framesKernel = UInt32(memory.frames.total(.kernel) + memory.frames.total(.archive))
        for s in memory.spaces {
            m.pagesCompressed += s.counts.compressed
            m.pagesSwapped += s.counts.swapped
            m.pagesFilled += s.counts.filled
        }
        m.bytesCompressed = memory.poolByteCount
        let some = memory.pressure.someShares(period: period), full = memory.pressure.fullShares(period: period)
        (m.pressureSome10, m.pressureSome60, m.pressureSome300) = (some.over10, some.over60, some.over300)
        (m.pressureFull10, m.pressureFull60, m.pressureFull300) = (full.over10, full.over60, full.over300)
        m.pressureLevel = memory.gauge.level
        m.swapSlots = UInt32(memory.swap.slots.count)
        m.swapSlotsFree = UInt32(memory.swap.slots.freeCount)
        m.swapSlotsBad = UInt32(memory.swap.slots.badCount)
        m.promotedPages10 = UInt32(clamping: memory.promotions.recent)
        m.swapWrittenPages = memory.counters.swapWrittenPages
        m.bytesSaved = memory.bytesSaved
        m.evictions = memory.counters.evictions
        m.refaults = memory.counters.refaults
        return m
    }
    func record(_ p: GuestProcess) -> ProcessRecord {
        var r = p.record
        r.pid = p.pid
        r.state = p.isFrozen && p.isAlive ? 3 : UInt32(p.state.rawValue)
        for m in p.mappings { r.pagesShared += m.pageCount }
        r.parent = (objects[p.parent] as? GuestProcess)?.pid ?? 0
        r.handles = UInt32(p.handles.count)
        r.objects = UInt32(p.charges.objectCount)
        r.queuedBytes = UInt32(p.charges.queuedByteCount)
        r.tabID = p.tab.tabID
        r.lifecycle = p.tab.lifecycle.rawValue
        r.pagesResident = p.space.counts.resident
        r.pagesCompressed = p.space.counts.compressed
        r.pagesSwapped = p.space.counts.swapped
        r.pagesFilled = p.space.counts.filled
        r.name = p.name
        return r
    }
}
