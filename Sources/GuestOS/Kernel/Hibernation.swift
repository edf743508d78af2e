// Whole-tab sleep. Frozen: no processor, events wait. Hibernated: frozen and every private page compressed, filled or on
// its way to swap, native stack parked. Discarded: killed; the browser keeps the address. Only quiescent processes sleep.

import ABI
import Compression
import Policies

extension Kernel {
    func freeze(_ p: GuestProcess) {
        guard p.isAlive, !p.isFrozen else { return }
        dequeue(p)
        p.isFrozen = true
        p.lifecycle = .frozen
        counters.freezes += 1
    }
    /// The tab gets the processor again; its pages come back one by one as it touches them.
    func thaw(_ p: GuestProcess) {
        p.hibernateWhenQuiescent = false
        guard p.isFrozen else { return }
        p.isFrozen = false
        p.lifecycle = .hidden
        counters.thaws += 1
        wake(p)
        enqueue(p)
    }
    /// Freezes, and lines the pages up for compression. False when the process cannot sleep now.
    func hibernateNow(_ p: GuestProcess) -> Bool {
        p.hibernateWhenQuiescent = false
        guard p.isAlive, p.isQuiescent else { return false }
        freeze(p)
        if p.lifecycle != .hibernated {
            p.lifecycle = .hibernated
            counters.hibernations += 1
        }
        sleepers.removeAll { $0 == p.ref }
        sleepers.append(p.ref)
        p.compressionCursor = 0
        return true
    }
    /// Compresses one page of the tab that has waited longest; false when there is nothing left to do. This is background
    /// work: in idle time, after a slice while memory is low, and in direct reclaim.
    func compressOnePage() -> Bool {
        while let ref = sleepers.first {
            guard let p = objects[ref] as? GuestProcess, p.isAlive, p.lifecycle == .hibernated else {
                sleepers.removeFirst()
                continue
            }
            if let page = p.pageTable.next(.resident, from: p.compressionCursor) {
                p.compressionCursor = page + 1
                let frame = p.pageTable[page].value
                if frames.counts[Int(frame)] > 1 { continue }
                compress(p, page, frame)
                return true
            }
            for page in p.pageTable.pages({ $0 == .zero }) {
                p.pageTable[page] = PageEntry()
                hal.unmap(task: p.task, page: page)
            }
            hal.parkTask(p.task)
            sleepers.removeFirst()
        }
        return false
    }
    /// A private page: to one word, into the pool, to swap, or it stays.
    private func compress(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32) {
        switch pool.classify(hal.frameAddress(frame)) {
        case .filled(let word):
            p.pageTable[page] = PageEntry(state: word == 0 ? .absent : .filled, isWritable: false, value: word)
            if word != 0 { p.record.pagesFilled += 1 }
            charge(costs.pageZero)
            giveUp(p, page, frame)
        case .compressible(let byteCount):
            chargeCompression()
            guard let slot = store(byteCount) else { return }
            p.pageTable[page] = PageEntry(state: .compressed, isWritable: false, value: slot)
            p.record.pagesCompressed += 1
            counters.compressions += 1
            giveUp(p, page, frame)
        case .incompressible:
            chargeCompression()
            startSwapOut(p, page, frame)
        }
    }
    private func chargeCompression() {
        charge(costs.compressPage)
        counters.compressionNanoseconds += costs.compressPage
    }
    private func store(_ byteCount: Int) -> UInt32? {
        pool.store(byteCount: byteCount, address: { hal.frameAddress($0) }, newFrame: { frames.allocate(.pool) })
    }
    private func giveUp(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32) {
        p.record.pagesResident -= 1
        hal.unmap(task: p.task, page: page)
        frames.release(frame)
    }
    /// Decompresses everything of a process that is about to be cloned. False when pages are in swap or memory is short.
    func bringBackForClone(_ p: GuestProcess) -> Bool {
        if p.record.pagesSwapped > 0 { return false }
        for page in p.pageTable.pages({ $0 == .compressed }) where resolve(p, page, write: false) != .ready { return false }
        return !p.isFrozen                                  // reclaim may have put it to sleep meanwhile
    }

    // MARK: Decisions

    /// Checks the preconditions of a decision, carries it out, and logs it either way.
    @discardableResult
    func apply(_ d: MemoryDecision, policy: StaticString) -> Bool {
        guard let p = process(pid: d.pid), p.isAlive, p.isTab else {
            counters.refusedDecisions += 1
            note(d, tabID: 0, policy: policy, applied: false)
            return false
        }
        let isApplied = carryOut(d.action, p)
        if !isApplied { counters.refusedDecisions += 1 }
        note(d, tabID: p.record.tabID, policy: policy, applied: isApplied)
        return isApplied
    }
    private func carryOut(_ action: MemoryAction, _ p: GuestProcess) -> Bool {
        if action != .thaw, p.lifecycle == .active { return false }
        switch action {
        case .freeze:
            if p.isFrozen { return false }
            freeze(p)
        case .hibernate:
            if p.lifecycle == .hibernated { return false }
            if !hibernateNow(p) {
                // Busy: it falls asleep at the end of its current event.
                if p.isFrozen || p.hibernateWhenQuiescent { return false }
                p.hibernateWhenQuiescent = true
            }
        case .discard:
            if p.tabFlags.contains(.unsavedForm) || isServed(p) { return false }
            counters.discards += 1
            endProcess(p, .discarded, code: 0)
        case .thaw: thaw(p)
        case .swapOut, .compressCold, .swapCold, .prefetch: return false
        }
        return true
    }
}
