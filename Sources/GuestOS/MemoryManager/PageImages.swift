// Pages as bytes: what a sleeping program's memory looks like outside the machine, and the way back. A compressed page
// leaves as it lies in the pool, and lands there again.

import ABI
import Compression

public enum PageImport: Sendable { case done, bad, outOfMemory }

extension MemoryManager {
    /// Numbers of the pages that are not zero, ascending.
    public func imagePages(_ s: AddressSpace) -> [UInt32] { s.pageTable.pages { $0 != .absent && $0 != .zero && $0 != .shared } }

    /// A page's contents, first of all its kind; empty when it is zero. Nil: it is on its way from or to swap, which is made
    /// to end with the page in memory.
    public func exportPage(_ s: AddressSpace, _ page: UInt32) -> [UInt8]? {
        let entry = s.pageTable[page]
        switch entry.state {
        case .absent, .zero, .shared: return []
        case .filled:
            var w = ByteWriter()
            w.u8(PageImageKind.word.rawValue)
            w.u32(entry.value)
            return w.bytes
        case .resident:
            return tagged(.raw, UnsafeRawBufferPointer(start: hardware.frameAddress(entry.value), count: Limits.pageByteCount))
        case .compressed:
            return tagged(.packed, pool.bytes(entry.value) { hardware.frameAddress($0) })
        case .swapped:
            // The reserve is for reclaim; when there is no more than that the caller goes on asking in vain, and gives up.
            guard hasSpareFrames, swap.requestCount < MemoryLimits.swapRequestCountMax, let frame = frames.allocate(.swap) else { return nil }
            startSwapIn(s, page, into: frame, isPrefetch: true)
            return nil
        case .swappingIn: return nil
        case .swappingOut:
            cancelSwapOut(s, page)
            return exportPage(s, page)
        }
    }
    private func tagged(_ kind: PageImageKind, _ contents: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: contents.count + 1) { target, count in
            target[0] = kind.rawValue
            if let from = contents.baseAddress, let to = target.baseAddress { UnsafeMutableRawPointer(to + 1).copyMemory(from: from, byteCount: contents.count) }
            count = contents.count + 1
        }
    }

    /// Gives an untouched page the contents that such bytes tell. `frame` as for `resolve`.
    public func importPage(_ s: AddressSpace, _ page: UInt32, _ bytes: [UInt8], frame: () -> UInt32?) -> PageImport {
        guard s.pageTable[page].state == .absent, let first = bytes.first, let kind = PageImageKind(rawValue: first) else { return .bad }
        switch kind {
        case .word:
            var r = ByteReader(Array(bytes[1...]))
            guard bytes.count == 5, let word = r.u32() else { return .bad }
            if word == 0 { return .done }
            s.pageTable[page] = PageEntry(state: .filled, isWritable: false, value: word)
            s.counts.filled += 1
            return .done
        case .raw:
            guard bytes.count == PageImageKind.byteCountMax else { return .bad }
            guard let target = frame() else { return .outOfMemory }
            bytes.withUnsafeBytes { hardware.frameAddress(target).copyMemory(from: $0.baseAddress! + 1, byteCount: Limits.pageByteCount) }
            charge(costs.pageCopy)
            var entry = PageEntry(state: .resident, isWritable: true, value: target)
            entry.marks = [.sampled]                        // mapped when it is touched
            s.pageTable[page] = entry
            s.counts.resident += 1
            return .done
        case .packed:
            return bytes.withUnsafeBytes { all in
                let block = UnsafeRawBufferPointer(rebasing: all[1...])
                charge(costs.decompressPage)
                guard pool.isSound(block) else { return .bad }
                // Whoever gives frames may use the pool for it: it is asked before the pool is.
                guard let spare = frame() else { return .outOfMemory }
                frames.release(spare)
                guard let slot = pool.store(byteCount: block.count, from: block.baseAddress, address: { hardware.frameAddress($0) }, newFrame: { frames.allocate(.pool) }) else { return .outOfMemory }
                s.pageTable[page] = PageEntry(state: .compressed, isWritable: false, value: slot)
                s.counts.compressed += 1
                return .done
            }
        }
    }
}
