// Fuzzing of style, layout and painting: pages whose markup and style sheets are mutated. What must hold: no trap, nothing
// is left to update after an update, and the same page always gives the same boxes, whatever it was laid out as before.
import CSS
import DOM
import Fuzzing
import Graphics
import HTML
import Layout
import Machine

final class PageFuzzer: Fuzzer {
    private let pages: Corpus, sheets: Corpus
    private let fonts: FontLibrary
    private let hasCanary: Bool
    private var tally = FuzzTally(["pages", "bytes", "elements", "style sheets", "imports", "painted items", "laid out twice", "laid out at another width and back", "changed and laid out afresh"])

    init(hasCanary: Bool) throws {
        self.hasCanary = hasCanary
        pages = try PageCorpus.html()
        sheets = Corpus(examples: pages.examples.map { Self.styleText($0) }.filter { !$0.isEmpty }, words: PageCorpus.cssWords)
        fonts = try PageFonts.load()
    }
    let caseOperationCount = 5

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "page fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    /// What stands in the page's style elements.
    private static func styleText(_ bytes: [UInt8]) -> [UInt8] {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(bytes)
        parser.finish()
        var text = "", node = document.root
        while !node.isNone {
            if document.isHTML(node, .style) { text += document.textContent(node) + "\n" }
            node = document.next(node, within: document.root)
        }
        return Array(text.utf8)
    }

    private func once(_ random: inout SeededRandom) throws {
        let markup = random.below(3) == 0 ? random.pick(pages.examples) : ByteMutator.mutate(random.pick(pages.examples), pages, &random, countMax: 8, byteCountMax: 1 << 15)
        let sheet = ByteMutator.mutate(random.pick(sheets.examples), sheets, &random, countMax: 20, byteCountMax: 1 << 15)
        let page = build(markup, sheet)
        let width = random.pick([800, 320, 1, 4000] as [Int32])
        page.viewportWidth = width
        page.update()
        if page.update() { throw FuzzFailure(description: "a page that did not change is laid out again") }
        paint(page, &random)
        tally.add("pages"); tally.add("bytes", markup.count + sheet.count); tally.add("elements", page.document.nodeIDLimit); tally.add("style sheets")
        let text = page.layoutTreeText()
        switch random.below(6) {
        case 0:
            let again = build(markup, hasCanary ? sheet + Array("body{margin-left:1px}".utf8) : sheet)
            again.viewportWidth = width
            again.update()
            tally.add("laid out twice")
            try expect(text, again.layoutTreeText(), "the same page laid out twice differs")
        case 1:
            page.viewportWidth = width + 97
            page.update()
            page.viewportWidth = width
            page.update()
            tally.add("laid out at another width and back")
            try expect(text, page.layoutTreeText(), "a page laid out at another width and back differs")
        case 2: try change(page, sheet, &random)
        default: break
        }
    }

    /// Changes attributes and text; what the page becomes step by step must be what it becomes when laid out afresh.
    private func change(_ page: PageView, _ sheet: [UInt8], _ random: inout SeededRandom) throws {
        let document = page.document
        var elements: [NodeID] = [], node = document.documentElement
        while !node.isNone {
            if document.isElement(node) { elements.append(node) }
            node = document.next(node, within: document.root)
        }
        if elements.isEmpty { return }
        let pageSheets = styleTexts(document)        // what the page's own view was given
        for _ in 0...random.below(4) {
            let target = random.pick(elements)
            switch random.below(4) {
            case 0: document.setAttribute(target, Atom("class"), random.pick(["a", "box", "item", "wide", ""]))
            case 1: document.setAttribute(target, Atom("style"), random.pick(PageCorpus.cssWords) + random.pick(PageCorpus.cssWords))
            case 2: document.append(document.createText(" more text "), to: target)
            default: document.removeAttribute(target, Atom("style"))
            }
            page.update()
        }
        let afresh = view(document, sheet, pageSheets)
        afresh.viewportWidth = page.viewportWidth
        afresh.update()
        tally.add("changed and laid out afresh")
        try expect(page.layoutTreeText(), afresh.layoutTreeText(), "a changed page differs from the same page laid out afresh")
    }

    private func expect(_ one: String, _ other: String, _ problem: String) throws {
        if one == other { return }
        let a = one.split(separator: "\n", omittingEmptySubsequences: false), b = other.split(separator: "\n", omittingEmptySubsequences: false)
        let at = zip(a, b).enumerated().first { $0.element.0 != $0.element.1 }
        throw FuzzFailure(description: problem + (at.map { ": line \($0.offset + 1): '\($0.element.0)' and '\($0.element.1)'" } ?? ": \(a.count) and \(b.count) lines"))
    }

    private func build(_ markup: [UInt8], _ sheet: [UInt8]) -> PageView {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(markup)
        parser.finish()
        return view(document, sheet, styleTexts(document))
    }

    private func styleTexts(_ document: Document) -> [String] {
        var texts: [String] = [], node = document.root
        while !node.isNone {
            if document.isHTML(node, .style) { texts.append(document.textContent(node)) }
            node = document.next(node, within: document.root)
        }
        return texts
    }

    private func view(_ document: Document, _ sheet: [UInt8], _ texts: [String]) -> PageView {
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        tally.add("imports", styles.addAuthorSheet(sheet, baseURL: "http://host/page").count)
        for text in texts { styles.addAuthorSheet(text) }
        return PageView(document: document, fonts: fonts, styles: styles)
    }

    private func paint(_ page: PageView, _ random: inout SeededRandom) {
        let width = 160, height = 120
        var pixels = [UInt32](repeating: 0xFFFF_FFFF, count: width * height)
        let list = page.displayList(scrollX: random.pick([0, 0, 100, Int32.max - 5]), scrollY: random.pick([0, 50, Int32.max - 5]))
        tally.add("painted items", list.items.count)
        pixels.withUnsafeMutableBufferPointer { p in
            Rasteriser(fonts: fonts).draw(list, into: Surface(base: p.baseAddress!, width: width, height: height, strideWords: width))
        }
        _ = page.hitTest(x: Int32(random.below(800)), y: Int32(random.below(600)))
        _ = page.hitTest(x: .max, y: .min)
    }
}

/// The DejaVu fonts, which are the guest's.
enum PageFonts {
    static func load() throws -> FontLibrary {
        let library = FontLibrary()
        for (file, family, bold) in [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false), ("DejaVuSansMono", "dejavu sans mono", false)] {
            let bytes = try Corpus.read("/usr/share/fonts/truetype/dejavu/\(file).ttf")
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)    // faces keep it for the life of the process
            memory.copyBytes(from: bytes)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: bold, italic: false) }
        }
        return library
    }
}
