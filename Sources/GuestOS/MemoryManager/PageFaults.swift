// Private pages come into being here and go: demand-zero, copy-on-write, decompression, swap-in, release. One routine
// serves the processor's faults and the kernel's own access to user memory.

import ABI
import Compression

public enum PageResolution: Sendable {
    case ready
    case wait           // the page comes from swap: whoever needs it waits
    case bad
    case outOfMemory
}

extension MemoryManager {
    /// Makes a private `page` usable for the access. `frame` gives a frame with stale contents, after reclaiming when that
    /// is needed; nil when there is none to be had.
    public func resolve(_ s: AddressSpace, _ page: UInt32, write: Bool, frame: (FrameOwner) -> UInt32?) -> PageResolution {
        let entry = s.pageTable[page]
        switch entry.state {
        case .absent, .zero:
            if write { return freshPage(s, page, fill: 0, frame) }
            s.pageTable[page] = PageEntry(state: .zero, isWritable: false, value: zeroFrame)
            return remap(s, page)
        case .filled: return freshPage(s, page, fill: entry.value, frame)
        case .resident: return resolveResident(s, page, entry, write, frame)
        case .compressed:
            guard let target = frame(.process) else { return .outOfMemory }
            broughtBack(s, page, entry.evictedAt)
            unpack(s, page, into: target)
            stall(costs.decompressPage)
            return .ready
        case .swapped:
            guard let target = frame(.swap) else { return .outOfMemory }
            startSwapIn(s, page, into: target, isPrefetch: false)
            readAhead(s, after: page)
            return .wait
        case .swappingIn: return .wait
        case .swappingOut:
            cancelSwapOut(s, page)
            return .ready
        case .shared: return .bad
        }
    }
    private func freshPage(_ s: AddressSpace, _ page: UInt32, fill word: UInt32, _ frame: (FrameOwner) -> UInt32?) -> PageResolution {
        guard let target = frame(.process) else { return .outOfMemory }
        fill(target, word)
        if s.pageTable[page].state == .filled { s.counts.filled -= 1 }
        install(s, page, target)
        charge(costs.pageZero + costs.pageMap)
        return .ready
    }
    private func resolveResident(_ s: AddressSpace, _ page: UInt32, _ entry: PageEntry, _ write: Bool, _ frame: (FrameOwner) -> UInt32?) -> PageResolution {
        if write, !entry.isWritable, frames.count(entry.value) > 1 {
            guard let copy = frame(.process) else { return .outOfMemory }
            hardware.frameAddress(copy).copyMemory(from: hardware.frameAddress(entry.value), byteCount: Limits.pageByteCount)
            frames.release(entry.value)
            s.counts.resident -= 1
            install(s, page, copy)
            charge(costs.pageCopy + costs.pageMap)
            return .ready
        }
        touch(s, page)
        if write {
            s.pageTable[page].isWritable = true
            s.pageTable[page].marks.remove(.refused)
        }
        return remap(s, page)
    }
    private func remap(_ s: AddressSpace, _ page: UInt32) -> PageResolution {
        let entry = s.pageTable[page]
        hardware.map(task: s.task, page: page, frame: entry.value, writable: entry.isWritable)
        charge(costs.pageMap)
        return .ready
    }
    /// A private frame becomes the page's, writable and young.
    func install(_ s: AddressSpace, _ page: UInt32, _ frame: UInt32) {
        s.pageTable[page] = PageEntry(state: .resident, isWritable: true, value: frame)
        s.counts.resident += 1
        s.workingSet.touch(page, now: hardware.nowNanoseconds)
        hardware.map(task: s.task, page: page, frame: frame, writable: true)
    }
    /// The same for a page that nobody has asked for: it is mapped when it is touched, which tells that it was of use.
    func installUnasked(_ s: AddressSpace, _ page: UInt32, _ frame: UInt32) {
        var entry = PageEntry(state: .resident, isWritable: true, value: frame)
        entry.marks = [.sampled, .prefetched]
        s.pageTable[page] = entry
        s.counts.resident += 1
        counters.prefetches += 1
    }
    /// A compressed page is taken out of the pool, into `target`.
    private func takeOut(_ s: AddressSpace, _ page: UInt32, into target: UInt32) {
        let slot = s.pageTable[page].value
        pool.load(slot, into: hardware.frameAddress(target)) { hardware.frameAddress($0) }
        if let emptied = pool.remove(slot) { frames.release(emptied) }
        s.counts.compressed -= 1
        counters.decompressions += 1
        counters.compressionNanoseconds += costs.decompressPage
    }
    func unpack(_ s: AddressSpace, _ page: UInt32, into target: UInt32) {
        takeOut(s, page, into: target)
        install(s, page, target)
    }
    func unpackUnasked(_ s: AddressSpace, _ page: UInt32, into target: UInt32) {
        takeOut(s, page, into: target)
        installUnasked(s, page, target)
        charge(costs.decompressPage)
    }
    func unpackForSwap(_ s: AddressSpace, _ page: UInt32, into target: UInt32) {
        takeOut(s, page, into: target)
        charge(costs.decompressPage)
    }

