// The page as its tab sees it: keeps style, boxes and layout up to date with the document and the viewport, and answers
// with display lists, positions and hits. Scrolling does nothing but paint; resizing lays out again.
import DOM
import CSS
import Graphics
import Images

/// Where pictures come from. URLs are as written in the document or sheet; the provider resolves them.
public protocol ImageProvider: AnyObject {
    /// The picture, as soon as its size is known.
    func image(for url: String) -> (any PageImage)?
    /// Asks for the image to be loaded; when it is, call `PageView.imagesChanged()`.
    func needsImage(_ url: String)
}

/// The documents of a page's frames.
public protocol FrameProvider: AnyObject {
    /// Appends what stands in an element's content box, which lies at `area` of the viewport now.
    func paintFrame(_ node: NodeID, _ area: Rect, into list: inout DisplayList)
}

public final class PageView {
    public let document: Document
    public let fonts: FontLibrary
    public let styles: StyleEngine
    public var viewportWidth: Int32 = 800
    public var viewportHeight: Int32 = 600
    public var imageProvider: (any ImageProvider)?
    /// What frames show.
    public var frameProvider: (any FrameProvider)?
    /// Set for a document in a frame: its canvas is not white by itself.
    public var isTransparent = false
    /// Pixels of svg elements are kept here.
    public var pixelCache = PixelCache()
    /// What is typed into text controls.
    public var controlText: (any ControlTextProvider)?
    /// Backgrounds of selected and found text, each list sorted by `start`; in bytes of the current layout's text.
    public var highlights: [[TextHighlight]] = []
    /// Counts rebuilds: byte ranges of text hold as long as it stays.
    public private(set) var textVersion: UInt64 = 0
    /// Lays out what the screen skips, contents of closed details, as a script's question for their boxes does. Set before `update`.
    public var laysOutSkippedContents = false
    /// Height that `displayList` covers when it is not the viewport's: a picture of a whole page, laid out for the viewport.
    public var paintHeight: Int32?

    /// Size of everything laid out, at least the viewport.
    public private(set) var contentWidth: Int32 = 0
    public private(set) var contentHeight: Int32 = 0
    /// Bytes of text left out because a text was absurdly long.
    public var textBytesDropped: Int { tree.textBytesDropped }

    var tree = LayoutTree()
    let shaper: TextShaper
    var layers: [Layer] = []
    private var boxesAreStale = true
    private var mutationSeen: UInt64 = 0, styleSeen: UInt64 = 0
    private var widthSeen: Int32 = -1, heightSeen: Int32 = -1

    public init(document: Document, fonts: FontLibrary, styles: StyleEngine) {
        self.document = document; self.fonts = fonts; self.styles = styles
        shaper = TextShaper(fonts: fonts)
        styles.fonts = fonts
    }

    /// An image arrived: sizes may change.
    public func imagesChanged() { boxesAreStale = true }
    /// Something that no counter shows changed (a style sheet was added, say).
    public func invalidate() { boxesAreStale = true }

    /// Brings style and layout up to date; true when anything was done. Boxes stay where only colours of a few elements changed.
    @discardableResult
    public func update() -> Bool {
        let resized = widthSeen != viewportWidth || heightSeen != viewportHeight
        if resized { styles.setViewport(width: viewportWidth, height: viewportHeight) }
        styles.computeStyles()
        let restyled = styles.takeRestyled()
        if !resized, !boxesAreStale, mutationSeen == document.mutationCount, styleSeen != styles.styleVersion, let restyled, tree.restyle(restyled, document, fonts) {
            styleSeen = styles.styleVersion
            return true
        }
        let changed = boxesAreStale || mutationSeen != document.mutationCount || styleSeen != styles.styleVersion
        if !changed && !resized { return false }
        if changed { rebuild() }
        relayout()
        return true
    }

    private func rebuild() {
        boxesAreStale = false                     // a picture that is there at once makes it true again
        tree = LayoutTree()
        textVersion &+= 1
        let builder = BoxBuilder(tree: tree, document: document, styles: styles, fonts: fonts, images: imageProvider, pixels: pixelCache)
        builder.laysOutSkipped = laysOutSkippedContents
        builder.build()
        mutationSeen = document.mutationCount; styleSeen = styles.styleVersion
    }

    private func relayout() {
        let engine = LayoutEngine(tree: tree, shaper: shaper, viewportWidth: viewportWidth, viewportHeight: viewportHeight, document: document)
        engine.run()
        layers = tree.buildLayers()
        let bounds = tree.geometry[0].bounds
        contentWidth = Swift.max(viewportWidth, Swift.min(bounds.maxX, 1 << 20))
        contentHeight = Swift.max(viewportHeight, Swift.min(bounds.maxY, 1 << 24))
        widthSeen = viewportWidth; heightSeen = viewportHeight
    }

    /// Gives back what only making a layout needs: the widths of all its words. Painting shapes those in view again.
    public func trim() { shaper.drop() }

    // MARK: Painting

    /// What the viewport shows when scrolled to (scrollX, scrollY), in viewport pixels.
    public func displayList(scrollX: Int32, scrollY: Int32) -> DisplayList {
        let view = Rect(scrollX, scrollY, viewportWidth, paintHeight ?? viewportHeight)
        let painter = Painter(tree: tree, shaper: shaper, document: document, layers: layers, view: view, goal: .paint)
        painter.images = imageProvider
        pixelCache.beginPaint()
        painter.controls = controlText
        painter.frames = frameProvider
        painter.isTransparent = isTransparent
        painter.highlights = highlights
        painter.viewportHeight = viewportHeight
        painter.paintCanvas()
        painter.run()
        return painter.list
    }
}
