// What the kernel tells about itself: the records that programs and the outside read.

import ABI
import Compression
import Policies

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
}
