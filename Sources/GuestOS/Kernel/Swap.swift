// Swap on the block device: one slot of 64 KiB a page. Transfers are asynchronous; while one is in flight its request
// owns the frame, so a process may end or touch the page meanwhile without the device writing into foreign memory.

import ABI
import Compression
import Drivers
import Policies

struct SwapRequest {
    enum Fate: UInt8 { case wanted, cancelled, orphaned }
    var isWrite: Bool
    var process: ObjectRef, page: UInt32
    var frame: UInt32, slot: UInt32
    var fate = Fate.wanted
}

/// Slots and requests. Invariant: a set bit belongs to one page entry or one request.
struct SwapSpace {
    var slots = SwapSlots()
    private var requests: [SwapRequest?] = []
    private var freeRequests: [UInt32] = []
    var pending: [UInt32] = []              // not yet given to the device
    var waiterCount = 0
    var waitStartNanoseconds: UInt64 = 0

    var requestCount: Int { requests.count - freeRequests.count }
    mutating func add(_ r: SwapRequest) -> UInt32 {
        if let i = freeRequests.popLast() {
            requests[Int(i)] = r
            return i
        }
        requests.append(r)
        return UInt32(requests.count - 1)
    }
    subscript(_ i: UInt32) -> SwapRequest? {
        get { Int(i) < requests.count ? requests[Int(i)] : nil }
        set { requests[Int(i)] = newValue }
    }
    mutating func remove(_ i: UInt32) {
        requests[Int(i)] = nil
        freeRequests.append(i)
    }
}

extension Kernel {
    /// Starts writing a page of a sleeping process out. Without a device, a slot or room it simply stays.
    func startSwapOut(_ p: GuestProcess, _ page: UInt32, _ frame: UInt32) {
        guard devices.block != nil, swap.requestCount < KernelLimits.swapRequestCountMax, let slot = swap.slots.take() else { return }
        let id = swap.add(SwapRequest(isWrite: true, process: p.ref, page: page, frame: frame, slot: slot))
        p.pageTable[page] = PageEntry(state: .swappingOut, isWritable: false, value: id)
        p.record.pagesResident -= 1
        p.record.pagesSwapped += 1
        frames.changeOwner(frame, .swap)
        hal.unmap(task: p.task, page: page)
        submitSwap(id)
    }
    /// The page is touched while it is written out: it stays after all.
    func cancelSwapOut(_ p: GuestProcess, _ page: UInt32) {
        let id = p.pageTable[page].value
        guard let r = swap[id] else { kernelPanic("page refers to no swap request") }
        // The device still reads the frame; that is harmless, and the slot is freed at completion.
        frames.changeOwner(r.frame, .process)
        swap[id]?.fate = .cancelled
        p.record.pagesSwapped -= 1
        install(p, page, r.frame)
    }
    func startSwapIn(_ p: GuestProcess, _ page: UInt32, _ entry: PageEntry) -> Resolution {
        guard let frame = allocateFrame(for: p, .swap, near: nil) else { return .outOfMemory }
        let id = swap.add(SwapRequest(isWrite: false, process: p.ref, page: page, frame: frame, slot: entry.value))
        p.pageTable[page] = PageEntry(state: .swappingIn, isWritable: false, value: id)
        submitSwap(id)
        waitForPage(p)
        return .wait
    }
    func waitForPage(_ p: GuestProcess) {
        p.state = .blocked
        p.isWaitingForPage = true
        if swap.waiterCount == 0 { swap.waitStartNanoseconds = hal.nowNanoseconds }
        swap.waiterCount += 1
    }
    func leavePageWait(_ p: GuestProcess) {
        guard p.isWaitingForPage else { return }
        p.isWaitingForPage = false
        swap.waiterCount -= 1
        if swap.waiterCount > 0 { return }
        pressure.addStall(hal.nowNanoseconds - swap.waitStartNanoseconds, isFull: queues.allSatisfy { $0.isEmpty })
    }
    /// The page's owner is gone.
    func orphanSwapRequest(_ id: UInt32) { swap[id]?.fate = .orphaned }

    private func submitSwap(_ id: UInt32) {
        swap.pending.append(id)
        pumpSwap()
    }
    private func pumpSwap() {
        guard let block = devices.block else { return }
        while block.hasRoom, let id = swap.pending.first, let r = swap[id] {
            let sector = UInt64(r.slot) * UInt64(Limits.pageByteCount / BlockDriver.sectorByteCount)
            guard block.submit(isWrite: r.isWrite, sector: sector, physical: hal.physicalAddress(ofFrame: r.frame), byteCount: Limits.pageByteCount, token: id) else { return }
            swap.pending.removeFirst()
            mustLeaveSlice = true
        }
    }
    func swapInterrupt() {
        guard let block = devices.block else { return }
        for (token, isOK) in block.handleInterrupt() {
            guard let r = swap[token] else { continue }
            swap.remove(token)
            if !isOK { counters.swapErrors += 1 }
            if r.isWrite { finishSwapOut(r, isOK) } else { finishSwapIn(r, isOK) }
        }
        pumpSwap()
    }
    private func finishSwapOut(_ r: SwapRequest, _ isOK: Bool) {
        counters.swapOuts += 1
        switch r.fate {
        case .cancelled: swap.slots.free(r.slot)
        case .orphaned:
            swap.slots.free(r.slot)
            frames.release(r.frame)
        case .wanted:
            guard let p = objects[r.process] as? GuestProcess else { kernelPanic("swap request of a process that is gone") }
            if isOK {
                p.pageTable[r.page] = PageEntry(state: .swapped, isWritable: false, value: r.slot)
                frames.release(r.frame)
                return
            }
            swap.slots.free(r.slot)
            frames.changeOwner(r.frame, .process)
            p.record.pagesSwapped -= 1
            install(p, r.page, r.frame)
        }
    }
    private func finishSwapIn(_ r: SwapRequest, _ isOK: Bool) {
        counters.swapIns += 1
        swap.slots.free(r.slot)
        guard r.fate == .wanted, let p = objects[r.process] as? GuestProcess else {
            frames.release(r.frame)
            return
        }
        frames.changeOwner(r.frame, .process)
        p.record.pagesSwapped -= 1
        install(p, r.page, r.frame)
        leavePageWait(p)
        p.state = .ready
        enqueue(p)
        if !isOK { endProcess(p, .badAccess, code: Int32(bitPattern: r.page)) }
    }
}
