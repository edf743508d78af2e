// Tokenizer, error recovery, generated tables, hostile input.
import XCTest
import DOM
@testable import CSS

final class SyntaxTests: XCTestCase {
    private func kinds(_ css: String) -> [TokenKind] { TokenBuffer.tokenize(Array(css.utf8)).tokens.map { $0.kind } }

    func testTokenKinds() {
        let table: [(String, [TokenKind])] = [
            ("a/**/b", [.ident, .ident]), ("a(", [.function]), ("@m", [.atKeyword]), ("@", [.delimiter]), ("#a #1 #", [.hash, .whitespace, .hash, .whitespace, .delimiter]), ("'a'\"b\"", [.string, .string]), ("'a\nb", [.badString, .whitespace, .ident]),
            ("url(a b)", [.badURL]), ("url( a )", [.url]), ("url('a')", [.function, .string, .closeParen]), ("1 1.5 .5 +1 -1 1e3 1% 1px", [.number, .whitespace, .number, .whitespace, .number, .whitespace, .number, .whitespace, .number, .whitespace, .number, .whitespace, .percentage, .whitespace, .dimension]),
            ("--a -a - -->", [.ident, .whitespace, .ident, .whitespace, .delimiter, .whitespace, .cdc]), ("<!--<", [.cdo, .delimiter]), ("{}[]()", [.openBrace, .closeBrace, .openBracket, .closeBracket, .openParen, .closeParen]), ("/* x", []), ("'x", [.string]), ("url(x", [.url]),
            ("\\", [.delimiter]), ("\\41 b", [.ident]), ("1e", [.dimension]), ("1.", [.number, .delimiter]), ("é", [.ident]), ("a\\\n", [.ident, .delimiter, .whitespace])
        ]
        for (css, expected) in table { XCTAssertEqual(kinds(css), expected, css) }
    }

    func testEscapesAndNumbers() {
        func text(_ css: String) -> String { let b = TokenBuffer.tokenize(Array(css.utf8)); return b.string(b.tokens[0]) }
        XCTAssertEqual(text("\\41 b"), "Ab")
        XCTAssertEqual(text("'\\201C\\\nx\\\"'"), "\u{201C}x\"")
        XCTAssertEqual(text("\\110000 "), "\u{FFFD}")
        XCTAssertEqual(text("\\0 "), "\u{FFFD}")
        func number(_ css: String) -> Int64 { TokenBuffer.tokenize(Array(css.utf8)).tokens[0].number }
        XCTAssertEqual(number("1.5"), 98304)
        XCTAssertEqual(number("-.25"), -16384)
        XCTAssertEqual(number("1e2"), 100 << 16)
        XCTAssertEqual(number("25e-1"), 163840)
        XCTAssertEqual(number("1e999"), 1 << 46)
        XCTAssertEqual(number("1e-999"), 0)
        XCTAssertEqual(number("0.00000000000000000000000000000000001"), 0)
        XCTAssertEqual(number("99999999999999999999999999"), 1 << 46)
        XCTAssertEqual(number("3.14159265358979323846264338327950288"), 205_887)
    }

    func testRecovery() {
        // The last rule must survive what stands before it.
        for bad in ["p{color:red;;;}", "p{color}", "p{color:}", "p{:red}", "p{color:red;{x:y}z:1}", "p{color:rgb(}", "@foo;", "@foo{a{b:c}}", "@media{", "p{a:'x\n;b:c}", "}{}", "]{}", "){}", "<!-- -->", "p{!important}", "p{color:red!}", "p{color:red !important important}",
                    "@font-face{font-family:x;src:url(y)}", "@keyframes x{from{top:0}to{top:1px}}", "@page :first{margin:1in}", "a{b:c;d{e:f}g:h}", "p{@x{y:z}}", "p{color:red;*zoom:1;_height:1px;filter:progid:DX.Micro(a='b',c=1)}", "@import", "@media x", "@charset \"x\";"] {
            let closers = bad == "@media{" ? "}" : bad == "p{color:rgb(}" ? ")}" : bad == "@media x" || bad == "@import" ? ";" : ""
            let page = Page("<p id=x>", bad + closers + " #x{z-index:5}")
            XCTAssertEqual(page.style("x").zIndex, 5, bad)
        }
        let page = Page("<p id=x>", "#x{top:1px;bogus:2;left:2px;color:12;right:3px !important;z-index:3")
        XCTAssertEqual(page.style("x").top, .px(px(1)))
        XCTAssertEqual(page.style("x").left, .px(px(2)))
        XCTAssertEqual(page.style("x").right, .px(px(3)))
        XCTAssertEqual(page.style("x").zIndex, 3)
    }

