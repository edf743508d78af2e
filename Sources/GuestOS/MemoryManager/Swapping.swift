// Pages on their way to swap and back. A compressed page is decompressed into a frame of its own and written whole, as
// Linux's zswap does: every page can then be read by itself, and a slot is a page. It costs more writes than packed
// slots would, which is what `swapWrittenPages` shows.

import ABI
import Compression

/// What a finished transfer means for a process.
public enum SwapCompletion: Sendable {
    case nothing
    case arrived(space: UInt32, page: UInt32)
    /// The page cannot be read back: its process cannot go on.
    case lost(space: UInt32, page: UInt32)
}

extension MemoryManager {
    /// Starts writing a resident private page out. False without a device, a slot or room: it stays.
    func startSwapOut(_ s: AddressSpace, _ page: UInt32) -> Bool {
        guard swap.canWrite, let slot = swap.slots.take() else { return false }
        let frame = s.pageTable[page].value
        frames.changeOwner(frame, .swap)
        s.counts.resident -= 1
        hardware.unmap(task: s.task, page: page)
        submitWrite(s, page, frame: frame, slot: slot, isUnpacked: false)
        return true
    }
    /// The same for a page that lies in the pool.
    func startSwapOutOfCompressed(_ s: AddressSpace, _ page: UInt32) -> Bool {
        guard swap.canWrite, swap.unpackedCount < MemoryLimits.unpackedRequestCountMax, let frame = frames.allocate(.swap) else { return false }
        guard let slot = swap.slots.take() else { memoryPanic("a free swap slot is gone") }
        unpackForSwap(s, page, into: frame)
        submitWrite(s, page, frame: frame, slot: slot, isUnpacked: true)
        return true
    }
    private func submitWrite(_ s: AddressSpace, _ page: UInt32, frame: UInt32, slot: UInt32, isUnpacked: Bool) {
        var request = SwapRequest(isWrite: true, space: s.id, page: page, frame: frame, slot: slot)
        request.isUnpacked = isUnpacked
        request.evictedAt = isUnpacked ? s.pageTable[page].evictedAt : countEviction()
        s.pageTable[page] = PageEntry(state: .swappingOut, isWritable: false, value: swap.submit(request))
        s.counts.swapped += 1
    }
    /// The page is touched while it is written out: it stays after all.
    func cancelSwapOut(_ s: AddressSpace, _ page: UInt32) {
        let id = s.pageTable[page].value
        guard let r = swap[id] else { memoryPanic("page refers to no swap request") }
        // The device still reads the frame; that is harmless, and the slot is freed at completion.
        frames.changeOwner(r.frame, .process)
        swap.setFate(id, .cancelled)
        s.counts.swapped -= 1
        broughtBack(s, page, r.evictedAt)
        install(s, page, r.frame)
    }
    func startSwapIn(_ s: AddressSpace, _ page: UInt32, into frame: UInt32, isPrefetch: Bool) {
        let entry = s.pageTable[page]
        var request = SwapRequest(isWrite: false, space: s.id, page: page, frame: frame, slot: entry.value)
        request.isPrefetch = isPrefetch
        request.evictedAt = entry.evictedAt
        s.pageTable[page] = PageEntry(state: .swappingIn, isWritable: false, value: swap.submit(request))
    }
    /// Pages that will probably be wanted after `page`: the next ones of the recorded working set, else the next ones by
    /// number. They take only memory that is plentiful.
    func readAhead(_ s: AddressSpace, after page: UInt32) {
        var wanted: [UInt32] = []
        if let at = s.workingSet.pages.firstIndex(of: page) {
            for next in s.workingSet.pages[(at + 1)...].prefix(4 * MemoryLimits.readAheadPageCount) where s.pageTable[next].state == .swapped { wanted.append(next) }
        } else {
            for next in (page + 1)...(page + UInt32(MemoryLimits.readAheadPageCount)) where s.pageTable[next].state == .swapped { wanted.append(next) }
        }
        for next in wanted.prefix(MemoryLimits.readAheadPageCount) {
            guard frames.freeCount > 4 * MemoryLimits.reserveFrameCount, swap.requestCount < MemoryLimits.swapRequestCountMax, let frame = frames.allocate(.swap) else { return }
            startSwapIn(s, next, into: frame, isPrefetch: true)
        }
    }

    /// Gives pending requests to the device while `give` says that it took one.
    public func pumpSwap(_ give: (UInt32, SwapRequest) -> Bool) { swap.pump(give) }

    // MARK: Completion

    /// The device has finished a transfer.
    public func finishSwap(_ id: UInt32, isOK: Bool) -> SwapCompletion {
        guard let r = swap.remove(id) else { return .nothing }
        if !isOK { counters.swapErrors += 1 }
        if !r.isWrite { return finishRead(r, isOK) }
        finishWrite(r, isOK)
        return .nothing
    }
    private func finishWrite(_ r: SwapRequest, _ isOK: Bool) {
        counters.swapOuts += 1
        if isOK { counters.swapWrittenPages += 1 }
        if isOK, r.fate == .wanted {
            guard let s = space(r.space) else { memoryPanic("swap request of a process that is gone") }
            var entry = PageEntry(state: .swapped, isWritable: false, value: r.slot)
            entry.evictedAt = r.evictedAt
            s.pageTable[r.page] = entry
            frames.release(r.frame)
            return
        }
        if isOK { swap.slots.free(r.slot) } else { swap.slots.retire(r.slot) }
        switch r.fate {
        case .cancelled: break
        case .orphaned: frames.release(r.frame)
        case .wanted:
            guard let s = space(r.space) else { memoryPanic("swap request of a process that is gone") }
            frames.changeOwner(r.frame, .process)
            s.counts.swapped -= 1
            install(s, r.page, r.frame)
        }
    }
    private func finishRead(_ r: SwapRequest, _ isOK: Bool) -> SwapCompletion {
        counters.swapIns += 1
        if isOK { swap.slots.free(r.slot) } else { swap.slots.retire(r.slot) }
        guard r.fate == .wanted, let s = space(r.space) else {
            frames.release(r.frame)
            return .nothing
        }
        frames.changeOwner(r.frame, .process)
        s.counts.swapped -= 1
        if r.isPrefetch {
            installUnasked(s, r.page, r.frame)
        } else {
            broughtBack(s, r.page, r.evictedAt)
            install(s, r.page, r.frame)
        }
        return isOK ? .arrived(space: r.space, page: r.page) : .lost(space: r.space, page: r.page)
    }
}
