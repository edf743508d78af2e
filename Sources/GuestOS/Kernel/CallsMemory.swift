// System calls on memory: shared memory, the boot archive, giving pages back, the memory record.

import ABI
import MemoryManager

extension Kernel {
    func callSharedCreate(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a0 > 0, a.a0 <= Int64(KernelLimits.sharedPageCountMax * Limits.pageByteCount) else { throw .failed(.invalidArgument) }
        let pageCount = (Int(a.a0) + Limits.pageByteCount - 1) / Limits.pageByteCount
        guard Int(p.space.counts.resident) + p.charges.sharedPageCount + pageCount <= processFramesMax else { throw .failed(.limitReached) }
        charge(costs.perItem * UInt64(pageCount))
        let object = SharedObject(byteCount: Int(a.a0), backing: .anonymous, frames: [UInt32](repeating: noFrame, count: pageCount))
        return Int64(try newHandle(p, object, [.read, .write, .map, .duplicate, .transfer]))
    }
    func callArchiveOpen(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 > 0, a.a1 <= 255 else { throw .failed(.invalidArgument) }
        let name = try copyIn(p, a.a0, Int(a.a1))
        guard let file = archive.first(where: { $0.name == name }) else { throw .failed(.notFound) }
        return Int64(try handle(p, file.ref, [.read, .map, .duplicate, .transfer]))
    }
    func callSharedMap(_ p: GuestProcess, _ a: SystemCallArguments, _ object: SharedObject) throws(CallStop) -> Int64 {
        let isWritable = a.a1 != 0
        if isWritable { _ = try self.object(p, a.a0, .sharedMemory, [.map, .write]) }
        return try mapShared(p, object, isWritable: isWritable, through: a.a0)
    }
    /// Maps at the lowest gap of the window; the address.
    func mapShared(_ p: GuestProcess, _ object: SharedObject, isWritable: Bool, through handle: Int64) throws(CallStop) -> Int64 {
        guard p.mappings.count < KernelLimits.mappingCountMax else { throw .failed(.limitReached) }
        let pageCount = UInt32(max(object.frames.count, 1))
        charge(costs.perItem * UInt64(p.mappings.count + Int(pageCount)))
        var start = Limits.sharedWindowStart >> 16
        var index = 0
        while index < p.mappings.count, p.mappings[index].page < start + pageCount {
            start = p.mappings[index].page + p.mappings[index].pageCount
            index += 1
        }
        guard start + pageCount <= Limits.sharedWindowEnd >> 16 else { throw .failed(.outOfMemory) }
        let m = Mapping(page: start, pageCount: pageCount, ref: object.ref, isWritable: isWritable, origin: p.handles.lookup(handle)?.origin)
        attach(p, m, object, at: index)
        return Int64(start) << 16
    }
    func attach(_ p: GuestProcess, _ m: Mapping, _ object: SharedObject, at index: Int) {
        retain(object.ref)
        p.mappings.insert(m, at: index)
        object.mappings.append((p.ref, m.page))
        mapPresentPages(p, m, object)
    }
    func callSharedUnmap(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a0 & 0xffff == 0, let i = p.mappings.firstIndex(where: { Int64($0.page) << 16 == a.a0 }) else { throw .failed(.invalidArgument) }
        unmapShared(p, at: i)
        return 0
    }

    /// Pages that lie wholly in the range are given back. In anonymous shared memory that is mapped writable, they are
    /// given back for everybody.
    func callPageRelease(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a0 >= 0, a.a1 >= 0, a.a0 <= 0x1_0000_0000, a.a1 <= 0x1_0000_0000 - a.a0 else { throw .failed(.badAddress) }
        let first = UInt32((a.a0 + 0xffff) >> 16), end = max(first, UInt32((a.a0 + a.a1) >> 16)), windowStart = Limits.sharedWindowStart >> 16
        var given: Int64 = 0
        charge(costs.perItem * UInt64(end - first))
        for page in min(first, windowStart)..<min(end, windowStart) where p.space.pageTable[page].state != .absent {
            if p.space.pageTable[page].state != .zero { given += 1 }
            memory.releasePage(p.space, page, unmap: true)
        }
        for m in p.mappings where m.isWritable && m.page < end {
            for page in max(first, m.page)..<max(first, min(end, m.page + m.pageCount)) where releaseSharedPage(m, page) { given += 1 }
        }
        return given
    }
    private func releaseSharedPage(_ m: Mapping, _ page: UInt32) -> Bool {
        guard let object = objects[m.ref] as? SharedObject, object.backing == .anonymous else { return false }
        let index = Int(page - m.page)
        guard index < object.frames.count, object.frames[index] != noFrame else { return false }
        let frame = object.frames[index]
        object.frames[index] = noFrame
        charge(costs.perItem * UInt64(object.mappings.count))
        for user in object.mappings {
            guard let q = objects[user.process] as? GuestProcess else { continue }
            let its = user.page + UInt32(index)
            if q.space.pageTable[its].state == .shared {
                q.space.pageTable[its] = PageEntry()
                hal.unmap(task: q.task, page: its)
            }
        }
        memory.frames.release(frame)
        chargeSharedFrame(object, -1)
        return true
    }
    func callMemoryInfo(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        charge(costs.perItem * UInt64(hal.frameCount))
        try emit(p, a.a0) { memoryRecord.emit(&$0) }
        return 0
    }
}
