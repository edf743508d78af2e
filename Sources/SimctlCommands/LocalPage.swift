// A page laid out natively, without the machine: its markup from a file or an http: address, its style sheets and
// pictures from beside it, through the same libraries that a tab links.

import CSS
import DOM
import Foundation
import Graphics
import HTML
import Images
import Layout
import Pictures

/// The document in a frame of a page. `area` is the frame's content box in the page's document.
struct LocalFrame {
    var node: NodeID
    var area: Rect
    var page: LocalPage
}

/// A page and the resources it names. Answers the layout's questions for pictures.
final class LocalPage: ImageProvider, FrameProvider {
    let document = Document()
    /// Documents in its frames, in document order.
    private(set) var frames: [LocalFrame] = []
    private var frameAreas: [(node: NodeID, area: Rect)] = []
    let styles: StyleEngine
    let view: PageView
    private let fonts: FontLibrary
    private let base: URL
    private let pictures: PictureStore

    /// Reads a page by path, `file:` or `http:` address.
    static func load(_ address: String) throws -> LocalPage {
        if let url = URL(string: address), let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "file" {
            guard let bytes = PageLoader.load(url) else { throw CommandFailure("cannot load \(address); check the address and that its server runs", code: ExitCode.noInput) }
            return try LocalPage(url: url, bytes: bytes)
        }
        guard let data = FileManager.default.contents(atPath: address) else { throw CommandFailure("cannot read \(address): no such file", code: ExitCode.noInput) }
        return try LocalPage(url: URL(fileURLWithPath: address), bytes: [UInt8](data))
    }

    /// `base`: what addresses are resolved against when it is not the page's own (`srcdoc`).
    init(url: URL, base: URL? = nil, bytes: [UInt8], fonts shared: FontLibrary? = nil) throws {
        self.base = base ?? url
        fonts = try shared ?? LocalPage.fonts()
        document.url = url.absoluteString
        let parser = HTMLParser(document: document)
        parser.feed(bytes)
        parser.finish()
        styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        view = PageView(document: document, fonts: fonts, styles: styles)
        pictures = PictureStore(cache: view.pixelCache, fonts: fonts)
        view.imageProvider = self
        view.frameProvider = self
        addSheets()
    }

    // MARK: Resources

    private func addSheets() {
        var n = document.root
        while !n.isNone {
            if document.isHTML(n, .style) {
                apply(document.textContent(n), document.url, document.attribute(n, .media) ?? "")
            } else if document.isHTML(n, .link), isStyleSheet(document.attribute(n, .rel)), let href = document.attribute(n, .href),
                      let url = resolve(href), let bytes = PageLoader.load(url) {
                apply(String(decoding: bytes, as: UTF8.self), url.absoluteString, document.attribute(n, .media) ?? "")
            }
            n = document.next(n, within: document.root)
        }
    }
    private func isStyleSheet(_ rel: String?) -> Bool {
        let words = rel?.lowercased().split(separator: " ") ?? []
        return words.contains("stylesheet") && !words.contains("alternate")
    }
    private func apply(_ text: String, _ url: String, _ media: String) { addImports(styles.addAuthorSheet(text, baseURL: url, media: media), depth: 0) }
    private func addImports(_ imports: [StyleImport], depth: Int) {
        guard depth < 8 else { return }
        for imported in imports {
            guard let url = resolve(imported.url), let bytes = PageLoader.load(url) else { continue }
            addImports(styles.setAuthorSheet(imported.sheet, bytes, baseURL: imported.url), depth: depth + 1)
        }
    }
    private func resolve(_ reference: String) -> URL? {
        URL(string: reference.trimmingCharacters(in: .whitespacesAndNewlines), relativeTo: base)?.absoluteURL
    }

    func image(for url: String) -> (any PageImage)? {
        if let picture = pictures.begin(url) {
            if let bytes = resolve(url).flatMap(PageLoader.load) {
                _ = picture.append(bytes)
                picture.finish()
            } else { picture.fail() }
        }
        return pictures.image(for: url)
    }
    func needsImage(_ url: String) {}

    // MARK: Frames

