// `simctl dump` and `simctl shot`: what the browser engine makes of a page, as JSON or as a picture, natively and
// without the machine. Formats: docs/formats/dump.md.

import CSS
import Devices
import DOM
import Foundation
import Graphics
import Layout
import Terrarium

private let viewportOptions = [
    OptionSpecification("width", "N", "viewport width in pixels (default 1280)"),
    OptionSpecification("height", "N", "viewport height in pixels (default 800)"),
]

let dumpCommand = Command(
    words: ["dump"], arguments: "URL|FILE", summary: "what the browser engine makes of a page, as JSON",
    details: """
        Lays the page out natively with the libraries that a tab links; the machine is not involved. Style sheets and
        pictures are loaded from beside the file, or over http: by a loader of the host. Scripts do not run.
        """,
    options: [
        OptionSpecification("layout", nil, "border boxes of all elements in document order (the default)"),
        OptionSpecification("dom", nil, "the document as a tree"),
        OptionSpecification("text", nil, "the lines of text with their positions"),
        OptionSpecification("display-list", nil, "what is painted when the page is not scrolled"),
        OptionSpecification("output", "FILE", "where to write; standard output when absent"),
    ] + viewportOptions,
    argumentCount: 1...1, run: dumpPage)

let shotCommand = Command(
    words: ["shot"], arguments: "URL|FILE [-o page.png]", summary: "a picture of a page, laid out by the browser engine",
    details: "Runs natively, like `simctl dump`. With --full-page the picture is as high as the page (16384 pixels at most).",
    options: [
        OptionSpecification("output", "FILE", "where to write the PNG; also -o FILE (default page.png)"),
        OptionSpecification("full-page", nil, "the whole page instead of the viewport"),
        OptionSpecification("scroll", "Y", "scroll position in pixels (default 0)"),
    ] + viewportOptions,
    argumentCount: 1...3, run: shootPage)

private func laidOut(_ address: String, _ arguments: ParsedArguments, laysOutSkipped: Bool = false) throws -> (page: LocalPage, width: Int, height: Int) {
    let width = try arguments.integer("width", in: 16...8192) ?? 1280, height = try arguments.integer("height", in: 16...16384) ?? 800
    let page = try LocalPage.load(address)
    page.view.laysOutSkippedContents = laysOutSkipped
    try page.layOut(width: width, height: height)
    return (page, width, height)
}

@Sendable func dumpPage(_ arguments: ParsedArguments) throws -> Int32 {
    let kinds = ["layout", "dom", "text", "display-list"].filter(arguments.flag)
    guard kinds.count <= 1 else { throw CommandFailure.usage("--\(kinds[0]) and --\(kinds[1]) exclude each other") }
    let (page, _, _) = try laidOut(arguments.arguments[0], arguments, laysOutSkipped: kinds.isEmpty || kinds[0] == "layout")
    var dump = PageDump(page: page)
    switch kinds.first ?? "layout" {
    case "dom": dump.dom(page)
    case "text": dump.text()
    case "display-list": dump.displayList()
    default: dump.layout(page)
    }
    try write(dump.json.bytes + [0x0A], to: arguments.string("output") ?? "-")
    return ExitCode.success
}

@Sendable func shootPage(_ arguments: ParsedArguments) throws -> Int32 {
    var words = arguments.arguments, output = arguments.string("output") ?? "page.png"
    if let at = words.firstIndex(of: "-o") {
        guard at + 1 < words.count else { throw CommandFailure.usage("-o needs a value (FILE)") }
        output = words[at + 1]
        words.removeSubrange(at...(at + 1))
    }
    guard words.count == 1 else { throw CommandFailure.usage("one page is needed. Usage: simctl shot \(shotCommand.arguments)") }
    var (page, width, height) = try laidOut(words[0], arguments)
    if arguments.flag("full-page") {
        height = min(16384, Int(page.view.contentHeight))
        page.view.paintHeight = Int32(height)
    }
    let scroll = Int32(try arguments.integer("scroll", in: 0...1_000_000) ?? 0)
    try write(try mapErrors { try PNGWriter.encode(pixels: page.pixels(width, height, scroll), width: width, height: height) }, to: output)
    return ExitCode.success
}

