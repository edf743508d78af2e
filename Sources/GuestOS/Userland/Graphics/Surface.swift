// Pixel memory that the rasteriser draws into: a window's shared buffer, the framebuffer, or a layer.

/// Pixels as 0xAARRGGBB words, premultiplied, row by row. Does not own its memory.
public struct Surface {
    public let base: UnsafeMutablePointer<UInt32>
    public let width: Int, height: Int, strideWords: Int
    public init(base: UnsafeMutablePointer<UInt32>, width: Int, height: Int, strideWords: Int) {
        precondition(width >= 0 && height >= 0 && strideWords >= width)
        self.base = base; self.width = width; self.height = height; self.strideWords = strideWords
    }
    public var bounds: Rect { Rect(0, 0, Int32(truncatingIfNeeded: width), Int32(truncatingIfNeeded: height)) }
    @inline(__always)
    public func row(_ y: Int) -> UnsafeMutablePointer<UInt32> { base + y &* strideWords }
}
