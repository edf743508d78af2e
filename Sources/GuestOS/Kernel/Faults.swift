// Pages come into being here: demand-zero, copy-on-write, decompression, swap-in, shared frames. One routine serves the
// processor's faults and the kernel's own access to user memory.

import ABI
import Policies
import Compression

enum Resolution { case ready, wait, bad, outOfMemory }

extension Kernel {
    /// Makes `page` usable for the access. `.wait`: the process is blocked until swap-in is done.
    func resolve(_ p: GuestProcess, _ page: UInt32, write: Bool) -> Resolution {
        let windowStart = Limits.sharedWindowStart >> 16, windowEnd = Limits.sharedWindowEnd >> 16
        if page >= windowStart, page < windowEnd, let m = p.mapping(containing: page) { return resolveShared(p, page, m, write) }
        guard page < hal.memoryPages(task: p.task), page < windowStart else { return .bad }
        let entry = p.pageTable[page]
        switch entry.state {
        case .absent, .zero: return write ? freshPage(p, page, fill: 0, wasFilled: false) : mapZero(p, page)
        case .filled: return freshPage(p, page, fill: entry.value, wasFilled: true)
        case .resident: return resolveResident(p, page, entry, write)
        case .compressed: return decompress(p, page, entry)
        case .swapped: return startSwapIn(p, page, entry)
        case .swappingIn:
            waitForPage(p)
            return .wait
        case .swappingOut:
            cancelSwapOut(p, page)
            return .ready
        case .shared: return .bad
        }
    }
    private func mapZero(_ p: GuestProcess, _ page: UInt32) -> Resolution {
        p.pageTable[page] = PageEntry(state: .zero, isWritable: false, value: zeroFrame)
        return remap(p, page)
    }
    private func freshPage(_ p: GuestProcess, _ page: UInt32, fill: UInt32, wasFilled: Bool) -> Resolution {
        guard let frame = allocateFrame(for: p, .process, near: page) else { return .outOfMemory }
        hal.frameAddress(frame).initializeMemory(as: UInt32.self, repeating: fill, count: Limits.pageByteCount / 4)
        if wasFilled { p.record.pagesFilled -= 1 }
        install(p, page, frame)
        charge(costs.pageZero + costs.pageMap)
        return .ready
    }
    private func resolveResident(_ p: GuestProcess, _ page: UInt32, _ entry: PageEntry, _ write: Bool) -> Resolution {
        if !write || entry.isWritable { return remap(p, page) }
        if frames.counts[Int(entry.value)] > 1 {
            guard let copy = allocateFrame(for: p, .process, near: page) else { return .outOfMemory }
            hal.frameAddress(copy).copyMemory(from: hal.frameAddress(entry.value), byteCount: Limits.pageByteCount)
            frames.release(entry.value)
            p.record.pagesResident -= 1
            install(p, page, copy)
            charge(costs.pageCopy + costs.pageMap)
            return .ready
        }
        p.pageTable[page].isWritable = true
        return remap(p, page)
    }
    private func remap(_ p: GuestProcess, _ page: UInt32) -> Resolution {
        let entry = p.pageTable[page]
        hal.map(task: p.task, page: page, frame: entry.value, writable: entry.isWritable)
        charge(costs.pageMap)
        return .ready
    }
    /// A private frame becomes the page's, writable.
    func install(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32) {
        p.pageTable[page] = PageEntry(state: .resident, isWritable: true, value: frame)
        p.record.pagesResident += 1
        hal.map(task: p.task, page: page, frame: frame, writable: true)
    }
    private func decompress(_ p: GuestProcess, _ page: UInt32, _ entry: PageEntry) -> Resolution {
        guard let frame = allocateFrame(for: p, .process, near: page) else { return .outOfMemory }
        pool.load(entry.value, into: hal.frameAddress(frame)) { hal.frameAddress($0) }
        if let emptied = pool.remove(entry.value) { frames.release(emptied) }
        p.record.pagesCompressed -= 1
        install(p, page, frame)
        counters.decompressions += 1
        counters.compressionNanoseconds += costs.decompressPage
        stall(costs.decompressPage)
        return .ready
    }

    // MARK: Shared memory

    private func resolveShared(_ p: GuestProcess, _ page: UInt32, _ m: Mapping, _ write: Bool) -> Resolution {
        guard !write || m.isWritable, let object = objects[m.ref] as? SharedObject else { return .bad }
        let index = Int(page - m.page)
        guard index < object.frames.count else { return .bad }      // an empty file has no page
        var frame = object.frames[index]
        if frame == noFrame {
            guard let fresh = allocateFrame(for: p, .shared, near: nil) else { return .outOfMemory }
            clear(fresh)
            charge(costs.pageZero)
            object.frames[index] = fresh
            chargeSharedFrame(object, 1)
            frame = fresh
        }
        mapShared(p, page, frame, m.isWritable)
        return .ready
    }
    func mapShared(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32, _ writable: Bool) {
        p.pageTable[page] = PageEntry(state: .shared, isWritable: writable, value: frame)
        _ = remap(p, page)
    }
    /// Frames that exist are mapped at once; the rest on touch.
    func mapPresentPages(_ p: GuestProcess, _ m: Mapping, _ object: SharedObject) {
        for (i, frame) in object.frames.enumerated() where frame != noFrame { mapShared(p, m.page + UInt32(i), frame, m.isWritable) }
    }
    /// Takes the mapping that starts at `page` away.
    func unmapShared(_ p: GuestProcess, at index: Int) {
        let m = p.mappings.remove(at: index)
        charge(costs.perItem * UInt64(m.pageCount))
        for page in m.page..<(m.page + m.pageCount) where p.pageTable[page].state == .shared {
            p.pageTable[page] = PageEntry()
            hal.unmap(task: p.task, page: page)
        }
        if let object = objects[m.ref] as? SharedObject {
            if let i = object.mappings.firstIndex(where: { $0.process == p.ref && $0.page == m.page }) { object.mappings.remove(at: i) }
        }
        release(m.ref)
    }

    // MARK: Giving back

    /// Gives one private page back; it reads as zero afterwards.
    func releasePage(_ p: GuestProcess, _ page: UInt32, unmap: Bool) {
        let entry = p.pageTable[page]
        switch entry.state {
        case .absent, .shared: return
        case .zero: break
        case .resident:
            frames.release(entry.value)
            p.record.pagesResident -= 1
        case .filled: p.record.pagesFilled -= 1
        case .compressed:
            if let emptied = pool.remove(entry.value) { frames.release(emptied) }
            p.record.pagesCompressed -= 1
        case .swapped:
            swap.slots.free(entry.value)
            p.record.pagesSwapped -= 1
        case .swappingIn, .swappingOut:
            orphanSwapRequest(entry.value)
            p.record.pagesSwapped -= 1
        }
        p.pageTable[page] = PageEntry()
        if unmap { hal.unmap(task: p.task, page: page) }
    }
    func releaseMemory(_ p: GuestProcess) {
        while !p.mappings.isEmpty { unmapShared(p, at: p.mappings.count - 1) }
        for page in p.pageTable.pages({ $0 != .absent }) { releasePage(p, page, unmap: false) }
        invariant(p.record.pagesResident == 0 && p.record.pagesCompressed == 0 && p.record.pagesSwapped == 0 && p.record.pagesFilled == 0, "page counts do not add up")
    }
}
