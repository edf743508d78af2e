// One window as the window manager knows it. Window ids are made here and nowhere else (KERN-011, KERN-013).
// Invariant: `buffer` fits in `memory`; a layer's buffer fits in its memory.

import ABI
import Graphics

/// Mapped pixels of a client. Unmapped when the last user lets go.
public final class SurfaceMemory {
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int
    private let release: () -> Void
    public init(base: UnsafeMutableRawPointer, byteCount: Int, release: @escaping () -> Void) {
        self.base = base; self.byteCount = byteCount; self.release = release
    }
    deinit { release() }
    func surface(_ b: WindowBuffer) -> Surface {
        Surface(base: base.assumingMemoryBound(to: UInt32.self), width: Int(b.width), height: Int(b.height), strideWords: Int(b.strideWords))
    }
    func holds(_ b: WindowBuffer) -> Bool { b.byteCount.map { $0 <= byteCount } ?? false }
}

/// A further surface inside a window, in window coordinates.
public struct LayerState {
    public var id: UInt32
    public var buffer: WindowBuffer
    public var memory: SurfaceMemory
    public var rect: Rect
    /// The part that has pixels.
    var shown: Rect { Rect(rect.x, rect.y, min(rect.width, buffer.width), min(rect.height, buffer.height)) }
}

public final class WindowState {
    public static let titleBarHeight: Int32 = 28, border: Int32 = 1, shadow: Int32 = 10, gripSide: Int32 = 14
    public static let minimumWidth: Int32 = 160, minimumHeight: Int32 = 80, layerCountMax = 16

    public let id: UInt32
    public var title: String
    // Geometry: where the content is on the screen; its size is the buffer's.
    public var x: Int32, y: Int32
    public var buffer: WindowBuffer
    public var memory: SurfaceMemory
    public var layers: [LayerState] = []
    public var cursor = CursorShape.arrow
    /// Shown from the first presented frame on.
    public var isVisible = false
    /// Drawn by the window manager itself, such as "About": no client.
    public var isInternal = false
    public var restore: Rect?                     // content rectangle before it was maximised
    // Resizing: one request at a time is on its way to the client; the newest wish waits.
    var requestedSize: (width: Int32, height: Int32)?
    var wishedSize: (width: Int32, height: Int32)?

    init(id: UInt32, title: String, x: Int32, y: Int32, buffer: WindowBuffer, memory: SurfaceMemory) {
        self.id = id; self.title = title; self.x = x; self.y = y; self.buffer = buffer; self.memory = memory
    }
    public var isMaximised: Bool { restore != nil }
    public var content: Rect { Rect(x, y, buffer.width, buffer.height) }
    /// Title bar, border and content.
    public var frame: Rect {
        Rect(x - Self.border, y - Self.titleBarHeight, buffer.width + 2 * Self.border, buffer.height + Self.titleBarHeight + Self.border)
    }
    /// Everything drawn for the window, with its shadow.
    public var extent: Rect { Rect(frame.x - Self.shadow, frame.y - Self.shadow, frame.width + 2 * Self.shadow, frame.height + 2 * Self.shadow + 4) }
    public var titleBar: Rect { Rect(frame.x, frame.y, frame.width, Self.titleBarHeight) }
    public var closeButton: Rect { Rect(frame.maxX - 25, frame.y + 5, 18, 18) }

    /// Parts of a window that react to the pointer.
    public enum Part: Sendable { case content, titleBar, closeButton, grip, outside }
    public func part(_ px: Int32, _ py: Int32) -> Part {
        if !isMaximised && !isInternal {
            // The lower right corner, also a little outside, so that it can be caught.
            let g = Rect(content.maxX - Self.gripSide, content.maxY - Self.gripSide, Self.gripSide + 5, Self.gripSide + 5)
            if g.contains(px, py) { return .grip }
        }
        if !frame.contains(px, py) { return .outside }
        if closeButton.contains(px, py) { return .closeButton }
        return py < y ? .titleBar : .content
    }
}
