// Physical frames of 64 KiB. Invariant: every frame has exactly one owner kind; a frame is free exactly when its
// reference count is 0; only private frames have a count above 1 (copy-on-write).

import ABI

enum FrameOwner: UInt8 { case free, kernel, archive, process, shared, pool, swap }

struct FrameAllocator {
    private(set) var owners: [FrameOwner]
    private(set) var counts: [UInt16]
    private(set) var freeCount: Int
    private var cursor = 0

    init(frameCount: Int) {
        owners = [FrameOwner](repeating: .free, count: frameCount)
        counts = [UInt16](repeating: 0, count: frameCount)
        freeCount = frameCount
    }
    var frameCount: Int { owners.count }
    func total(_ owner: FrameOwner) -> Int {
        owners.reduce(0) { $0 + ($1 == owner ? 1 : 0) }
    }
    /// A free frame: `preferred` when it is free, else the next one upwards. Nil when none is left.
    mutating func allocate(_ owner: FrameOwner, preferred: UInt32? = nil) -> UInt32? {
        if freeCount == 0 { return nil }
        if let p = preferred, Int(p) < owners.count, owners[Int(p)] == .free { return take(Int(p), owner) }
        for _ in 0..<owners.count {
            if cursor >= owners.count { cursor = 0 }
            if owners[cursor] == .free { return take(cursor, owner) }
            cursor += 1
        }
        kernelPanic("free count says frames are left, but there are none")
    }
    /// `count` frames in a row (boot time: DMA).
    mutating func allocateContiguous(_ owner: FrameOwner, count: Int) -> UInt32? {
        var run = 0
        for i in 0..<owners.count {
            run = owners[i] == .free ? run + 1 : 0
            if run == count {
                for j in (i - count + 1)...i { _ = take(j, owner) }
                return UInt32(i - count + 1)
            }
        }
        return nil
    }
    /// Boot time: frames that the machine filled (the archive).
    mutating func reserve(_ frame: UInt32, _ owner: FrameOwner) {
        if Int(frame) < owners.count, owners[Int(frame)] == .free { _ = take(Int(frame), owner) }
    }
    private mutating func take(_ i: Int, _ owner: FrameOwner) -> UInt32 {
        owners[i] = owner
        counts[i] = 1
        freeCount -= 1
        cursor = i + 1
        return UInt32(i)
    }
    mutating func retain(_ frame: UInt32) {
        invariant(owners[Int(frame)] == .process && counts[Int(frame)] < .max, "only private frames are counted")
        counts[Int(frame)] += 1
    }
    mutating func release(_ frame: UInt32) {
        invariant(counts[Int(frame)] > 0, "frame released too often")
        counts[Int(frame)] -= 1
        if counts[Int(frame)] == 0 {
            owners[Int(frame)] = .free
            freeCount += 1
        }
    }
    mutating func changeOwner(_ frame: UInt32, _ owner: FrameOwner) {
        invariant(counts[Int(frame)] == 1, "owner of a frame with several holders changed")
        owners[Int(frame)] = owner
    }
}