    func testTablesMatchTheirEnums() {
        XCTAssertNil(Keyword(rawValue: UInt16(Keyword.names.count)))
        for i in 0..<Keyword.names.count { XCTAssertEqual(camel(Keyword.names.name(i)), "\(Keyword(rawValue: UInt16(i))!)") }
        XCTAssertNil(PropertyID(rawValue: UInt8(PropertyID.namedCount)))
        for i in 0..<PropertyID.namedCount { XCTAssertEqual(camel(PropertyID.names.name(i)), "\(PropertyID(rawValue: UInt8(i))!)") }
        XCTAssertEqual(PropertyID.names.count - PropertyID.namedCount, PropertyID.aliases.count)
        XCTAssertEqual(NamedColors.names.count, 148)
    }
    private func camel(_ name: String) -> String {
        let parts = name.split(separator: "-")
        if name.hasPrefix("-"), parts.count == 1 { return "minus" + parts[0].uppercased() }
        return parts[0] + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    func testRelativeURLs() {
        let base = "http://h:80/a/b/c.css?q#f"
        let table = [("x.png", "http://h:80/a/b/x.png"), ("../x.png", "http://h:80/a/x.png"), ("../../../x", "http://h:80/x"), ("/x", "http://h:80/x"), ("//o/x", "http://o/x"), ("?z", "http://h:80/a/b/c.css?z"), ("data:x", "data:x"), ("#f", "#f"), ("./x/./y?a/../b", "http://h:80/a/b/x/y?a/../b"), ("", "")]
        for (reference, expected) in table { XCTAssertEqual(RelativeURL.resolve(reference, base: base), expected, reference) }
    }

    // Hostile input

    func testUnclosedAndDeepInput() {
        let n = 100_000
        for unit in ["{", "(", "[", "a{", "@media all{", "@supports (", ":not(", "calc(", "a{b:(", "@layer x{", "var(--x,", "/*", "\"", "url(", "\\", "<!--", "@import ", "a,", "a>", "a{--b:{", "rgb("] {
            let sheet = StyleSheet.parse(Array(String(repeating: unit, count: n).utf8), baseURL: "")
            XCTAssertLessThanOrEqual(sheet.rules.count, CSSLimits.ruleCountMax, unit)
        }
        for value in ["calc(", "min(", "var(--a,", "rgb(calc(", "linear-gradient("] {
            let text = "a{width:" + String(repeating: value, count: 50_000) + "1px" + String(repeating: ")", count: 50_000) + "}"
            _ = StyleSheet.parse(Array(text.utf8), baseURL: "")
        }
        let nots = String(repeating: ":not(", count: 2000) + "a" + String(repeating: ")", count: 2000)
        XCTAssertEqual(StyleSheet.parse(Array((nots + "{top:0}").utf8), baseURL: "").rules.count, 0)
    }

    func testGarbage() {
        var state: UInt64 = 0x5EED
        func random() -> UInt8 { state = state &* 6364136223846793005 &+ 1442695040888963407; return UInt8(truncatingIfNeeded: state >> 33) }
        let pieces = ["{", "}", "(", ")", ":", ";", "@media ", "#a", ".b", "color", "margin", " 1px", "red", "!important", "'", "\"", "\\", "/*", "*/", ",", "url(", "calc(", "+", "-", "var(--a)", "--a", "\n", "background", "font", ":not(", "[x=", "]", ">", "nth-child(2n+1)", "%", "1e9", "\u{0}", "é"]
        for _ in 0..<200 {
            var css: [UInt8] = []
            for _ in 0..<300 { css.append(contentsOf: Array(pieces[Int(random()) % pieces.count].utf8)) }
            let page = Page("<div id=a class=b style='color:red'><p>x", String(decoding: css, as: UTF8.self))
            _ = page.style("a")
        }
        var bytes = [UInt8](repeating: 0, count: 1_000_000)
        for i in bytes.indices { bytes[i] = random() }
        _ = StyleSheet.parse(bytes, baseURL: "")
    }

    func testHostileInlineStylesAndHints() {
        let page = Page("<p id=x style='};]:@ color:red;top:1px'><font id=f face='\\\"};x{\"' color='}{'><table id=t width='-5' border='99999999999999999999' cellpadding='x'><td id=d bgcolor='#'><img id=i width='1e9' height='%'>")
        XCTAssertEqual(page.style("x").top, .px(px(1)))
        _ = page.style("f"); _ = page.style("t"); _ = page.style("d")
        XCTAssertEqual(page.style("i").width, .px(px(1)))
        XCTAssertEqual(page.style("i").height, .auto)
    }

    /// The sheets of Debian's documentation packages, when installed: only transforms, transitions, text shadows, grid columns,
    /// SVG fill and other vendors' prefixes may be dropped, which is 13 declarations in the worst sheet.
    func testDocumentationSheetsParse() throws {
        let folders = ["/usr/share/doc/python3.11/html/_static", "/usr/share/doc/debian-policy/policy.html/_static"]
        for folder in folders {
            for name in ["basic.css", "classic.css", "nature.css", "pydoctheme.css", "pygments.css"] {
                guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { continue }
                let sheet = StyleSheet.parse(Array(data), baseURL: "")
                XCTAssertGreaterThan(sheet.rules.count, 10, name)
                XCTAssertLessThanOrEqual(sheet.droppedCount, 13, name)
            }
        }
    }
}