/// Writes one kind of dump.
private struct PageDump {
    let page: LocalPage
    var json = JSONText()

    /// An iframe's object holds those of its document, in that document's coordinates.
    mutating func layout(_ page: LocalPage) {
        json.open("[")
        for box in page.view.elementBoxes() {
            json.item()
            json.open("{")
            PageDump.element(box.node, page, &json)
            json.key("x"); json.number(box.x); json.key("y"); json.number(box.y)
            json.key("width"); json.number(box.width); json.key("height"); json.number(box.height)
            if let frame = page.frames.first(where: { $0.node == box.node }) {
                openFrame(frame)
                json.key("elements")
                layout(frame.page)
                json.close("}")
            }
            json.close("}")
        }
        json.close("]")
    }
    private mutating func openFrame(_ frame: LocalFrame) {
        json.key("frame")
        json.open("{")
        json.key("url")
        json.string(frame.page.document.url)
    }
    private static func element(_ n: NodeID, _ page: LocalPage, _ out: inout JSONText) {
        out.key("tag"); out.string(page.document.name(n).string)
        out.key("id"); out.string(page.document.attribute(n, .id) ?? "")
        out.key("class"); out.string(page.document.attribute(n, Atom("class")) ?? "")
    }

    /// One object a node, children inside; without recursion, since documents nest without bound.
    mutating func dom(_ page: LocalPage) {
        let document = page.document
        var n = document.root
        while true {
            json.item()
            json.open("{")
            describe(n, page)
            let child = document.firstChild(n)
            if !child.isNone { json.key("children"); json.open("["); n = child; continue }
            json.close("}")
            while document.nextSibling(n).isNone {
                if n == document.root { return }
                n = document.parent(n)
                json.close("]"); json.close("}")
                if n == document.root { return }
            }
            n = document.nextSibling(n)
        }
    }
    private mutating func describe(_ n: NodeID, _ page: LocalPage) {
        let document = page.document
        json.key("type")
        switch document.kind(n) {
        case .document: json.string("document")
        case .doctype: json.string("doctype")
        case .documentFragment: json.string("fragment")
        case .processingInstruction: json.string("processing-instruction")
        case .text: json.string("text"); json.key("text"); json.string(document.text(n))
        case .comment: json.string("comment"); json.key("text"); json.string(document.text(n))
        case .element:
            json.string("element"); json.key("tag"); json.string(document.name(n).string)
            let attributes = document.attributes(n)
            if !attributes.isEmpty {
                json.key("attributes")
                json.inline { for a in attributes { $0.key(a.name.string); $0.string(a.value) } }
            }
            if let frame = page.frames.first(where: { $0.node == n }) {
                openFrame(frame)
                json.key("document")
                dom(frame.page)
                json.close("}")
            }
        }
    }

    mutating func text() {
        json.open("[")
        text(page, x: 0, y: 0, frame: nil)
        json.close("]")
    }
    /// A page's lines, then those in its frames, all in coordinates of the outermost document.
    private mutating func text(_ page: LocalPage, x: Int32, y: Int32, frame: String?) {
        for line in page.view.textLines() {
            json.item()
            json.inline {
                $0.key("x"); $0.number(line.x + LayoutUnit(x)); $0.key("y"); $0.number(line.y + LayoutUnit(y))
                $0.key("width"); $0.number(line.width); $0.key("height"); $0.number(line.height)
                $0.key("text"); $0.string(line.text)
                if let frame { $0.key("frame"); $0.string(frame) }
            }
        }
        for f in page.frames { text(f.page, x: x + f.area.x, y: y + f.area.y, frame: f.page.document.url) }
    }

