// Pictures as layout and painting see them: a natural size, and pixels made when they are wanted. Files come through the
// `ImageProvider`; svg elements of the page are pictures of their own.
import CSS
import DOM
import Graphics
import Images
import SVG

/// A picture whose size is known; its pixels may still be arriving.
public protocol PageImage: AnyObject {
    var naturalSize: NaturalSize { get }
    /// Pixels to be shown on an area of this size, which a picture without pixels of its own takes as its size. Nil: nothing to
    /// show yet.
    func bitmap(width: Int32, height: Int32) -> Bitmap?
}

extension NaturalSize {
    /// The size to use where nothing else is said (CSS Images 3 §5.3, default sizing), in whole pixels.
    func concrete(_ area: Rect) -> (width: Int64, height: Int64) {
        func pixels(_ v: Fixed) -> Int64 { max(1, Int64(v.rounded)) }
        if let width, let height { return (pixels(width), pixels(height)) }
        if let width { return (pixels(width), ratio.map { pixels(width / $0) } ?? Int64(area.height)) }
        if let height { return (ratio.map { pixels(height * $0) } ?? Int64(area.width), pixels(height)) }
        guard let ratio, ratio > .zero else { return (Int64(area.width), Int64(area.height)) }
        let byWidth = pixels(Fixed(Int(area.width)) / ratio)
        return byWidth <= Int64(area.height) ? (Int64(area.width), byWidth) : (pixels(Fixed(Int(area.height)) * ratio), Int64(area.height))
    }

    /// Width to height; `width` and `height` where there is no ratio.
    func proportions(_ width: Int64, _ height: Int64) -> (Int64, Int64) {
        guard let ratio else { return (width, height) }
        return (max(1, min(1 << 36, ratio.raw >> 12)), 1 << 20)
    }

    /// Width and height for layout; a picture with nothing but a ratio fills `available` (CSS 2.2 §10.3.2).
    func used(available: LayoutUnit) -> (width: LayoutUnit, height: LayoutUnit, ratio: Bool) {
        func unit(_ v: Fixed) -> LayoutUnit { LayoutUnit(clamping: v.raw >> 26) }
        let isRatio = ratio.map { $0 > .zero } ?? false
        if let width, let height { return (unit(width), unit(height), width > .zero && height > .zero) }
        guard let ratio, isRatio else { return (width.map(unit) ?? LayoutUnit(300), height.map(unit) ?? LayoutUnit(150), false) }
        if let width { return (unit(width), unit(width / ratio), true) }
        if let height { return (unit(height * ratio), unit(height), true) }
        let w = available > .zero ? available : LayoutUnit(300)
        return (w, unit(Fixed(raw: Int64(w.raw) << 26) / ratio), true)
    }
}

/// An svg element of the page.
final class InlineSVG: PageImage, CachedPixels {
    private let document: Document
    private let node: NodeID
    private let fonts: FontLibrary
    private let styles: StyleEngine
    private let cache: PixelCache
    private var pixels: Bitmap?
    private var wantedWidth: Int32 = 0, wantedHeight: Int32 = 0
    let naturalSize: NaturalSize
    var cacheStamp: UInt64 = 0
    var cachedByteCount: Int { (pixels?.pixels.count ?? 0) * 4 }

    init(_ document: Document, _ node: NodeID, styles: StyleEngine, fonts: FontLibrary, cache: PixelCache) {
        self.document = document
        self.node = node
        self.styles = styles
        self.fonts = fonts
        self.cache = cache
        naturalSize = SVGElement.naturalSize(document, node)
    }
    deinit { cache.remove(self) }

    func dropPixels() { pixels = nil }

    func bitmap(width: Int32, height: Int32) -> Bitmap? {
        guard width > 0, height > 0 else { return nil }
        if pixels == nil || width != wantedWidth || height != wantedHeight {
            wantedWidth = width
            wantedHeight = height
            let size = ImageLimits().fitting(Int(width), Int(height))
            pixels = SVGElement.render(document, node, width: size.width, height: size.height, viewportWidth: Int(width), viewportHeight: Int(height), styles: styles, fonts: fonts)
        }
        cache.use(self)
        return pixels
    }
}