    /// As in a tab: so many in all, so deep.
    static let framesMax = 16, frameDepthMax = 4

    /// Lays the page out, and the documents in its frames for the sizes of their boxes.
    func layOut(width: Int, height: Int) throws {
        var left = LocalPage.framesMax
        try layOut(Int32(width), Int32(height), depth: 0, ancestors: [], &left)
    }
    private func layOut(_ width: Int32, _ height: Int32, depth: Int, ancestors: [String], _ left: inout Int) throws {
        view.viewportWidth = width
        view.viewportHeight = height
        view.update()
        if depth >= LocalPage.frameDepthMax { return }
        // Painting the whole page once tells where its frames are.
        let before = view.paintHeight
        view.paintHeight = view.contentHeight
        frameAreas = []
        _ = view.displayList(scrollX: 0, scrollY: 0)
        view.paintHeight = before
        let around = ancestors + [LocalPage.withoutFragment(document.url)]
        for (node, area) in frameAreas where !area.isEmpty && left > 0 && !frames.contains(where: { $0.node == node }) {
            guard let child = try frameDocument(node, around) else { continue }
            left -= 1
            child.view.isTransparent = true
            frames.append(LocalFrame(node: node, area: area, page: child))
            try child.layOut(min(area.width, 8192), min(area.height, 8192), depth: depth + 1, ancestors: around, &left)
        }
    }
    private static func withoutFragment(_ url: String) -> String { url.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? url }
    private func frameDocument(_ node: NodeID, _ around: [String]) throws -> LocalPage? {
        if let text = document.attribute(node, .srcdoc), let url = URL(string: "about:srcdoc") { return try LocalPage(url: url, base: base, bytes: Array(text.utf8), fonts: fonts) }
        guard let source = document.attribute(node, .src), !source.isEmpty, let url = resolve(source), !around.contains(LocalPage.withoutFragment(url.absoluteString)),
              url.scheme != "file" || base.scheme == "file", let bytes = PageLoader.load(url) else { return nil }
        return try LocalPage(url: url, bytes: bytes, fonts: fonts)
    }

    func paintFrame(_ node: NodeID, _ area: Rect, into list: inout DisplayList) {
        guard document.isHTML(node, .iframe) else { return }
        guard let frame = frames.first(where: { $0.node == node }) else { frameAreas.append((node, area)); return }
        let width = Int(frame.page.view.viewportWidth), height = Int(frame.page.view.viewportHeight)
        let bitmap = Bitmap(width: width, height: height, pixels: frame.page.pixels(width, height, 0, background: 0))
        list.append(.image(bitmap, source: Rect(0, 0, Int32(width), Int32(height)), destination: Rect(area.x, area.y, Int32(width), Int32(height))))
    }

    // MARK: Pictures

    /// The viewport's pixels when scrolled down by `scrollY`.
    func pixels(_ width: Int, _ height: Int, _ scrollY: Int32, background: UInt32 = 0xFFFF_FFFF) -> [UInt32] {
        var pixels = [UInt32](repeating: background, count: width * height)
        let list = view.displayList(scrollX: 0, scrollY: scrollY)
        pixels.withUnsafeMutableBufferPointer { p in
            let surface = Surface(base: p.baseAddress!, width: width, height: height, strideWords: width)
            Rasteriser(fonts: fonts).draw(list, into: surface)
        }
        return pixels
    }

    /// The DejaVu fonts of the host, which are also the guest's.
    static func fonts() throws -> FontLibrary {
        let library = FontLibrary()
        for (file, family, bold) in [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false),
                                     ("DejaVuSerif-Bold", "dejavu serif", true), ("DejaVuSansMono", "dejavu sans mono", false), ("DejaVuSansMono-Bold", "dejavu sans mono", true)] {
            let path = "/usr/share/fonts/truetype/dejavu/\(file).ttf"
            guard let data = FileManager.default.contents(atPath: path) else { throw CommandFailure("\(path) is missing; install fonts-dejavu-core", code: ExitCode.noInput) }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)   // faces keep it for the life of the process
            data.copyBytes(to: memory)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: bold, italic: false) }
        }
        return library
    }
}
