// Pictures of a page: size before pixels, partial pictures, animation in virtual time, the cache (IMG-018…031, BUDG-003).
import CSS
import DOM
import Foundation
import Graphics
import HTML
import Images
import Layout
import XCTest
@testable import Pictures

/// A GIF of whole-screen frames of one palette index each, written without compression worth the name.
func gif(_ width: Int, _ height: Int, frames: [(index: UInt8, delay: Int, disposal: UInt8, left: Int, top: Int, width: Int, height: Int)], loops: Int? = 0, transparent: Int = -1) -> [UInt8] {
    func word(_ v: Int) -> [UInt8] { [UInt8(v & 255), UInt8(v >> 8)] }
    var out = Array("GIF89a".utf8) + word(width) + word(height) + [0x91, 0, 0] + [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]
    if let loops { out += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1] + word(loops) + [0] }
    for f in frames {
        out += [0x21, 0xF9, 4, f.disposal << 2 | (transparent >= 0 ? 1 : 0)] + word(f.delay) + [UInt8(max(0, transparent)), 0]
        out += [0x2C] + word(f.left) + word(f.top) + word(f.width) + word(f.height) + [0, 2]
        // Codes of three bits: a clear code before every pixel keeps them that wide.
        var bits: UInt32 = 0, count: UInt32 = 0, data: [UInt8] = []
        func put(_ code: UInt32) {
            bits |= code << count
            count += 3
            while count >= 8 { data.append(UInt8(bits & 255)); bits >>= 8; count -= 8 }
        }
        for _ in 0..<(f.width * f.height) { put(4); put(UInt32(f.index)) }
        put(5)
        if count > 0 { data.append(UInt8(bits & 255)) }
        var at = 0
        while at < data.count { let n = min(255, data.count - at); out.append(UInt8(n)); out += data[at..<(at + n)]; at += n }
        out.append(0)
    }
    return out + [0x3B]
}

final class PictureTests: XCTestCase {
    private let millisecond: UInt64 = 1_000_000

    func testAnimationFollowsDelaysDisposalAndLoops() throws {
        let bytes = gif(4, 4, frames: [(0, 5, 1, 0, 0, 4, 4), (1, 0, 3, 0, 0, 2, 2), (2, 7, 2, 2, 2, 2, 2), (3, 7, 1, 0, 2, 1, 1)], loops: 1)
        let animation = try XCTUnwrap(AnimatedImage(bytes))
        XCTAssertEqual(animation.frameCount, 4)
        XCTAssertEqual(animation.playCount, 2)
        XCTAssertEqual((0..<4).map(animation.delayMilliseconds), [50, 100, 70, 70], "a delay of nothing is a tenth of a second")
        func corner(_ f: Int, _ x: Int, _ y: Int) -> UInt32 { animation.bitmap(frame: f).pixels[y * 4 + x] }
        XCTAssertEqual(corner(0, 0, 0), 0xFFFF_0000)
        XCTAssertEqual(corner(1, 0, 0), 0xFF00_FF00)
        XCTAssertEqual(corner(2, 0, 0), 0xFFFF_0000, "the frame before is taken away")
        XCTAssertEqual(corner(2, 3, 3), 0xFF00_00FF)
        XCTAssertEqual(corner(3, 3, 3), 0, "its area is cleared")
        XCTAssertEqual(corner(3, 0, 2), 0xFFFF_FFFF)
        XCTAssertEqual(corner(0, 0, 2), 0xFFFF_0000, "back at the first")
        XCTAssertLessThanOrEqual(animation.byteCount, 3 * 64, "canvas, what a frame covers, what is shown: not every frame")
    }

