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

/// A page and the resources it names. Answers the layout's questions for pictures.
final class LocalPage: ImageProvider {
    let document = Document()
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

    init(url: URL, bytes: [UInt8]) throws {
        base = url
        fonts = try LocalPage.fonts()
        document.url = url.absoluteString
        let parser = HTMLParser(document: document)
        parser.feed(bytes)
        parser.finish()
        styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        view = PageView(document: document, fonts: fonts, styles: styles)
        pictures = PictureStore(cache: view.pixelCache, fonts: fonts)
        view.imageProvider = self
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

    // MARK: Pictures

    /// The viewport's pixels when scrolled down by `scrollY`.
    func pixels(_ width: Int, _ height: Int, _ scrollY: Int32) -> [UInt32] {
        var pixels = [UInt32](repeating: 0xFFFF_FFFF, count: width * height)
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
