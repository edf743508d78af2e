// Decoded pixels are kept up to a limit and made again when they are wanted (reference C §B3.6: 8 MiB, least recently
// used first; IMG-028). What the last paint showed stays, however much it is: dropping it would decode it again every frame.

/// Base of whatever holds pixels that can be made again.
public protocol CachedPixels: AnyObject {
    /// Bytes held now.
    var cachedByteCount: Int { get }
    /// The cache's time of its last use; only the cache sets it.
    var cacheStamp: UInt64 { get set }
    func dropPixels()
}

/// Knows who holds pixels. It does not keep its items alive: they remove themselves before they end.
public final class PixelCache {
    public static let defaultByteCountMax = 8 << 20
    public let byteCountMax: Int
    /// In the order of their first use; never more than a page has pictures.
    private var items: [Slot] = []
    private struct Slot { unowned(unsafe) let item: any CachedPixels }
    private var clock: UInt64 = 0
    /// Stamps from here on belong to the last paint.
    public private(set) var paintStart: UInt64 = 0
    public private(set) var dropCount = 0

    public init(byteCountMax: Int = PixelCache.defaultByteCountMax) { self.byteCountMax = byteCountMax }

    public var byteCount: Int {
        var sum = 0
        for slot in items { sum += slot.item.cachedByteCount }
        return sum
    }

    /// What is used from here on stays until the next call.
    public func beginPaint() {
        clock += 1
        paintStart = clock
    }

    /// Notes that an item's pixels are wanted now, and drops others when there are too many.
    public func use(_ item: any CachedPixels) {
        clock += 1
        if item.cacheStamp == 0 { items.append(Slot(item: item)) }
        item.cacheStamp = clock
        var total = byteCount
        while total > byteCountMax, let oldest = oldestUnseen() {
            total -= oldest.cachedByteCount
            oldest.dropPixels()
            dropCount += 1
        }
    }
    private func oldestUnseen() -> (any CachedPixels)? {
        var best: (any CachedPixels)?
        for slot in items where slot.item.cachedByteCount > 0 && slot.item.cacheStamp < paintStart {
            if best == nil || slot.item.cacheStamp < best!.cacheStamp { best = slot.item }
        }
        return best
    }

    /// Drops what the last paint did not show: for a page on screen when memory is short.
    public func dropUnseen() {
        for slot in items where slot.item.cacheStamp < paintStart && slot.item.cachedByteCount > 0 {
            slot.item.dropPixels()
            dropCount += 1
        }
    }
    /// Drops everything that can be made again: for a page that is not looked at.
    public func dropAll() { for slot in items { slot.item.dropPixels() } }

    public func remove(_ item: any CachedPixels) {
        guard item.cacheStamp != 0 else { return }
        for i in 0..<items.count where items[i].item === item {
            items.remove(at: i)
            return
        }
    }
}
