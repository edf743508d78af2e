// What the kernel tells about itself: the records that programs and the outside read.

import ABI
import Compression
import Policies

extension Kernel {
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
            m.pagesCompressed += p.record.pagesCompressed
            m.pagesSwapped += p.record.pagesSwapped
        }
        m.bytesCompressed = pool.byteCount
        m.pressureSome10 = pressure.somePerMille(period: period)
        m.pressureFull10 = pressure.fullPerMille(period: period)
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
        r.lifecycle = p.lifecycle.rawValue
        r.name = p.name
        return r
    }
}
