// The kernel's access to the memory of the process whose call it serves. Every page goes through `resolve`, so absent,
// shared, compressed and swapped memory look alike; a pointer outside gives `badAddress`. When a page must come from swap
// the call blocks and is dispatched again later: callers touch user memory before they change anything.

import ABI
import MemoryManager

extension Kernel {
    /// The host address of a page that is ready for the access.
    private func page(_ p: GuestProcess, _ page: UInt32, write: Bool) throws(CallStop) -> UnsafeMutableRawPointer {
        let entry = p.space.pageTable[page]
        let isReady = entry.state == .shared || (entry.state == .resident && !entry.marks.contains(.sampled))
        if !isReady || (write && !entry.isWritable) {
            switch resolve(p, page, write: write) {
            case .ready: break
            case .wait: throw .blocked
            case .bad: throw .failed(.badAddress)
            case .outOfMemory: throw .failed(.outOfMemory)
            }
        }
        return hal.frameAddress(p.space.pageTable[page].value)
    }
    /// Checks the range against the 4 GiB address space.
    private func range(_ address: Int64, _ count: Int) throws(CallStop) -> Int {
        guard address >= 0, count >= 0, address <= 0x1_0000_0000, Int64(count) <= 0x1_0000_0000 - address else { throw .failed(.badAddress) }
        return Int(address)
    }
    /// Makes the range ready, so that a later copy cannot fail.
    func probe(_ p: GuestProcess, _ address: Int64, _ count: Int, write: Bool) throws(CallStop) {
        let start = try range(address, count)
        if count == 0 { return }
        for n in (start >> 16)...((start + count - 1) >> 16) { _ = try page(p, UInt32(n), write: write) }
    }
    /// Calls `body` for each piece of the range that lies in one page: its host address, its offset in the range, its size.
    private func forEachPiece(_ p: GuestProcess, _ address: Int64, _ count: Int, write: Bool, _ body: (UnsafeMutableRawPointer, Int, Int) -> Void) throws(CallStop) {
        let start = try range(address, count)
        var done = 0
        while done < count {
            let inside = (start + done) & 0xffff
            let n = min(count - done, Limits.pageByteCount - inside)
            body(try page(p, UInt32((start + done) >> 16), write: write) + inside, done, n)
            done += n
        }
        charge(costs.copyPerKiB * UInt64(count) / 1024)
    }
    func copyIn(_ p: GuestProcess, _ address: Int64, _ count: Int) throws(CallStop) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(count, 0))
        try forEachPiece(p, address, count, write: false) { base, _, n in bytes.append(contentsOf: UnsafeRawBufferPointer(start: base, count: n)) }
        return bytes
    }
    func copyOut(_ p: GuestProcess, _ bytes: [UInt8], _ address: Int64) throws(CallStop) {
        try forEachPiece(p, address, bytes.count, write: true) { base, offset, n in
            bytes.withUnsafeBytes { b in base.copyMemory(from: b.baseAddress! + offset, byteCount: n) }
        }
    }
    func copyIn32(_ p: GuestProcess, _ address: Int64, count: Int) throws(CallStop) -> [UInt32] {
        let bytes = try copyIn(p, address, count * 4)
        return bytes.withUnsafeBytes { b in (0..<count).map { b.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) } }
    }
    func copyOut32(_ p: GuestProcess, _ words: [UInt32], _ address: Int64) throws(CallStop) {
        try emit(p, address) { w in for word in words { w.u32(word) } }
    }
    func emit(_ p: GuestProcess, _ address: Int64, _ write: (inout ByteWriter) -> Void) throws(CallStop) {
        var w = ByteWriter()
        write(&w)
        try copyOut(p, w.bytes, address)
    }
    /// A name of 1…64 bytes.
    func copyInName(_ p: GuestProcess, _ address: Int64, _ count: Int64) throws(CallStop) -> [UInt8] {
        guard count > 0, count <= 64 else { throw .failed(.invalidArgument) }
        return try copyIn(p, address, Int(count))
    }
}
