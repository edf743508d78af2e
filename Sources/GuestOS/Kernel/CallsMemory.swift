// System calls on memory: shared memory, the boot archive, giving pages back, the memory record.

import ABI

extension Kernel {
    func callSharedCreate(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a0 > 0, a.a0 <= Int64(KernelLimits.sharedPageCountMax * Limits.pageByteCount) else { throw .failed(.invalidArgument) }
        let pageCount = (Int(a.a0) + Limits.pageByteCount - 1) / Limits.pageByteCount
        guard pageCount <= frames.frameCount else { throw .failed(.outOfMemory) }
        let object = SharedObject(byteCount: Int(a.a0), backing: .anonymous, frames: [UInt32](repeating: noFrame, count: pageCount))
        return Int64(try newHandle(p, object, [.read, .write, .map, .duplicate, .transfer]))
    }
    func callArchiveOpen(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 > 0, a.a1 <= 255 else { throw .failed(.invalidArgument) }
        let name = try copyIn(p, a.a0, Int(a.a1))
        guard let file = archive.first(where: { $0.name == name }) else { throw .failed(.notFound) }
        guard p.handles.hasRoom else { throw .failed(.limitReached) }
        return Int64(handle(p, file.ref, [.read, .map, .duplicate, .transfer]))
    }
    func callSharedMap(_ p: GuestProcess, _ a: SystemCallArguments, _ object: SharedObject) throws(CallStop) -> Int64 {
        let isWritable = a.a1 != 0
        if isWritable { _ = try self.object(p, a.a0, .sharedMemory, [.map, .write]) }
        return try mapShared(p, object, isWritable: isWritable, through: a.a0)
    }
    /// Maps at the lowest gap of the window; the address.
    func mapShared(_ p: GuestProcess, _ object: SharedObject, isWritable: Bool, through handle: Int64) throws(CallStop) -> Int64 {
        let pageCount = UInt32(max(object.frames.count, 1))
        var start = Limits.sharedWindowStart >> 16
        var index = 0
        while index < p.mappings.count, p.mappings[index].page < start + pageCount {
            start = p.mappings[index].page + p.mappings[index].pageCount
            index += 1
        }
        guard start + pageCount <= Limits.sharedWindowEnd >> 16 else { throw .failed(.outOfMemory) }
        let m = Mapping(page: start, pageCount: pageCount, ref: object.ref, isWritable: isWritable, origin: p.handles.lookup(handle)?.origin)
        retain(object.ref)
        p.mappings.insert(m, at: index)
        object.mappings.append((p.ref, start))
        mapPresentPages(p, m, object)
        return Int64(start) << 16
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
        let used = max(hal.memoryPages(task: p.task), p.mappings.last.map { $0.page + $0.pageCount } ?? 0)
        let first = UInt32((a.a0 + 0xffff) >> 16), end = min(UInt32((a.a0 + a.a1) >> 16), used)
        var given: Int64 = 0
        charge(costs.pageRelease * UInt64(end > first ? end - first : 0))
        var page = first
        charge(costs.perItem * UInt64(end > first ? end - first : 0))
        while page < end {
            if let m = p.mapping(containing: page) {
                if m.isWritable, releaseSharedPage(m, page) { given += 1 }
            } else if p.pageTable[page].state != .absent {
                if p.pageTable[page].state != .zero { given += 1 }
                releasePage(p, page, unmap: true)
            }
            page += 1
        }
        return given
    }
    private func releaseSharedPage(_ m: Mapping, _ page: UInt32) -> Bool {
        guard let object = objects[m.ref] as? SharedObject, object.backing == .anonymous else { return false }
        let index = Int(page - m.page)
        guard index < object.frames.count, object.frames[index] != noFrame else { return false }
        let frame = object.frames[index]
        object.frames[index] = noFrame
        for user in object.mappings {
            guard let q = objects[user.process] as? GuestProcess else { continue }
            let its = user.page + UInt32(index)
            if q.pageTable[its].state == .shared {
                q.pageTable[its] = PageEntry()
                hal.unmap(task: q.task, page: its)
            }
        }
        frames.release(frame)
        chargeSharedFrame(object, -1)
        return true
    }
    func callMemoryInfo(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        var w = ByteWriter()
        memoryRecord.emit(&w)
        try copyOut(p, w.bytes, a.a0)
        return 0
    }
}
