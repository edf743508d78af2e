// `simctl render`: one local page through the browser engine, natively, without the machine: for looking at layout and
// for comparing with other browsers.

import CSS
import Devices
import DOM
import Foundation
import Graphics
import HTML
import Images
import Layout
import Terrarium

let renderCommand = Command(
    words: ["render"], arguments: "FILE.html", summary: "lay out a local page with the browser engine and make a picture",
    details: "Runs the engine natively on a file and the style sheets and pictures beside it. The machine is not involved.",
    options: [
        OptionSpecification("screenshot", "FILE", "write the picture as PNG"),
        OptionSpecification("layout", "FILE", "write the layout tree as text, one box a line; - for standard output"),
        OptionSpecification("size", "WxH", "viewport in pixels (default 1024x640)"),
        OptionSpecification("scroll", "Y", "scroll position in pixels (default 0)"),
    ],
    argumentCount: 1...1, run: renderPage)

@Sendable func renderPage(_ arguments: ParsedArguments) throws -> Int32 {
    let path = arguments.arguments[0]
    guard let data = FileManager.default.contents(atPath: path) else { throw CommandFailure("cannot read \(path): no such file", code: ExitCode.noInput) }
    var size = (width: 1024, height: 640)
    if let text = arguments.string("size") {
        let parts = text.lowercased().split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, (16...8192).contains(parts[0]), (16...8192).contains(parts[1]) else { throw CommandFailure.usage("--size takes a size such as 1024x640") }
        size = (parts[0], parts[1])
    }
    let page = try LocalPage(file: URL(fileURLWithPath: path), bytes: [UInt8](data))
    page.view.viewportWidth = Int32(size.width)
    page.view.viewportHeight = Int32(size.height)
    page.view.update()
    let scroll = Int32(try arguments.integer("scroll", in: 0...1_000_000) ?? 0)
    if let file = arguments.string("layout") { try write(Array(page.view.layoutTreeText().utf8), to: file) }
    if let file = arguments.string("screenshot") { try write(try mapErrors { try page.picture(size.width, size.height, scroll) }, to: file) }
    note("\(page.document.nodeIDLimit) nodes, \(page.view.contentWidth) x \(page.view.contentHeight) pixels")
    return ExitCode.success
}

/// A page from a file with the resources beside it.
final class LocalPage: ImageProvider {
    let document = Document()
    let styles: StyleEngine
    let view: PageView
    private let fonts: FontLibrary
    private let base: URL
    private var images: [String: Bitmap?] = [:]

    init(file: URL, bytes: [UInt8]) throws {
        base = file.deletingLastPathComponent()
        fonts = try LocalPage.fonts()
        document.url = file.absoluteString
        let parser = HTMLParser(document: document)
        parser.feed(bytes)
        parser.finish()
        styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        view = PageView(document: document, fonts: fonts, styles: styles)
        view.imageProvider = self
        addSheets()
    }

    private func addSheets() {
        var n = document.root
        while !n.isNone {
            if document.isHTML(n, .style) {
                load(document.textContent(n), document.url, document.attribute(n, .media) ?? "")
            } else if document.isHTML(n, .link), let rel = document.attribute(n, .rel), rel.lowercased().split(separator: " ") == ["stylesheet"],
                      let href = document.attribute(n, .href), let text = local(href).flatMap({ FileManager.default.contents(atPath: $0.path) }) {
                load(String(decoding: text, as: UTF8.self), local(href)!.absoluteString, document.attribute(n, .media) ?? "")
            }
            n = document.next(n, within: document.root)
        }
    }
    private func load(_ text: String, _ url: String, _ media: String) {
        for imported in styles.addAuthorSheet(text, baseURL: url, media: media) {
            if let file = URL(string: imported.url), let data = FileManager.default.contents(atPath: file.path) {
                styles.setAuthorSheet(imported.sheet, [UInt8](data), baseURL: imported.url)
            }
        }
    }
    private func local(_ reference: String) -> URL? {
        URL(string: String(reference.prefix { $0 != "?" && $0 != "#" }), relativeTo: base)
    }

    func image(for url: String) -> Bitmap? {
        if let known = images[url] { return known }
        let bitmap = local(url).flatMap { FileManager.default.contents(atPath: $0.path) }.flatMap { try? ImageDecoder.decode([UInt8]($0)) }
        images[url] = bitmap
        return bitmap
    }
    func needsImage(_ url: String) {}

    func picture(_ width: Int, _ height: Int, _ scrollY: Int32) throws -> [UInt8] {
        var pixels = [UInt32](repeating: 0xFFFF_FFFF, count: width * height)
        let list = view.displayList(scrollX: 0, scrollY: scrollY)
        pixels.withUnsafeMutableBufferPointer { p in
            let surface = Surface(base: p.baseAddress!, width: width, height: height, strideWords: width)
            Rasteriser(fonts: fonts).draw(list, into: surface)
        }
        return try PNGWriter.encode(pixels: pixels, width: width, height: height)
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
