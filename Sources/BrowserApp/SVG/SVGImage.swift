// The face of the SVG renderer: bytes of a file or an svg element of a page in, natural size and premultiplied pixels of
// any size out. Input is hostile: depth, elements, segments, pixels and the repetition of `use` are all bounded, and what
// is past a bound is not drawn.
import DOM
import CSS
import Graphics
import Images

/// A parsed SVG file.
public final class SVGImage {
    let document: Document
    let root: NodeID
    public let naturalSize: NaturalSize

    /// Nil when there is no `svg` element in the bytes.
    public init?(_ bytes: [UInt8]) {
        guard let document = XMLReader.read(SVGImage.inflated(bytes)) else { return nil }
        self.document = document
        root = document.documentElement
        naturalSize = SVGViewport.naturalSize(document, root)
    }

    /// Do the bytes begin like an SVG file? (Past a byte order mark, comments, and what XML puts before its root.)
    public static func isSVG(_ bytes: [UInt8]) -> Bool {
        var i = 0
        let end = min(bytes.count, 4096)
        if end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { i = 3 }
        while i < end, bytes[i] == 0x20 || bytes[i] >= 9 && bytes[i] <= 13 { i += 1 }
        guard i < end, bytes[i] == 0x3C else { return false }
        let name: [UInt8] = [0x3C, 0x73, 0x76, 0x67]                                       // <svg
        while i + 4 < end {
            if bytes[i] == 0x3C {
                if Array(bytes[i..<(i + 4)]) == name { return true }
                // An HTML page is none, whatever it holds.
                if bytes[i + 1] | 0x20 >= 0x61, bytes[i + 1] | 0x20 <= 0x7A { return Array(bytes[(i + 1)..<min(end, i + 5)]) == [0x73, 0x76, 0x67, 0x3A] }
            }
            i += 1
        }
        return false
    }

    /// The bytes of a file, taken out of gzip when they are in it (`.svgz`); what cannot be inflated stays empty.
    public static func inflated(_ bytes: [UInt8]) -> [UInt8] { Gzip.isGzip(bytes) ? Gzip.inflate(bytes, byteCountMax: inflatedByteCountMax) ?? [] : bytes }
    static let inflatedByteCountMax = 16 << 20

    /// The picture on `width` × `height` pixels. A file without view box is stretched from its natural size, as browsers
    /// do with pictures.
    public func render(width: Int, height: Int, fonts: FontLibrary, budget: VectorBudget = VectorBudget()) -> Bitmap {
        let renderer = SVGRenderer(document, root, fonts, width, height, budget)
        let w = Fixed(width), h = Fixed(height)
        var map = Matrix.identity
        if ViewBox(document.attribute(root, Atom("viewBox"))) == nil, let nw = naturalSize.width, let nh = naturalSize.height, nw > .zero, nh > .zero {
            map = .scale(w / nw, h / nh)
            renderer.drawRoot(root, viewport: (nw, nh), map)
        } else { renderer.drawRoot(root, viewport: (w, h), map) }
        return renderer.canvas.bitmap()
    }
}

/// An `svg` element inside a page.
public enum SVGElement {
    public static func naturalSize(_ document: Document, _ svg: NodeID) -> NaturalSize { SVGViewport.naturalSize(document, svg) }

    /// The element's pixels for a viewport of its own, in the page's styles: what it inherits, and what the page's sheets declare for
    /// elements in it.
    public static func render(_ document: Document, _ svg: NodeID, width: Int, height: Int, viewportWidth: Int, viewportHeight: Int, styles: StyleEngine,
                              fonts: FontLibrary, budget: VectorBudget = VectorBudget()) -> Bitmap {
        let renderer = SVGRenderer(document, svg, fonts, width, height, budget)
        renderer.setPage(styles)
        let viewport = (Fixed(viewportWidth), Fixed(viewportHeight))
        renderer.drawRoot(svg, viewport: viewport, .scale(Fixed(width) / viewport.0, Fixed(height) / viewport.1))
        return renderer.canvas.bitmap()
    }
}
