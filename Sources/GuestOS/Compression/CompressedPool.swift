// The compressed pool: compressed pages packed into guest frames in chunks of 1 KiB. Invariants: a compressed page lies in
// one frame; every set bit of a frame's bitmap belongs to exactly one entry; an empty pool frame is given back at once.

/// What a page's contents turned out to be.
public enum PageClass { case filled(UInt32), compressible(byteCount: Int), incompressible }

public struct CompressedPool {
    public static let pageByteCount = 65536
    static let chunkByteCount = 1024
    /// A page that does not shrink to three quarters is not worth a decompression.
    static let chunkCountMax = 48

    private struct Entry { var frame: UInt32; var firstChunk: UInt8, chunkCount: UInt8; var byteCount: UInt32 }
    private var entries: [Entry] = []
    private var freeEntries: [UInt32] = []
    private var frames: [(frame: UInt32, bitmap: UInt64)] = []   // in order of allocation
    public private(set) var pageCount = 0
    public private(set) var byteCount: UInt64 = 0
    private let codec = LZ4Codec()
    /// Target of a compression before its place in the pool is known.
    private let scratch: UnsafeMutableRawPointer = .allocate(byteCount: CompressedPool.pageByteCount, alignment: 16)

    public init() {}

    public var frameCount: Int { frames.count }

    /// Compresses a page into `scratch`, or finds that it needs no compression.
    public func classify(_ page: UnsafeRawPointer) -> PageClass {
        if let word = CompressedPool.repeatedWord(page) { return .filled(word) }
        let capacity = CompressedPool.chunkCountMax * CompressedPool.chunkByteCount
        guard let n = codec.compress(page, count: CompressedPool.pageByteCount, into: scratch, capacity: capacity) else { return .incompressible }
        return .compressible(byteCount: n)
    }
    /// The word that a page consists of; nil when there are several.
    public static func repeatedWord(_ page: UnsafeRawPointer) -> UInt32? {
        let word = page.load(as: UInt32.self)
        let pattern = UInt64(word) | UInt64(word) << 32
        var i = 0
        while i < pageByteCount, page.load(fromByteOffset: i, as: UInt64.self) == pattern { i += 8 }
        return i == pageByteCount ? word : nil
    }
    /// Bytes from outside are a block of exactly one page, and short enough for the pool.
    public func isSound(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let base = block.baseAddress, block.count <= CompressedPool.chunkCountMax * CompressedPool.chunkByteCount else { return false }
        return LZ4Codec.decompress(base, count: block.count, into: scratch, capacity: CompressedPool.pageByteCount) == CompressedPool.pageByteCount
    }
    /// Stores `byteCount` bytes of a block, of `scratch` when none is given. `newFrame` is called when no pool frame has
    /// room. Nil: no frame to be had.
    public mutating func store(byteCount n: Int, from block: UnsafeRawPointer? = nil, address: (UInt32) -> UnsafeMutableRawPointer, newFrame: () -> UInt32?) -> UInt32? {
        let need = (n + CompressedPool.chunkByteCount - 1) / CompressedPool.chunkByteCount
        guard let place = place(need, newFrame) else { return nil }
        let mask = CompressedPool.mask(place.chunk, need)
        frames[place.index].bitmap |= mask
        let frame = frames[place.index].frame
        (address(frame) + place.chunk * CompressedPool.chunkByteCount).copyMemory(from: block ?? UnsafeRawPointer(scratch), byteCount: n)
        let entry = Entry(frame: frame, firstChunk: UInt8(place.chunk), chunkCount: UInt8(need), byteCount: UInt32(n))
        pageCount += 1
        byteCount += UInt64(n)
        if let slot = freeEntries.popLast() {
            entries[Int(slot)] = entry
            return slot
        }
        entries.append(entry)
        return UInt32(entries.count - 1)
    }
    /// Best place: the first frame (in order of allocation) with a long enough run of free chunks.
    private mutating func place(_ need: Int, _ newFrame: () -> UInt32?) -> (index: Int, chunk: Int)? {
        for i in 0..<frames.count {
            if let chunk = CompressedPool.run(frames[i].bitmap, need) { return (i, chunk) }
        }
        guard let frame = newFrame() else { return nil }
        frames.append((frame, 0))
        return (frames.count - 1, 0)
    }
    /// First chunk of a run of `need` clear bits.
    static func run(_ bitmap: UInt64, _ need: Int) -> Int? {
        var starts = ~bitmap          // bit i set: chunks i..<i+have are free
        if starts.nonzeroBitCount < need { return nil }
        var have = 1
        while have < need {
            let step = min(have, need - have)
            starts &= starts >> UInt64(step)
            have += step
        }
        return starts == 0 ? nil : starts.trailingZeroBitCount
    }
    static func mask(_ first: Int, _ count: Int) -> UInt64 { (count == 64 ? .max : (1 << UInt64(count)) - 1) << UInt64(first) }

    public func byteCount(_ slot: UInt32) -> Int { Int(entries[Int(slot)].byteCount) }
    /// The compressed bytes of an entry.
    public func bytes(_ slot: UInt32, address: (UInt32) -> UnsafeMutableRawPointer) -> UnsafeRawBufferPointer {
        let e = entries[Int(slot)]
        return UnsafeRawBufferPointer(start: address(e.frame) + Int(e.firstChunk) * CompressedPool.chunkByteCount, count: Int(e.byteCount))
    }
    /// Decompresses an entry into `page`.
    public func load(_ slot: UInt32, into page: UnsafeMutableRawPointer, address: (UInt32) -> UnsafeMutableRawPointer) {
        let e = entries[Int(slot)]
        let n = LZ4Codec.decompress(address(e.frame) + Int(e.firstChunk) * CompressedPool.chunkByteCount, count: Int(e.byteCount), into: page, capacity: CompressedPool.pageByteCount)
        precondition(n == CompressedPool.pageByteCount, "compressed page is damaged")
    }
    /// Forgets an entry; answers the pool frame when that emptied it.
    public mutating func remove(_ slot: UInt32) -> UInt32? {
        let e = entries[Int(slot)]
        precondition(e.byteCount > 0, "compressed page freed twice")
        entries[Int(slot)].byteCount = 0
        freeEntries.append(slot)
        pageCount -= 1
        byteCount -= UInt64(e.byteCount)
        for i in 0..<frames.count where frames[i].frame == e.frame {
            frames[i].bitmap &= ~CompressedPool.mask(Int(e.firstChunk), Int(e.chunkCount))
            if frames[i].bitmap == 0 {
                frames.remove(at: i)
                return e.frame
            }
            return nil
        }
        preconditionFailure("compressed page in a frame that the pool does not own")
    }
    /// For the audit: chunks in use by bitmap and by entries must agree.
    public func checkInvariants() -> Bool {
        var bits = 0, chunks = 0
        for f in frames { bits += f.bitmap.nonzeroBitCount }
        for e in entries where e.byteCount > 0 { chunks += Int(e.chunkCount) }
        return bits == chunks
    }
}
