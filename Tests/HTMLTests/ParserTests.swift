// The parser beyond the conformance suite: encodings, streaming, limits, and random documents that must not trap.
import DOM
@testable import HTML
import XCTest

final class ParserTests: XCTestCase {
    private func parse(_ bytes: [UInt8], pieces: [Int] = [], label: String? = nil) -> Document {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: label)
        var start = 0
        for piece in pieces where start < bytes.count {
            let stop = min(bytes.count, start + piece)
            parser.feed(Array(bytes[start..<stop]))
            start = stop
        }
        parser.feed(Array(bytes[start...]))
        parser.finish()
        return document
    }

    private func parse(_ text: String) -> Document { parse(Array(text.utf8)) }
    private func bodyText(_ d: Document) -> String { d.textContent(d.body) }

    private func outline(_ d: Document) -> [String] {
        var result: [String] = []
        var at = d.root
        while !at.isNone {
            result.append("\(d.kind(at).rawValue) \(d.name(at).string) \(d.text(at)) \(d.attributes(at).map { $0.name.string + "=" + $0.value })")
            at = d.next(at, within: d.root)
        }
        return result
    }

    // MARK: Documents

    func testQuirksModes() {
        XCTAssertEqual(parse("<!doctype html><p>").quirksMode, .noQuirks)
        XCTAssertEqual(parse("<p>").quirksMode, .quirks)
        XCTAssertEqual(parse("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"x\">").quirksMode, .limitedQuirks)
        XCTAssertEqual(parse("<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">").quirksMode, .quirks)
        XCTAssertEqual(parse("<!DOCTYPE html PUBLIC \"-//IETF//DTD HTML 2.0//EN\">").quirksMode, .quirks)
    }

    func testTitleAndWellKnownElements() {
        let d = parse("<title> A &amp;\n B </title><body class='x y' id=me><a href=u>t</a>")
        XCTAssertEqual(d.title, "A & B")
        XCTAssertEqual(d.classes(d.body), [Atom("x"), Atom("y")])
        XCTAssertEqual(d.id(d.body), Atom("me"))
        XCTAssertEqual(d.attribute(d.firstChild(d.body), .href), "u")
    }

    func testLoaderHearsOfResourcesEarly() {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: "utf-8")
        var heard: [String] = []
        parser.onElement = { heard.append(document.name($0).string) }
        parser.feed(Array("<link rel=stylesheet href=a><title>t</title><style>b{}</sty".utf8))
        XCTAssertEqual(heard, ["link", "title"])
        parser.feed(Array("le><img src=x><script>1</script>".utf8))
        XCTAssertEqual(heard, ["link", "title", "style", "img", "script"])
    }

    /// A text among the columns of a template loses what is no space, wherever it was cut.
    func testTextAmongColumnsDoesNotDependOnPieces() {
        let bytes = Array("<template><col>a  b <col> c</template>".utf8)
        let whole = outline(parse(bytes, label: "utf-8"))
        XCTAssertTrue(whole.contains { $0.contains("   ") }, "\(whole)")
        for size in 1...20 { XCTAssertEqual(outline(parse(bytes, pieces: Array(repeating: size, count: 40), label: "utf-8")), whole) }
    }

    func testTreeGrowsWithEachPiece() {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: "utf-8")
        parser.feed(Array("<p>one".utf8))
        XCTAssertEqual(bodyText(document), "one")
        parser.feed(Array(" two<b>th".utf8))
        XCTAssertEqual(bodyText(document), "one twoth")
    }

    // MARK: Encodings

    func testEncodings() {
        XCTAssertEqual(bodyText(parse([0xEF, 0xBB, 0xBF] + Array("<p>é".utf8))), "é")
        XCTAssertEqual(bodyText(parse(Array("<meta charset=iso-8859-1><p>".utf8) + [0xE9, 0x80, 0x93])), "é€“")
        XCTAssertEqual(bodyText(parse(Array("<meta http-equiv=content-type content='text/html; charset=utf-8'><p>é".utf8))), "é")
        XCTAssertEqual(bodyText(parse(Array("<p>".utf8) + [0xE9, 0x74])), "ét", "not UTF-8, so windows-1252")
        XCTAssertEqual(bodyText(parse(Array("<p>".utf8) + [0xE9], label: "utf-8")), "\u{FFFD}")
        XCTAssertEqual(bodyText(parse([0xFF, 0xFE] + "<p>x😀".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })), "x😀")
        XCTAssertEqual(bodyText(parse([0xFE, 0xFF] + "<p>x".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] })), "x")
    }

    func testBrokenUTF8IsReplacedAsTheStandardSays() {
        let cases: [([UInt8], String)] = [
            ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"), ([0xE0, 0x80, 0x41], "\u{FFFD}\u{FFFD}A"), ([0xF0, 0x9F, 0x98], "\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"), ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ([0xF0, 0x9F, 0x98, 0x80], "😀"), ([0xC3, 0x0D, 0x0A], "\u{FFFD}\n"),
        ]
        for (bytes, expected) in cases {
            for piece in [1, 100] {
                let pieces = [Int](repeating: piece, count: bytes.count + 5)
                XCTAssertEqual(bodyText(parse(Array("<pre>a".utf8) + bytes, pieces: pieces, label: "utf-8")), "a" + expected)
                XCTAssertEqual(String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n"), expected)
            }
        }
    }

    // MARK: Limits

    private func depth(_ d: Document) -> Int {
        var deepest = 0
        var at = d.root
        var level = 0
        while !at.isNone {
            deepest = max(deepest, level)
            if !d.firstChild(at).isNone {
                at = d.firstChild(at)
                level += 1
                continue
            }
            while !at.isNone && d.nextSibling(at).isNone {
                at = d.parent(at)
                level -= 1
            }
            if !at.isNone { at = d.nextSibling(at) }
        }
        return deepest
    }

    func testDepthIsLimitedAndEndTagsStillMatch() {
        for tag in ["div", "b", "table><td", "ul><li", "svg", "template", "frameset", "select", "object"] {
            let d = parse("<p>" + String(repeating: "<\(tag)>", count: 3000) + "end")
            XCTAssertLessThan(depth(d), TreeBuilder.depthMax + 16, tag)
        }
        let d = parse(String(repeating: "<div>", count: 2000) + "in" + String(repeating: "</div>", count: 2000) + "<i>out</i>")
        XCTAssertTrue(d.isHTML(d.lastChild(d.body), .i), "balanced tags come back to the body")
    }

    func testVeryLongTokensStayBounded() {
        let line = [UInt8](repeating: 0x61, count: 1 << 20)
        let d = parse(Array("<p>".utf8) + line)
        XCTAssertEqual(d.textContent(d.body).utf8.count, 1 << 20)
        for n in d.children(d.firstChild(d.body)) { XCTAssertLessThanOrEqual(d.text(n).utf8.count, TreeBuilder.textNodeByteCountMax) }
        let attribute = parse(Array("<p title='".utf8) + [UInt8](repeating: 0x62, count: Tokenizer.tokenByteCountMax + 100) + Array("'>after".utf8))
        let count = attribute.attribute(attribute.firstChild(attribute.body), .title)?.utf8.count ?? 0
        XCTAssertEqual(count + "title".utf8.count, Tokenizer.tokenByteCountMax, "names and values of a tag share the limit")
        XCTAssertEqual(bodyText(attribute), "after")
    }

    func testRepeatedAttributesKeepTheFirst() {
        let d = parse("<p a=1 b=2 A=3 b=4><p a=5>")
        XCTAssertEqual(d.attributes(d.firstChild(d.body)).map { $0.value }, ["1", "2"])
        XCTAssertEqual(d.attributes(d.lastChild(d.body)).map { $0.value }, ["5"])
    }

    // MARK: Random documents

    private func randomBytes(_ random: inout Generator) -> [UInt8] {
        let words = ["<p>", "</p>", "<b>", "</b>", "<a href=x>", "</a>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<caption>", "<colgroup>", "<col>",
                     "<select>", "<option>", "</select>", "<template>", "</template>", "<svg>", "</svg>", "<math>", "<mi>", "<annotation-xml encoding=text/html>",
                     "<foreignObject>", "<desc>", "<script>", "</script>", "<!--", "-->", "<style>", "</style>", "<textarea>", "</textarea>", "<frameset>",
                     "</frameset>", "<body>", "</body>", "<html>", "</html>", "<head>", "</head>", "x", " ", "\n", "\0", "&amp;", "&#x41;", "&notit;", "<br>",
                     "</br>", "<form>", "</form>", "<button>", "<nobr>", "<li>", "<dd>", "<h1>", "</h2>", "<object>", "</object>", "<input type=hidden>",
                     "<![CDATA[", "]]>", "<plaintext>", "<noscript>", "</noscript>", "<font color=red>", "</font>", "<tbody>", "</tbody>", "<ruby>", "<rt>",
                     "<!doctype html>", "<title>", "</title>", "<image>", "é", "\r", "\r\n", "<", "</", "&", "<a b='", "'>", "<hr>", "<iframe>", "<isindex/>"]
        var bytes: [UInt8] = []
        for _ in 0..<(10 + Int(random.next() % 120)) {
            let r = random.next()
            if r % 23 == 0 { bytes.append(UInt8(truncatingIfNeeded: r >> 8)) } else { bytes += Array(words[Int(r >> 8 % UInt64(words.count)) % words.count].utf8) }
        }
        return bytes
    }

    struct Generator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    func testRandomDocumentsInRandomPieces() {
        var random = Generator(state: 0xF00D)
        for round in 0..<1500 {
            let bytes = randomBytes(&random)
            let whole = parse(bytes, label: "utf-8")
            var pieces: [Int] = []
            for _ in 0..<bytes.count { pieces.append(Int(random.next() % 5)) }
            let split = parse(bytes, pieces: pieces, label: "utf-8")
            XCTAssertEqual(outline(whole), outline(split), "round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            XCTAssertLessThan(depth(whole), TreeBuilder.depthMax + 16)
        }
    }

    /// Which encoding is guessed does not depend on how much had arrived when it was: only the first 1,024 bytes count.
    func testTheGuessedEncodingDoesNotDependOnPieces() {
        let bytes = Array(("<p>" + String(repeating: "a", count: 1100)).utf8) + [0xe9, 0x20, 0xff] + Array("<p>end".utf8)
        let document = Document(), parser = HTMLParser(document: document)
        for byte in bytes { parser.feed([byte]) }
        parser.finish()
        let whole = Document(), other = HTMLParser(document: whole)
        other.feed(bytes)
        other.finish()
        XCTAssertEqual(outline(document), outline(whole))
    }

    func testRandomFragments() {
        var random = Generator(state: 0xBEEF)
        let contexts = ["div", "td", "tr", "tbody", "table", "caption", "colgroup", "select", "template", "html", "head", "body", "frameset", "svg", "math",
                        "title", "textarea", "script", "style", "plaintext", "noscript", "form", "option", "foreignObject", "mi"]
        for _ in 0..<1500 {
            let name = contexts[Int(random.next() % UInt64(contexts.count))]
            let namespace: Namespace = name == "svg" || name == "foreignObject" ? .svg : name == "math" || name == "mi" ? .mathML : .html
            let parser = HTMLParser(document: Document(), fragmentContext: Atom(name), namespace: namespace, scripting: random.next() % 2 == 0)
            parser.feed(randomBytes(&random))
            parser.finish()
            XCTAssertFalse(parser.fragmentRoot.isNone)
        }
    }
}
