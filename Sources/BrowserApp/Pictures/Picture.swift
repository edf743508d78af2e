// One picture of a page, from its first byte on: its size as soon as the bytes tell it, its pixels when they are wanted,
// made again when the cache dropped them. While bytes arrive it shows the part that is there.
// Invariant: what the picture holds is its bytes, one decoded picture (an animation: its canvas and one frame), no more.
import Graphics
import Images
import Layout
import SVG

public final class Picture: PageImage, CachedPixels {
    public enum State { case loading, ready, failed }

    private let cache: PixelCache
    private let fonts: FontLibrary
    private var bytes: [UInt8] = []
    public private(set) var state = State.loading
    private var size: NaturalSize?
    private var format: ImageFormat?
    private var svg: SVGImage?
    private var svgWidth: Int32 = 0, svgHeight: Int32 = 0
    private var pixels: Bitmap?
    /// How many of the bytes the pixels were made from.
    private var decodedCount = 0
    public var cacheStamp: UInt64 = 0
    public private(set) var decodeCount = 0

    // Animation: the frame that is shown and since when, in nanoseconds of the caller's clock.
    private var animation: AnimatedImage?
    private var frame = 0, playsDone = 0
    private var frameStart: UInt64 = 0
    private var isRunning = false

    public init(cache: PixelCache, fonts: FontLibrary) {
        self.cache = cache
        self.fonts = fonts
    }
    deinit { cache.remove(self) }

    // MARK: Bytes

    /// Takes the next bytes. True when the size became known.
    public func append(_ more: [UInt8]) -> Bool {
        guard state == .loading else { return false }
        bytes += more
        if size != nil { return false }
        if let known = ImageDecoder.size(of: bytes) { setSize(known) }
        return size != nil
    }

    /// All bytes are there. False when they are no picture; then there is nothing to show.
    @discardableResult
    public func finish() -> Bool {
        guard state == .loading else { return state == .ready }
        format = ImageDecoder.format(of: bytes)
        if format == nil, SVGImage.isSVG(SVGImage.inflated(bytes)), let image = SVGImage(bytes) {
            svg = image
            size = image.naturalSize
            format = .svg
            bytes = []                                     // the tree is smaller to draw from, and it is all there is
        }
        if size == nil, format != nil { decode() }         // icons say their size only here
        guard size != nil, format != nil else { fail(); return false }
        animation = AnimatedImage(bytes)
        if animation != nil { pixels = nil }
        state = .ready
        return true
    }

    public func fail() {
        state = .failed
        bytes = []
        pixels = nil
        animation = nil
    }

    private func setSize(_ s: ImageSize) { size = NaturalSize(width: Fixed(s.width), height: Fixed(s.height), ratio: Fixed(s.width) / Fixed(s.height)) }

    /// Is there anything that layout can use?
    public var isSizeKnown: Bool { size != nil && state != .failed }
    public var byteCount: Int { bytes.count }

    // MARK: PageImage

    public var naturalSize: NaturalSize { size ?? NaturalSize() }

    public func bitmap(width: Int32, height: Int32) -> Bitmap? {
        if state == .failed { return nil }
        if let svg { draw(svg, width, height) } else if let animation {
            pixels = nil
            cache.use(self)
            return animation.bitmap(frame: frame)
        } else if pixels == nil || wantsMore { decode() }
        if pixels != nil { cache.use(self) }
        return pixels
    }

    private func draw(_ svg: SVGImage, _ width: Int32, _ height: Int32) {
        if pixels != nil, width == svgWidth, height == svgHeight { return }
        (svgWidth, svgHeight) = (width, height)
        let fitting = ImageLimits().fitting(Int(width), Int(height))
        pixels = svg.render(width: fitting.width, height: fitting.height, fonts: fonts)
        decodeCount += 1
    }

    /// Decoding begins at the first byte each time, so an arriving picture is decoded again only when it has grown by a
    /// quarter: in all a small multiple of decoding it once.
    private var wantsMore: Bool {
        if decodedCount == bytes.count { return false }
        return state == .ready || bytes.count - decodedCount >= decodedCount / 4 + 2048
    }

    private func decode() {
        if decodedCount == bytes.count, pixels == nil, state == .loading, decodedCount > 0 { return }
        decodedCount = bytes.count
        decodeCount += 1
        guard let bitmap = try? ImageDecoder.decode(bytes) else { return }
        pixels = bitmap
        if size == nil || state == .loading { setSize(ImageSize(width: bitmap.width, height: bitmap.height)) }
    }

    // MARK: CachedPixels

    public var cachedByteCount: Int { (pixels?.pixels.count ?? 0) * 4 + (animation?.byteCount ?? 0) }
    public func dropPixels() {
        pixels = nil
        decodedCount = 0
        animation?.drop()
        frame = 0
        isRunning = false
    }

    // MARK: Animation

    /// Moves an animation that is being looked at to where it is at `now`. One that was not looked at goes on from where it
    /// stopped. True when another frame is to be shown.
    public func advance(to now: UInt64) -> Bool {
        guard let animation, !isOver else { return false }
        if !isRunning { start(at: now); return false }
        let before = frame
        var steps = 0
        while !isOver, now >= nextFrameTime, steps < animation.frameCount {
            frameStart = nextFrameTime
            steps += 1
            if frame + 1 < animation.frameCount { frame += 1 } else {
                playsDone += 1
                if !isOver { frame = 0 }
            }
        }
        if now >= nextFrameTime { frameStart = now }         // far behind: no hurry after frames that nobody saw
        return frame != before
    }
    /// It is being looked at from `now` on, unless it was before.
    public func start(at now: UInt64) {
        if isRunning { return }
        isRunning = true
        frameStart = now
    }
    /// The animation is not looked at any more.
    public func pause() { isRunning = false }

    public var isAnimated: Bool { animation != nil && !isOver }
    private var isOver: Bool { animation.map { $0.playCount > 0 && playsDone >= $0.playCount } ?? true }
    /// When the next frame is due.
    public var nextFrameTime: UInt64 { frameStart &+ UInt64(animation?.delayMilliseconds(frame) ?? 0) &* 1_000_000 }
    public var frameIndex: Int { frame }
}
