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
        }
        m.bytesCompressed = memory.pool.byteCount
        m.pressureSome10 = memory.pressure.someShares(period: period).over10
        m.pressureFull10 = memory.pressure.fullShares(period: period).over10
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