    func testAnimationInVirtualTime() {
        let cache = PixelCache(), picture = Picture(cache: cache, fonts: FontLibrary())
        _ = picture.append(gif(2, 2, frames: [(0, 10, 0, 0, 0, 2, 2), (1, 20, 0, 0, 0, 2, 2)], loops: nil))
        XCTAssertTrue(picture.finish())
        XCTAssertTrue(picture.isAnimated)
        let start: UInt64 = 5_000 * millisecond
        XCTAssertFalse(picture.advance(to: start), "time begins when it is first looked at")
        XCTAssertEqual(picture.nextFrameTime, start + 100 * millisecond)
        XCTAssertFalse(picture.advance(to: start + 99 * millisecond))
        XCTAssertTrue(picture.advance(to: start + 100 * millisecond))
        XCTAssertEqual(picture.bitmap(width: 2, height: 2)?.pixels[0], 0xFF00_FF00)
        picture.pause()
        XCTAssertFalse(picture.advance(to: start + 60_000 * millisecond), "it stood still while nobody looked")
        XCTAssertEqual(picture.frameIndex, 1)
        _ = picture.advance(to: start + 60_200 * millisecond)
        XCTAssertFalse(picture.isAnimated, "without a loop count it plays once")
        XCTAssertEqual(picture.frameIndex, 1, "and stops at its last frame")
    }

