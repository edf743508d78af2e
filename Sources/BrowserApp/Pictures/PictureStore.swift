// The pictures of one page by the address written in the markup: an `ImageProvider` whose owner fetches the bytes.
import Graphics
import Images
import Layout

public final class PictureStore: ImageProvider {
    private var pictures: [String: Picture] = [:]
    /// In the order in which they were asked for; what is walked, so that nothing depends on the dictionary's order.
    private var list: [Picture] = []
    public let cache: PixelCache
    private let fonts: FontLibrary
    /// Called once for each address that is needed and not known.
    public var request: ((String) -> Void)?
    public static let countMax = 1024

    public init(cache: PixelCache, fonts: FontLibrary) {
        self.cache = cache
        self.fonts = fonts
    }

    /// A new picture for an address; nil when it is known already or there are too many.
    public func begin(_ url: String) -> Picture? {
        if pictures[url] != nil || list.count >= PictureStore.countMax { return nil }
        let picture = Picture(cache: cache, fonts: fonts)
        pictures[url] = picture
        list.append(picture)
        return picture
    }

    public func image(for url: String) -> (any PageImage)? {
        guard let picture = pictures[url], picture.isSizeKnown else { return nil }
        return picture
    }
    public func needsImage(_ url: String) { if pictures[url] == nil { request?(url) } }

    // MARK: Animation

    /// Call before a paint: brings the animations that the last paint showed to `now`.
    public func advanceAnimations(to now: UInt64) {
        for picture in list where picture.isAnimated && picture.cacheStamp >= cache.paintStart && picture.cacheStamp != 0 { _ = picture.advance(to: now) }
    }
    /// Call after a paint: when the next frame of an animation that it showed is due. The others stand still.
    public func nextFrameTime(after now: UInt64) -> UInt64? {
        var next: UInt64?
        for picture in list where picture.isAnimated {
            if picture.cacheStamp == 0 || picture.cacheStamp < cache.paintStart { picture.pause(); continue }
            picture.start(at: now)
            next = min(next ?? .max, picture.nextFrameTime)
        }
        return next
    }
}
