// Physical frames of 64 KiB. Invariant: every frame has exactly one owner kind; a frame is free exactly when its
// reference count is 0; only private frames have a count above 1 (copy-on-write).

import ABI

public enum FrameOwner: UInt8, CaseIterable, Sendable { case free, kernel, archive, process, shared, pool, swap }

public struct FrameAllocator: Sendable {
    public private(set) var owners: [FrameOwner]
    @usableFromInline private(set) var holders: [UInt16]
    private var totals: [Int]
    public private(set) var freeCount: Int
    private var cursor = 0

    public init(frameCount: Int) {
        owners = [FrameOwner](repeating: .free, count: frameCount)
        holders = [UInt16](repeating: 0, count: frameCount)
        totals = [Int](repeating: 0, count: FrameOwner.allCases.count)
        totals[0] = frameCount
        freeCount = frameCount
    }
    public var frameCount: Int { owners.count }
    /// Frames that `owner` has.
    public func total(_ owner: FrameOwner) -> Int { totals[Int(owner.rawValue)] }
    /// Holders of a frame: above 1 only private frames that clones share.
    @inlinable public func count(_ frame: UInt32) -> UInt16 { holders[Int(frame)] }
    /// A free frame: `preferred` when it is free, else the next one upwards. Nil when none is left.
    public mutating func allocate(_ owner: FrameOwner, preferred: UInt32? = nil) -> UInt32? {
        if freeCount == 0 { return nil }
        if let p = preferred, Int(p) < owners.count, owners[Int(p)] == .free { return take(Int(p), owner) }
        for _ in 0..<owners.count {
            if cursor >= owners.count { cursor = 0 }
            if owners[cursor] == .free { return take(cursor, owner) }
            cursor += 1
        }
        memoryPanic("free count says frames are left, but there are none")
    }
    /// `count` frames in a row (boot time: DMA).
    public mutating func allocateContiguous(_ owner: FrameOwner, count: Int) -> UInt32? {
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
    public mutating func reserve(_ frame: UInt32, _ owner: FrameOwner) {
        if Int(frame) < owners.count, owners[Int(frame)] == .free { _ = take(Int(frame), owner) }
    }
    private mutating func take(_ i: Int, _ owner: FrameOwner) -> UInt32 {
        setOwner(i, owner)
        holders[i] = 1
        freeCount -= 1
        cursor = i + 1
        return UInt32(i)
    }
    public mutating func retain(_ frame: UInt32) {
        invariant(owners[Int(frame)] == .process && holders[Int(frame)] < .max, "only private frames are counted")
        holders[Int(frame)] += 1
    }
    public mutating func release(_ frame: UInt32) {
        invariant(holders[Int(frame)] > 0, "frame released too often")
        holders[Int(frame)] -= 1
        if holders[Int(frame)] == 0 {
            setOwner(Int(frame), .free)
            freeCount += 1
        }
    }
    public mutating func changeOwner(_ frame: UInt32, _ owner: FrameOwner) {
        invariant(holders[Int(frame)] == 1, "owner of a frame with several holders changed")
        setOwner(Int(frame), owner)
    }
    private mutating func setOwner(_ i: Int, _ owner: FrameOwner) {
        totals[Int(owners[i].rawValue)] -= 1
        totals[Int(owner.rawValue)] += 1
        owners[i] = owner
    }
}
