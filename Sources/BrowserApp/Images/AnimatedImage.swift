// Animated GIF and WebP: frames are made one after the other on one canvas, so that an animation costs its bytes, its
// canvas and the frame that is shown, however long it is (GIF89a §23; WebP Container Specification, Animation).
import Graphics

public final class AnimatedImage {
    private enum Source { case gif(GIFFile), webp(WebPAnimation) }
    private let source: Source
    private let limits: ImageLimits
    public let width: Int, height: Int
    public let frameCount: Int
    /// How often it plays; 0: for ever.
    public let playCount: Int

    /// Pixels of the frame composed last; premultiplied.
    private var canvas: StraightPicture?
    private var composed = -1
    /// What a frame with the disposal "previous" covers.
    private var saved: [UInt32] = []
    private var shown: Bitmap?

    /// Nil when the bytes are no animation of at least two frames.
    public init?(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) {
        self.limits = limits
        switch ImageDecoder.format(of: bytes) {
        case .gif?:
            guard let file = try? GIFFile(bytes, limits: limits), file.frames.count > 1 else { return nil }
            source = .gif(file)
            (width, height, frameCount, playCount) = (file.width, file.height, file.frames.count, file.playCount)
        case .webp?:
            guard let file = WebPAnimation(bytes, limits: limits), file.frames.count > 1 else { return nil }
            source = .webp(file)
            (width, height, frameCount, playCount) = (file.width, file.height, file.frames.count, file.playCount)
        default: return nil
        }
    }

    /// Bytes of pixels held.
    public var byteCount: Int { ((canvas?.pixels.count ?? 0) + saved.count + (shown?.pixels.count ?? 0)) * 4 }

    /// How long a frame stays.
    public func delayMilliseconds(_ frame: Int) -> Int {
        switch source {
        case .gif(let file): return FrameTiming.effective(file.frames[frame].delayMilliseconds)
        case .webp(let file): return FrameTiming.effective(file.frames[frame].delayMilliseconds)
        }
    }

    /// The picture while a frame is shown. Going on by one frame costs one frame; going back begins again.
    public func bitmap(frame wanted: Int) -> Bitmap {
        let frame = max(0, min(frameCount - 1, wanted))
        if composed == frame, let shown { return shown }
        if frame < composed || canvas == nil { restart() }
        while composed < frame { step() }
        let bitmap = Bitmap(width: width, height: height, pixels: canvas?.pixels ?? [])
        shown = bitmap
        return bitmap
    }

    /// Forgets the pixels; the next `bitmap` makes them from the first frame on.
    public func drop() {
        canvas = nil
        composed = -1
        saved = []
        shown = nil
    }

    private func restart() {
        canvas = StraightPicture(width: width, height: height)
        composed = -1
        saved = []
    }

    private func step() {
        guard canvas != nil else { return }
        if composed >= 0 { dispose(composed) }
        composed += 1
        switch source {
        case .gif(let file):
            let frame = file.frames[composed]
            if frame.disposal == .previous { saved = canvas!.pixels }
            try? file.draw(frame, into: &canvas!, limits)           // a frame that is damaged leaves what is there
        case .webp(let file): file.draw(composed, into: &canvas!, limits)
        }
    }

    /// What becomes of a frame's area before the next one.
    private func dispose(_ index: Int) {
        let area: (left: Int, top: Int, width: Int, height: Int), disposal: FrameDisposal
        switch source {
        case .gif(let file): let f = file.frames[index]; (area, disposal) = ((f.left, f.top, f.width, f.height), f.disposal)
        case .webp(let file): let f = file.frames[index]; (area, disposal) = ((f.left, f.top, f.width, f.height), f.clears ? .background : .keep)
        }
        switch disposal {
        case .keep: break
        case .background:
            for y in area.top..<max(area.top, min(height, area.top + area.height)) {
                for x in area.left..<max(area.left, min(width, area.left + area.width)) { canvas!.pixels[y * width + x] = 0 }
            }
        case .previous:
            if saved.count == canvas!.pixels.count { canvas!.pixels = saved }
            saved = []
        }
    }
}

/// The frames of an animated WebP.
struct WebPAnimation {
    struct Frame {
        var left = 0, top = 0, width = 0, height = 0, delayMilliseconds = 0
        /// Laid over what is there instead of replacing it; its area is cleared afterwards.
        var blends = true, clears = false
        /// Chunks of its picture.
        var start = 0, stop = 0
    }
    let bytes: [UInt8]
    private(set) var width = 0, height = 0, playCount = 0
    private(set) var frames: [Frame] = []

    init?(_ bytes: [UInt8], limits: ImageLimits) {
        self.bytes = bytes
        var at = 12
        while let chunk = WebPDecoder.Chunk(bytes, at, bytes.count), frames.count < GIFFile.frameCountMax {
            let count = chunk.stop - chunk.start
            if bytes.spells("VP8X", at: at), count >= 10 { (width, height) = (bytes.little24(chunk.start + 4) + 1, bytes.little24(chunk.start + 7) + 1) }
            if bytes.spells("ANIM", at: at), count >= 6 { playCount = bytes.little16(chunk.start + 4) }
            if bytes.spells("ANMF", at: at), count >= 16, let frame = readFrame(chunk) { frames.append(frame) }
            at = chunk.next
        }
        guard limits.allows(width, height) else { return nil }
    }

    private func readFrame(_ chunk: WebPDecoder.Chunk) -> Frame? {
        let p = chunk.start, flags = bytes[p + 15]
        let frame = Frame(left: bytes.little24(p) * 2, top: bytes.little24(p + 3) * 2, width: bytes.little24(p + 6) + 1, height: bytes.little24(p + 9) + 1,
                          delayMilliseconds: bytes.little24(p + 12), blends: flags & 2 == 0, clears: flags & 1 != 0, start: p + 16, stop: chunk.stop)
        return frame.left + frame.width <= width && frame.top + frame.height <= height ? frame : nil
    }

    func draw(_ index: Int, into canvas: inout StraightPicture, _ limits: ImageLimits) {
        let frame = frames[index]
        guard let picture = picture(frame, limits), picture.width == frame.width, picture.height == frame.height else { return }
        let pixels = picture.premultiplied()
        for y in 0..<frame.height {
            for x in 0..<frame.width {
                let p = pixels.pixels[y * frame.width + x], at = (frame.top + y) * width + frame.left + x
                canvas.pixels[at] = frame.blends && p >> 24 != 255 ? StraightPicture.over(p, canvas.pixels[at]) : p
            }
        }
    }

    private func picture(_ frame: Frame, _ limits: ImageLimits) -> StraightPicture? {
        var at = frame.start
        var alpha: WebPDecoder.Chunk?
        while let part = WebPDecoder.Chunk(bytes, at, frame.stop) {
            do throws(ImageError) { if let picture = try WebPDecoder.still(bytes, at, part, &alpha, limits) { return picture } } catch { return nil }
            at = part.next
        }
        return nil
    }
}

extension StraightPicture {
    /// Premultiplied `source` over `below`.
    @inline(__always)
    static func over(_ source: UInt32, _ below: UInt32) -> UInt32 {
        let rest = 255 - (source >> 24)
        func channel(_ shift: UInt32) -> UInt32 { ((source >> shift & 255) + ((below >> shift & 255) * rest + 127) / 255) << shift }
        return channel(24) | channel(16) | channel(8) | channel(0)
    }
}
