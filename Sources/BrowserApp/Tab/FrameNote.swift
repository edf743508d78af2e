// What stands in a frame's box when there is no document: a sentence and, where it helps, a way to try again. A page of its
// own in the parent's process, painted once for a size.

import Graphics
import Layout
import WebNet

final class FrameNote {
    let canRetry: Bool
    private let page: Page?
    private let rasteriser: Rasteriser
    private var pixels: Bitmap?

    init(_ sentence: String, canRetry: Bool, _ fonts: FontLibrary) {
        self.canRetry = canRetry
        rasteriser = Rasteriser(fonts: fonts)
        page = URL("about:failure").map { Page(url: $0, flavour: .html, http: nil, fonts: fonts) }
        _ = page?.feed(Array(AboutPages.frameNote(sentence, canRetry: canRetry).utf8))
        page?.finish()
    }

    func bitmap(_ width: Int32, _ height: Int32) -> Bitmap {
        let w = max(1, min(width, 4096)), h = max(1, min(height, 4096))
        if let pixels, pixels.width == Int(w), pixels.height == Int(h) { return pixels }
        let bitmap = Bitmap(width: Int(w), height: Int(h))
        pixels = bitmap
        guard let page else { return bitmap }
        page.update(width: w, height: h)
        let list = page.view.displayList(scrollX: 0, scrollY: 0)
        bitmap.pixels.withUnsafeMutableBufferPointer { p in
            if let base = p.baseAddress { rasteriser.draw(list, into: Surface(base: base, width: Int(w), height: Int(h), strideWords: Int(w))) }
        }
        return bitmap
    }
    /// Is the link that tries again at this point of the box?
    func isRetry(_ x: Int32, _ y: Int32) -> Bool { canRetry && page?.view.linkTarget(x: x, y: y) != nil }
}
