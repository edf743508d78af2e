// Builds a laid-out page from HTML text with the DejaVu fonts of the system; renders to pixels for looking at.
import Foundation
import XCTest
import DOM
import HTML
import CSS
import Graphics
@testable import Layout

enum Harness {
    /// DejaVu from Debian's fonts-dejavu-core; loaded once.
    nonisolated(unsafe) static let fonts: FontLibrary = {
        let library = FontLibrary()
        let files: [(String, String, Bool)] = [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSansMono", "dejavu sans mono", false),
                                               ("DejaVuSansMono-Bold", "dejavu sans mono", true), ("DejaVuSerif", "dejavu serif", false), ("DejaVuSerif-Bold", "dejavu serif", true)]
        for (file, family, bold) in files {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: "/usr/share/fonts/truetype/dejavu/\(file).ttf")) else { continue }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 8)
            data.copyBytes(to: memory)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: bold, italic: false) }
        }
        return library
    }()

    /// A page whose body has no margin and 16 px text on 20 px lines, unless `css` says otherwise.
    static func page(_ body: String, css: String = "", width: Int32 = 400, height: Int32 = 300) -> PageView {
        let html = "<!DOCTYPE html><html><head><style>body{margin:0;font:16px/20px 'DejaVu Sans'} p{margin:0} \(css)</style></head><body>\(body)</body></html>"
        return page(html: [UInt8](html.utf8), width: width, height: height)
    }

    static func page(html: [UInt8], width: Int32 = 400, height: Int32 = 300) -> PageView {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(html)
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        var n = document.root
        while !n.isNone {
            if document.isHTML(n, .style) { styles.addAuthorSheet(document.textContent(n)) }
            n = document.next(n, within: document.root)
        }
        let page = PageView(document: document, fonts: fonts, styles: styles)
        page.viewportWidth = width
        page.viewportHeight = height
        page.update()
        return page
    }

    static func pixels(_ page: PageView, scrollY: Int32 = 0) -> [UInt32] {
        let width = Int(page.viewportWidth), height = Int(page.viewportHeight)
        var pixels = [UInt32](repeating: 0xFFFF_FFFF, count: width * height)
        pixels.withUnsafeMutableBufferPointer { buffer in
            let surface = Surface(base: buffer.baseAddress!, width: width, height: height, strideWords: width)
            Rasteriser(fonts: fonts).draw(page.displayList(scrollX: 0, scrollY: scrollY), into: surface, clip: surface.bounds, offsetX: 0, offsetY: 0)
        }
        return pixels
    }
}

extension PageView {
    /// Border boxes of elements by id, "x,y wxh".
    func box(_ id: String) -> String {
        let node = document.element(withID: Atom(id))
        guard !node.isNone, let r = rect(of: node) else { return "none" }
        return "\(r.x),\(r.y) \(r.width)x\(r.height)"
    }
    /// The lines of the first inline formatting context inside an element, as text.
    func lines(_ id: String) -> [String] {
        let b = tree.box(of: document.element(withID: Atom(id)))
        guard b != noBox else { return [] }
        let g = tree.geometry[tree.geo(b)]
        var result: [String] = []
        for l in Int(g.lineStart)..<Int(g.lineEnd) {
            var text = ""
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where tree.fragments[f].kind == .text && tree.kind(tree.fragments[f].box) == .text {
                text += String(decoding: tree.bytes(tree.fragments[f].textStart, tree.fragments[f].textEnd), as: UTF8.self)
                if tree.fragments[f].hyphenated { text += "-" }
            }
            result.append(text)
        }
        return result
    }
}