    func testPictureWhileItArrives() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("ImagesTests/pictures")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter { !$0.hasSuffix(".txt") }
        var checked = 0
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
            guard let whole = try? ImageDecoder.decode(bytes), let format = ImageDecoder.format(of: bytes), format != .icon else { continue }
            XCTAssertEqual(ImageDecoder.size(of: bytes), ImageSize(width: whole.width, height: whole.height), name)
            let picture = Picture(cache: PixelCache(), fonts: FontLibrary())
            var sizeAt = 0, at = 0
            while at < bytes.count {
                let end = min(bytes.count, at + 61)
                if picture.append(Array(bytes[at..<end])) { sizeAt = end }
                if picture.isSizeKnown { _ = picture.bitmap(width: 1, height: 1) }
                at = end
            }
            XCTAssertTrue(picture.finish(), name)
            XCTAssertGreaterThan(sizeAt, 0, name)
            XCTAssertLessThan(sizeAt, max(1200, bytes.count / 2), "\(name): the size is known early")
            if AnimatedImage(bytes) == nil { XCTAssertEqual(picture.bitmap(width: 1, height: 1)?.pixels, whole.pixels, name) }
            checked += 1
        }
        XCTAssertGreaterThan(checked, 10)
    }

    func testArrivingPictureIsDecodedAFewTimesOnly() throws {
        // A noisy picture, so that the file is long.
        var pixels = [UInt8](), seed: UInt32 = 7
        for _ in 0..<(200 * 200 * 3) { seed = seed &* 1_664_525 &+ 1_013_904_223; pixels.append(UInt8(seed >> 24)) }
        var bytes = Array("BM".utf8) + [UInt8](repeating: 0, count: 52)
        (bytes[10], bytes[14], bytes[18], bytes[22], bytes[26], bytes[28]) = (54, 40, 200, 200, 1, 24)
        bytes += pixels
        let picture = Picture(cache: PixelCache(), fonts: FontLibrary())
        for i in stride(from: 0, to: bytes.count, by: 500) {
            _ = picture.append(Array(bytes[i..<min(bytes.count, i + 500)]))
            if picture.isSizeKnown { _ = picture.bitmap(width: 200, height: 200) }
        }
        picture.finish()
        XCTAssertEqual(picture.bitmap(width: 200, height: 200)?.pixels.count, 40_000)
        XCTAssertLessThan(picture.decodeCount, 25, "240 pieces")
        XCTAssertGreaterThan(picture.decodeCount, 3)
    }

    func testCacheDropsTheLeastRecentlyUsedThatIsNotInView() {
        let cache = PixelCache(byteCountMax: 3 * 40 * 40 * 4)
        let svg = Array("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><rect width='1' height='1' fill='red'/></svg>".utf8)
        let pictures = (0..<5).map { _ in
            let p = Picture(cache: cache, fonts: FontLibrary())
            _ = p.append(svg)
            p.finish()
            return p
        }
        cache.beginPaint()
        for p in pictures { _ = p.bitmap(width: 40, height: 40) }
        XCTAssertEqual(pictures.map { $0.cachedByteCount > 0 }, [true, true, true, true, true], "all in view: all stay")
        cache.beginPaint()
        _ = pictures[0].bitmap(width: 40, height: 40)
        XCTAssertEqual(pictures.map { $0.cachedByteCount > 0 }, [true, false, false, true, true])
        XCTAssertEqual(cache.byteCount, 3 * 40 * 40 * 4)
        XCTAssertEqual(pictures[1].bitmap(width: 40, height: 40)?.pixels[0], 0xFFFF_0000, "made again")
        XCTAssertEqual(pictures[1].decodeCount, 2)
        cache.dropAll()
        XCTAssertEqual(cache.byteCount, 0)
    }

    func testBrokenAndHostilePictures() {
        for bytes in [[], Array("GIF89a".utf8), Array("<html>".utf8), [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], Array("<svg".utf8)] as [[UInt8]] {
            let p = Picture(cache: PixelCache(), fonts: FontLibrary())
            _ = p.append(bytes)
            XCTAssertFalse(p.finish())
            XCTAssertNil(p.bitmap(width: 10, height: 10))
        }
        var animated = gif(3, 3, frames: [(0, 1, 2, 0, 0, 3, 3), (1, 1, 3, 1, 1, 9, 9), (2, 1, 1, 200, 200, 2, 2)])
        var seed: UInt64 = 3
        for _ in 0..<300 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var copy = animated
            copy[Int(seed >> 33) % copy.count] = UInt8(truncatingIfNeeded: seed >> 20)
            if let a = AnimatedImage(copy, limits: ImageLimits(pixelCountMax: 4096)) { for f in 0..<min(8, a.frameCount) { _ = a.bitmap(frame: f) } }
        }
        animated.removeLast(9)
        XCTAssertNotNil(AnimatedImage(animated)?.bitmap(frame: 2))
    }

    // MARK: Layout

    /// Shows a page whose pictures come from `sources`; the boxes of its elements by id.
    private func boxes(_ html: String, _ sources: [String: String]) -> [String: (width: Int32, height: Int32)] {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(Array(html.utf8))
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        let view = PageView(document: document, fonts: testFonts, styles: styles)
        view.viewportWidth = 616
        view.viewportHeight = 400
        let store = PictureStore(cache: view.pixelCache, fonts: testFonts)
        view.imageProvider = store
        store.request = { url in
            guard let text = sources[url], let picture = store.begin(url) else { return }
            _ = picture.append(Array(text.utf8))
            picture.finish()
            view.imagesChanged()
        }
        view.update()
        view.update()
        _ = view.displayList(scrollX: 0, scrollY: 0)
        var result: [String: (width: Int32, height: Int32)] = [:]
        for box in view.elementBoxes() { if let id = document.attribute(box.node, .id) { result[id] = (box.width.round, box.height.round) } }
        return result
    }

    func testNaturalSizesInLayout() throws {
        try XCTSkipIf(testFonts.isEmpty, "no DejaVu fonts")
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' "
        let found = boxes("<img id=a src=a><img id=b src=b width=50><img id=c src=c><img id=d src=d><svg id=e viewBox='0 0 24 12' width=48></svg><svg id=f viewBox='0 0 10 5'></svg><svg id=g></svg><img id=h src=b style='height:10px'>",
                          ["a": svg + "width='30' height='20'/>", "b": svg + "viewBox='0 0 40 10'/>", "c": svg + "viewBox='0 0 40 10'/>", "d": svg + "/>"])
        func size(_ id: String) -> String { found[id].map { "\($0.width)x\($0.height)" } ?? "none" }
        XCTAssertEqual(size("a"), "30x20")
        XCTAssertEqual(size("b"), "50x13")
        XCTAssertEqual(size("c"), "600x150", "a ratio alone fills the width")
        XCTAssertEqual(size("d"), "300x150")
        XCTAssertEqual(size("e"), "48x24")
        XCTAssertEqual(size("f"), "600x300")
        XCTAssertEqual(size("g"), "300x150")
        XCTAssertEqual(size("h"), "40x10")
    }
}
