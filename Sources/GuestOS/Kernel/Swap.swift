// The swap device between the memory manager's requests and the processes that wait for pages.

import ABI
import Drivers
import MemoryManager
import Policies

extension Kernel {
    /// Awaited by a process that needs a frame, whichever transfer gives it.
    static let anyPage: UInt32 = .max

    func waitForPage(_ p: GuestProcess, _ page: UInt32) {
        p.state = .blocked
        p.awaitedPage = page
        memory.pressure.beginWait(now: hal.nowNanoseconds)
        pumpSwap()
    }
    func leavePageWait(_ p: GuestProcess) {
        guard p.awaitedPage != nil else { return }
        p.awaitedPage = nil
        memory.pressure.endWait(now: hal.nowNanoseconds, isFull: isNobodyRunnable)
    }
    var isNobodyRunnable: Bool { queues.allSatisfy { $0.isEmpty } }

    /// Gives the device what it has room for.
    func pumpSwap() {
        guard let block = devices.block, !memory.swap.pending.isEmpty else { return }
        memory.pumpSwap { id, r in
            let sector = UInt64(r.slot) * UInt64(Limits.pageByteCount / BlockDriver.sectorByteCount)
            guard block.hasRoom, block.submit(isWrite: r.isWrite, sector: sector, physical: hal.physicalAddress(ofFrame: r.frame), byteCount: Limits.pageByteCount, token: id)
            else { return false }
            mustLeaveSlice = true
            return true
        }
    }
    func swapInterrupt() {
        for (token, isOK) in devices.block?.handleInterrupt() ?? [] {
            switch memory.finishSwap(token, isOK: isOK) {
            case .nothing: break
            case .arrived(let space, let page):
                if let p = process(pid: space), p.awaitedPage == page { endPageWait(p) }
            case .lost(let space, let page): if let p = process(pid: space) { losePage(p, page) }
            }
        }
        for p in processes where p.awaitedPage == Kernel.anyPage { endPageWait(p) }
        pumpSwap()
    }
    private func endPageWait(_ p: GuestProcess) {
        leavePageWait(p)
        p.state = .ready
        enqueue(p)
    }
    /// A page that is gone takes its program along, and nothing else: a tab is discarded, the browser keeps its address.
    private func losePage(_ p: GuestProcess, _ page: UInt32) {
        if p.tab.isTab {
            counters.discards += 1
            noteApplied(MemoryDecision(.discard, pid: p.pid, .swapFailed), p)
        }
        endProcess(p, .swapFailed, code: Int32(bitPattern: page))
    }
}
