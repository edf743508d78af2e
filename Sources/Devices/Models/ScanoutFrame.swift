// Owns what the monitor shows: the pixels of scan-out 0, the hardware cursor, and the damage since the display last
// looked. Invariant: pixels change only when the guest flushes, so a frame is never seen half drawn.
import Machine

/// A rectangle of pixels; never negative, may be empty.
public struct FrameRect: Equatable, Sendable {
    public var x, y, width, height: Int
    public init(x: Int, y: Int, width: Int, height: Int) { self.x = x; self.y = y; self.width = width; self.height = height }
    public var isEmpty: Bool { width <= 0 || height <= 0 }

    public func union(_ other: FrameRect) -> FrameRect {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let left = min(x, other.x), top = min(y, other.y)
        let right = max(x + width, other.x + other.width), bottom = max(y + height, other.y + other.height)
        return FrameRect(x: left, y: top, width: right - left, height: bottom - top)
    }

    public func intersection(_ other: FrameRect) -> FrameRect {
        let left = max(x, other.x), top = max(y, other.y)
        let right = min(x + width, other.x + other.width), bottom = min(y + height, other.y + other.height)
        return FrameRect(x: left, y: top, width: max(0, right - left), height: max(0, bottom - top))
    }
}

/// The visible frame, 0xAARRGGBB words (bytes B, G, R, X), rows without padding.
public final class ScanoutFrame: MachineDevice {
    public let name = "frame"
    public private(set) var width: Int
    public private(set) var height: Int
    public private(set) var pixels: [UInt32]
    /// Flushes shown since power-on.
    public private(set) var flushCount: UInt64 = 0
    /// Changes of any pixel: flushes, and the screen going blank or changing its size.
    public private(set) var changeCount: UInt64 = 0
    /// Called after each flush with what changed.
    public var onFlush: ((FrameRect) -> Void)?
    private var damage = FrameRect(x: 0, y: 0, width: 0, height: 0)

    public struct Cursor: Equatable, Sendable {
        public static let side = 64
        public var isVisible = false
        public var x = 0, y = 0, hotX = 0, hotY = 0
        public var image: [UInt32] = []   // side × side, premultiplied alpha
    }
    public internal(set) var cursor = Cursor()

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt32](repeating: 0, count: width * height)
    }

    public var bounds: FrameRect { FrameRect(x: 0, y: 0, width: width, height: height) }

    func resize(width: Int, height: Int) {
        guard width != self.width || height != self.height else { return }
        self.width = width
        self.height = height
        pixels = [UInt32](repeating: 0, count: width * height)
        damage = bounds
        changeCount += 1
    }

    func blank() {
        pixels = [UInt32](repeating: 0, count: width * height)
        damage = bounds
        changeCount += 1
    }

    /// Copies `rect` (inside the frame) from rows of `stride` words starting at the frame's origin in `source`.
    func show(_ source: UnsafePointer<UInt32>, stride: Int, rect: FrameRect) {
        pixels.withUnsafeMutableBufferPointer { target in
            for row in rect.y..<(rect.y + rect.height) {
                (target.baseAddress! + row * width + rect.x).update(from: source + row * stride + rect.x, count: rect.width)
            }
        }
        flushCount += 1
        changeCount += 1
        damage = damage.union(rect)
        onFlush?(rect)
    }

    /// What changed since the last call; nil when nothing did.
    public func takeDamage() -> FrameRect? {
        let taken = damage.intersection(bounds)
        damage = FrameRect(x: 0, y: 0, width: 0, height: 0)
        return taken.isEmpty ? nil : taken
    }

    /// The frame with the hardware cursor drawn over it: what a photograph of the monitor shows.
    public func composedPixels() -> [UInt32] {
        guard cursor.isVisible, cursor.image.count == Cursor.side * Cursor.side else { return pixels }
        var result = pixels
        for row in 0..<Cursor.side {
            for column in 0..<Cursor.side {
                let x = cursor.x - cursor.hotX + column, y = cursor.y - cursor.hotY + row
                guard x >= 0, y >= 0, x < width, y < height else { continue }
                result[y * width + x] = Self.blend(cursor.image[row * Cursor.side + column], over: result[y * width + x])
            }
        }
        return result
    }

    private static func blend(_ source: UInt32, over target: UInt32) -> UInt32 {
        let rest = 255 - (source >> 24)
        func channel(_ shift: UInt32) -> UInt32 {
            min(255, (source >> shift & 255) + ((target >> shift & 255) * rest + 127) / 255) << shift
        }
        return 0xff00_0000 | channel(16) | channel(8) | channel(0)
    }

    public func stateHash() -> UInt64 {
        var hasher = StateHasher()
        hasher.add(width); hasher.add(height)
        pixels.withUnsafeBytes { hasher.add($0) }
        hasher.add(cursor.isVisible); hasher.add(cursor.x); hasher.add(cursor.y)
        cursor.image.withUnsafeBytes { hasher.add($0) }
        return hasher.value
    }
}
