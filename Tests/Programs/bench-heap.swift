// Measured: the allocator on made-up traces, with malloc, realloc and free directly. Returns the trace's peak of live bytes
// (as requested); the host counts the pages that are held. start(n) runs trace n.
import Runtime

#if arch(wasm32)
@_extern(c, "malloc") private func malloc(_ n: Int) -> UnsafeMutableRawPointer?
@_extern(c, "realloc") private func realloc(_ p: UnsafeMutableRawPointer?, _ n: Int) -> UnsafeMutableRawPointer?
@_extern(c, "free") private func free(_ p: UnsafeMutableRawPointer?)

private struct Block { var address: UnsafeMutableRawPointer?; var byteCount: Int32 }
nonisolated(unsafe) private var blocks: [Block] = []
nonisolated(unsafe) private var state: UInt32 = 12_345
nonisolated(unsafe) private var live: Int32 = 0, peak: Int32 = 0

private func random(_ n: Int) -> Int {
    state = state &* 1_664_525 &+ 1_013_904_223
    return Int(bitPattern: UInt(state >> 8)) % n
}
private func take(_ n: Int) -> Block {
    let p = malloc(n)
    p?.storeBytes(of: 1, as: UInt8.self)
    var at = 4096
    while at < n { p?.storeBytes(of: 1, toByteOffset: at, as: UInt8.self); at += 4096 }
    live += Int32(n)
    if live > peak { peak = live }
    return Block(address: p, byteCount: Int32(n))
}
private func give(_ b: Block) { free(b.address); live -= b.byteCount }

/// Steady: a table of blocks of mixed sizes, one replaced at random each time.
private func replace() {
    for _ in 0..<40_000 { blocks.append(take(16 + random(random(10) == 0 ? 6000 : 240))) }
    for _ in 0..<120_000 {
        let i = random(blocks.count)
        give(blocks[i])
        blocks[i] = take(16 + random(random(10) == 0 ? 6000 : 240))
    }
}
/// A page's life: nodes and strings that live with the page, buffers that live a moment, then most of it goes, five times
/// with different sizes; one block in fifty stays for ever.
private func pages() {
    for round in 0..<5 {
        let first = blocks.count
        for i in 0..<80_000 {
            blocks.append(take(i % 3 == 0 ? 96 + 16 * round : 24 + random(80)))
            if i % 16 == 0 { give(take(2000 + random(30_000))) }
        }
        for i in first..<blocks.count where i % 50 != 0 { give(blocks[i]); blocks[i].address = nil }
    }
}
/// Arrays that double as they grow, a hundred at a time, with small blocks between.
private func doubling() {
    for _ in 0..<12 {
        var arrays: [Block] = []
        for _ in 0..<100 { arrays.append(take(64)) }
        for _ in 0..<1000 {
            let i = random(arrays.count)
            guard arrays[i].byteCount < 100_000 else { continue }
            let n = arrays[i].byteCount * 2
            arrays[i].address = realloc(arrays[i].address, Int(n))
            live += n - arrays[i].byteCount
            arrays[i].byteCount = n
            if live > peak { peak = live }
            if let p = arrays[i].address { var at = 0; while at < Int(n) { p.storeBytes(of: 2, toByteOffset: at, as: UInt8.self); at += 4096 } }
            blocks.append(take(32 + random(64)))
        }
        for a in arrays { give(a) }
    }
}

@_expose(wasm, "start") @_cdecl("start")
public func start(_ trace: Int32) -> Int32 {
    let capacity = [40_000, 400_000, 12_000][Int(trace) % 3]
    blocks.reserveCapacity(capacity)
    live = Int32(capacity * MemoryLayout<Block>.stride)
    switch trace {
    case 0: replace()
    case 1: pages()
    default: doubling()
    }
    return peak
}
#endif
