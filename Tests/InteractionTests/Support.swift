// A page with everything a person can do to it, hosted: laid out with the system's DejaVu fonts, driven by pointer and keys.

import ABI
import CSS
import DOM
import Foundation
import Graphics
import HTML
import Layout
import Toolkit
import WebNet
@testable import Interaction

final class TestPage {
    nonisolated(unsafe) static let fonts: FontLibrary = {
        let library = FontLibrary()
        for (file, family) in [("DejaVuSans", "dejavu sans"), ("DejaVuSansMono", "dejavu sans mono")] {
            guard let data = FileManager.default.contents(atPath: "/usr/share/fonts/truetype/dejavu/\(file).ttf") else { continue }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 8)
            data.copyBytes(to: memory)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: false, italic: false) }
        }
        return library
    }()

    let document = Document()
    let view: PageView
    let page: PageInteraction
    var opened: [String] = [], submitted: [FormSubmission] = [], scrolledTo: [Int32] = [], hover = "", log: [String] = []

    init(_ body: String, css: String = "", url: String = "http://host/dir/page?old#frag", width: Int32 = 640, height: Int32 = 480) {
        let parser = HTMLParser(document: document, encodingLabel: "utf-8")
        parser.feed(Array("<!DOCTYPE html><style>body{margin:0;font:16px/20px 'DejaVu Sans'}\(css)</style><body>\(body)".utf8))
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        var n = document.root
        while !n.isNone {
            if document.isHTML(n, .style) { styles.addAuthorSheet(document.textContent(n)) }
            n = document.next(n, within: document.root)
        }
        view = PageView(document: document, fonts: TestPage.fonts, styles: styles)
        view.viewportWidth = width
        view.viewportHeight = height
        page = PageInteraction(view: view, baseURL: URL(url)!)
        page.onOpen = { [unowned self] url, target in opened.append((target == .newTab ? "new " : "") + url.href) }
        page.onSubmit = { [unowned self] in submitted.append($0) }
        page.onScroll = { [unowned self] y in scrolledTo.append(y); page.scrollY = y }
        page.onHover = { [unowned self] url, shape in hover = "\(url) \(shape)" }
        paint()
    }

    @discardableResult
    func paint() -> DisplayList {
        view.update()
        page.prepareToPaint()
        return view.displayList(scrollX: 0, scrollY: page.scrollY)
    }
    func node(_ id: String) -> NodeID { document.element(withID: Atom(id)) }
    func value(_ id: String) -> String { document.controlValue(node(id)) }
    func isChecked(_ id: String) -> Bool { document.isChecked(node(id)) }
    var focusedID: String { page.focused.isNone ? "" : document.attribute(page.focused, .id) ?? "?" }

    /// Middle of an element in viewport pixels.
    func center(_ id: String) -> (x: Int32, y: Int32) {
        guard let r = view.rect(of: node(id)) else { return (0, 0) }
        return (r.x + r.width / 2, r.y + r.height / 2 - page.scrollY)
    }
    func click(_ id: String, button: UInt8 = 0, modifiers: KeyModifiers = [], count: UInt8 = 1) { let c = center(id); click(c.x, c.y, button: button, modifiers: modifiers, count: count) }
    func click(_ x: Int32, _ y: Int32, button: UInt8 = 0, modifiers: KeyModifiers = [], count: UInt8 = 1) {
        page.pointerMoved(x, y)
        page.pointerPressed(x, y, button: button, modifiers: modifiers, clickCount: count)
        page.pointerReleased(x, y, button: button, modifiers: modifiers, clickCount: count)
        paint()
    }
    func drag(_ x0: Int32, _ y0: Int32, _ x1: Int32, _ y1: Int32) {
        page.pointerMoved(x0, y0)
        page.pointerPressed(x0, y0, button: 0, modifiers: [], clickCount: 1)
        for i in Int32(1)...8 { page.pointerMoved(x0 + (x1 - x0) * i / 8, y0 + (y1 - y0) * i / 8) }
        page.pointerReleased(x1, y1, button: 0, modifiers: [])
        paint()
    }
    @discardableResult
    func key(_ code: UInt16, _ modifiers: KeyModifiers = [], _ character: UInt32 = 0) -> Bool {
        let handled = page.keyPressed(KeyEvent(code: code, action: .down, modifiers: modifiers, character: character))
        paint()
        return handled
    }
    func type(_ text: String) { for s in text.unicodeScalars { if s == "\n" { key(Key.enter, [], 10) } else { key(200, [], s.value) } } }
    func tab(_ count: Int = 1) { for _ in 0..<count { key(Key.tab) } }
    func pixels() -> [UInt32] {
        let list = paint(), w = Int(view.viewportWidth), h = Int(view.viewportHeight)
        var out = [UInt32](repeating: 0xFFFF_FFFF, count: w * h)
        out.withUnsafeMutableBufferPointer { p in
            let surface = Surface(base: p.baseAddress!, width: w, height: h, strideWords: w)
            let r = Rasteriser(fonts: TestPage.fonts)
            r.draw(list, into: surface)
            r.draw(page.overlay(), into: surface)
        }
        return out
    }
}