    // MARK: Giving back

    /// Gives one private page back; it reads as zero afterwards.
    public func releasePage(_ s: AddressSpace, _ page: UInt32, unmap: Bool) {
        let entry = s.pageTable[page]
        switch entry.state {
        case .absent, .shared: return
        case .zero: break
        case .resident:
            frames.release(entry.value)
            s.counts.resident -= 1
        case .filled: s.counts.filled -= 1
        case .compressed:
            if let emptied = pool.remove(entry.value) { frames.release(emptied) }
            s.counts.compressed -= 1
        case .swapped:
            swap.slots.free(entry.value)
            s.counts.swapped -= 1
        case .swappingIn, .swappingOut:
            swap.setFate(entry.value, .orphaned)
            s.counts.swapped -= 1
        }
        s.pageTable[page] = PageEntry()
        if unmap { hardware.unmap(task: s.task, page: page) }
    }
    /// Gives all private pages back, of a process that ends.
    public func releaseAll(_ s: AddressSpace) {
        for page in s.pageTable.pages({ $0 != .absent && $0 != .shared }) { releasePage(s, page, unmap: false) }
        invariant(s.counts.isEmpty, "page counts do not add up")
    }

    // MARK: Clones

    /// Decompresses everything of a process that is about to be cloned. False when pages are in swap or memory is short.
    public func bringBackForClone(_ s: AddressSpace, frame: (UInt32) -> UInt32?) -> Bool {
        if s.counts.swapped > 0 { return false }
        for page in s.pageTable.pages({ $0 == .compressed }) where s.pageTable[page].state == .compressed {
            guard resolve(s, page, write: false, frame: { _ in frame(page) }) == .ready else { return false }
        }
        return true
    }
    /// `target` gets the private pages of `source`, copy-on-write.
    public func sharePages(from source: AddressSpace, to target: AddressSpace) {
        source.pageTable.updateEach { page, entry in
            guard entry.state == .resident || entry.state == .filled || entry.state == .zero else { return }
            target.pageTable[page] = PageEntry(state: entry.state, isWritable: false, value: entry.value)
            if entry.state == .filled {
                target.counts.filled += 1
                return
            }
            if entry.state == .resident {
                frames.retain(entry.value)
                target.counts.resident += 1
            }
            if entry.isWritable {
                entry.isWritable = false
                if !entry.marks.contains(.sampled) { hardware.map(task: source.task, page: page, frame: entry.value, writable: false) }
            }
            hardware.map(task: target.task, page: page, frame: entry.value, writable: false)
        }
    }

    /// Charges time during which a process waited for memory; the kernel knows whether anybody else could run meanwhile.
    func stall(_ nanoseconds: UInt64) {
        charge(nanoseconds)
        unreportedStall += nanoseconds
    }
}
