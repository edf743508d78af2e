// Memory and page tables of tasks without a machine: what is mapped is remembered, what is charged is added up.

import ABI
@testable import MemoryManager

final class FakeHardware: MemoryHardware {
    struct Key: Hashable { var task: Int32, page: UInt32 }
    let ram: UnsafeMutableRawPointer
    let frameCount: Int
    var nowNanoseconds: UInt64 = 0
    private(set) var mappings: [Key: (frame: UInt32, writable: Bool)] = [:]
    private(set) var parked: [Int32] = []

    init(frames: Int) {
        frameCount = frames
        ram = .allocate(byteCount: frames * 65536, alignment: 65536)
        ram.initializeMemory(as: UInt8.self, repeating: 0xa5, count: frames * 65536)
    }
    deinit { ram.deallocate() }
    func charge(nanoseconds: UInt64) { nowNanoseconds += nanoseconds }
    func frameAddress(_ frame: UInt32) -> UnsafeMutableRawPointer { ram + Int(frame) * 65536 }
    func map(task: Int32, page: UInt32, frame: UInt32, writable: Bool) { mappings[Key(task: task, page: page)] = (frame, writable) }
    func unmap(task: Int32, page: UInt32) { mappings[Key(task: task, page: page)] = nil }
    func parkTask(_ task: Int32) { parked.append(task) }

    /// What the processor does: an access that is not mapped as needed faults until it is. Nil: it cannot be.
    func access(_ m: MemoryManager, _ s: AddressSpace, _ page: UInt32, write: Bool) -> UnsafeMutableRawPointer? {
        for _ in 0..<3 {
            if let at = mappings[Key(task: s.task, page: page)], !write || at.writable { return frameAddress(at.frame) }
            let r = m.resolve(s, page, write: write) { m.hasSpareFrames ? m.frames.allocate($0, preferred: m.preferredFrame(s, page)) : nil }
            if r != .ready { return nil }
        }
        return nil
    }
}

/// A memory manager with one address space to play with.
struct Laboratory {
    let hardware: FakeHardware
    let memory: MemoryManager
    let space: AddressSpace

    init(frames: Int = 128, swapSlots: Int = 0) {
        hardware = FakeHardware(frames: frames)
        memory = MemoryManager(hardware: hardware, costs: MemoryCosts(pageZero: 4000, pageCopy: 8000, pageMap: 100, compressPage: 160_000, decompressPage: 33_000, perItem: 4), frameCount: frames)
        precondition(memory.boot())
        if swapSlots > 0 { memory.openSwap(slotCount: swapSlots) }
        space = AddressSpace(id: 7, task: 3)
        memory.insert(space)
    }
    enum Content { case text, noise, word(UInt64) }
    func fill(_ page: UInt32, _ content: Content) {
        guard let base = hardware.access(memory, space, page, write: true) else { return }
        for i in 0..<8192 { base.storeBytes(of: Laboratory.value(page, i, content), toByteOffset: i * 8, as: UInt64.self) }
    }
    func holds(_ page: UInt32, _ content: Content) -> Bool {
        guard let base = hardware.access(memory, space, page, write: false) else { return false }
        return (0..<8192).allSatisfy { base.load(fromByteOffset: $0 * 8, as: UInt64.self) == Laboratory.value(page, $0, content) }
    }
    static func value(_ page: UInt32, _ i: Int, _ content: Content) -> UInt64 {
        switch content {
        case .text: UInt64(page) << 32 | UInt64(i / 7)
        case .noise: (UInt64(i) &+ UInt64(page) << 20) &* 0x9e37_79b9_7f4a_7c15 ^ (UInt64(i) &* 0xc2b2_ae3d_27d4_eb4f) >> 7 ^ (UInt64(i * i) &* 0x1656_67b1_9e37_79f9)
        case .word(let w): w << 32 | w
        }
    }
    func touch(_ pages: ClosedRange<UInt32>) { for page in pages { _ = hardware.access(memory, space, page, write: false) } }
    /// Runs queued work to its end; the jobs that were over.
    @discardableResult
    func work() -> [ReclaimJob] {
        var over: [ReclaimJob] = []
        while memory.workOnePage(report: { over.append($0) }) {}
        return over
    }
    /// A device that answers every request at once.
    func runSwap(isOK: Bool = true, store: inout [UInt32: [UInt8]]) -> [SwapCompletion] {
        var requests: [(UInt32, SwapRequest)] = []
        memory.pumpSwap { requests.append(($0, $1)); return true }
        return requests.map { id, r in
            let base = hardware.frameAddress(r.frame)
            if r.isWrite { store[r.slot] = [UInt8](UnsafeRawBufferPointer(start: base, count: 65536)) } else { base.copyMemory(from: store[r.slot]!, byteCount: 65536) }
            return memory.finishSwap(id, isOK: isOK)
        }
    }
}