    mutating func displayList() {
        json.open("[")
        for item in page.view.displayList(scrollX: 0, scrollY: 0).items { json.item(); json.inline { PageDump.put(item, &$0) } }
        json.close("]")
    }
    private static func put(_ item: DisplayItem, _ out: inout JSONText) {
        func head(_ name: String, _ r: Rect? = nil, _ color: Color? = nil) {
            out.key("item"); out.string(name)
            if let r { out.key("x"); out.raw("\(r.x)"); out.key("y"); out.raw("\(r.y)"); out.key("width"); out.raw("\(r.width)"); out.key("height"); out.raw("\(r.height)") }
            if let color { out.key("color"); out.string(text(color)) }
        }
        switch item {
        case .fill(let r, let c): head("fill", r, c)
        case .roundedFill(let r, let radius, let c): head("rounded-fill", r, c); out.key("radius"); out.raw("\(radius)")
        case .verticalGradient(let r, let top, let bottom): head("gradient", r, top); out.key("to"); out.string(text(bottom))
        case .line(let x0, let y0, let x1, let y1, let thickness, let c):
            head("line", nil, c)
            out.key("from"); out.raw("[\(x0), \(y0)]"); out.key("to"); out.raw("[\(x1), \(y1)]"); out.key("thickness"); out.raw("\(thickness)")
        case .dashedRect(let r, let dash, let c): head("dashed", r, c); out.key("dash"); out.raw("\(dash)")
        case .glyphs(let font, let size, let c, let glyphs):
            head("glyphs", nil, c)
            out.key("font"); out.raw("\(font)"); out.key("size"); out.number(LayoutUnit(raw: size)); out.key("count"); out.raw("\(glyphs.count)")
            if let first = glyphs.first { out.key("x"); out.number(LayoutUnit(raw: first.x)); out.key("y"); out.number(LayoutUnit(raw: first.y)) }
        case .image(let bitmap, _, let r): head("image", r); out.key("source"); out.raw("[\(bitmap.width), \(bitmap.height)]")
        case .surface(_, let r): head("frame", r)
        case .pushClip(let r): head("push-clip", r)
        case .popClip: head("pop-clip")
        case .pushOpacity(let alpha): head("push-opacity"); out.key("alpha"); out.raw("\(alpha)")
        case .popOpacity: head("pop-opacity")
        }
    }
    private static func text(_ c: Color) -> String { "#" + [c.red, c.green, c.blue, c.alpha].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}

/// JSON written front to back: lists one item a line, small objects on one line.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8); needsComma = true }
    mutating func open(_ bracket: String) { bytes.append(contentsOf: bracket.utf8); needsComma = false }
    mutating func close(_ bracket: String) { bytes.append(contentsOf: bracket.utf8); needsComma = true }
    /// Begins the next element of a list.
    mutating func item() {
        if needsComma { bytes.append(0x2C) }
        if !bytes.isEmpty { bytes.append(0x0A) }
        needsComma = false
    }
    mutating func key(_ name: String) {
        if needsComma { bytes.append(contentsOf: ", ".utf8) }
        needsComma = false
        string(name)
        bytes.append(contentsOf: ": ".utf8)
        needsComma = false
    }
    mutating func inline(_ body: (inout JSONText) -> Void) { open("{"); body(&self); close("}") }
    mutating func string(_ text: String) {
        bytes.append(0x22)
        for c in text.utf8 {
            switch c {
            case 0x22, 0x5C: bytes.append(0x5C); bytes.append(c)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x00..<0x20: bytes.append(contentsOf: "\\u00".utf8); for digit in [c >> 4, c & 15] { bytes.append(contentsOf: String(digit, radix: 16).utf8) }
            default: bytes.append(c)
            }
        }
        bytes.append(0x22)
        needsComma = true
    }
    /// A length in pixels, exact.
    mutating func number(_ v: LayoutUnit) {
        let magnitude = Int64(v.raw).magnitude
        var fraction = String((magnitude & 63) * 15625)
        while fraction.utf8.count < 6 { fraction = "0" + fraction }
        while fraction.hasSuffix("0") { fraction.removeLast() }
        raw((v.raw < 0 ? "-" : "") + "\(magnitude >> 6)" + (fraction.isEmpty ? "" : "." + fraction))
    }
}
