// Selector matching by tables, specificity, and invalid selectors.
import XCTest
import DOM
@testable import CSS

final class SelectorTests: XCTestCase {
    let html = "<div id=d class='one two'><p id=p1 lang=en-GB title='a b'>x</p><p id=p2 class=two></p><span id=s><a id=a href=http://x/y.png>l</a><input id=i type=CHECKBOX checked><input id=j disabled></span><p id=p3>z</p></div>"

    func testMatching() {
        let table: [(String, String)] = [
            ("p", "p1 p2 p3"), ("div.one.two", "d"), ("#p2.two", "p2"), (".two p", "p1 p2 p3"), ("div > a", ""), ("div a", "a"), ("span > *", "a i j"), ("p + p", "p2"), ("p ~ p", "p2 p3"), ("p ~ span > a", "a"),
            ("[title]", "p1"), ("[title='a b']", "p1"), ("[title~=b]", "p1"), ("[lang|=en]", "p1"), ("[href^='http:']", "a"), ("[href$='.png']", "a"), ("[href*='x/y']", "a"), ("[href*='']", ""), ("[type=checkbox]", "i"),
            ("[title='A B' i]", "p1"), ("p:first-child", "p1"), ("p:last-child", "p3"), ("span:only-child", ""), ("p:nth-child(2)", "p2"), ("p:nth-child(odd)", "p1"), ("p:nth-child(2n)", "p2 p3"), ("div>:nth-child(n+3)", "s p3"),
            ("div>:nth-child(-n+2)", "p1 p2"), ("div>:nth-last-child(1)", "p3"), ("p:nth-of-type(3)", "p3"), ("p:nth-last-of-type(2)", "p2"), ("p:first-of-type", "p1"), ("p:last-of-type", "p3"), ("span:only-of-type", "s"),
            ("p:not(.two)", "p1 p3"), ("p:not(.two, #p1)", "p3"), (":is(p, a):not(#p1)", "p2 a p3"), (":where(#p1)", "p1"), (":is(p, :foo)", "p1 p2 p3"), ("a:link", "a"), (":any-link", "a"), ("p:empty", "p2"), ("input:checked", "i"),
            ("input:disabled", "j"), ("input:enabled", "i"), ("html:root #d", "d"), (":lang(en)", "p1"), ("*|p", "p1 p2 p3"), ("DIV#d", "d"), ("#d p, #d a", "p1 p2 a p3"), ("p:NTH-CHILD( 2N + 1 )", "p1"), ("body > div > p + p", "p2"),
            ("div span a", "a"), ("p p", ""), ("\\#x, #p1", "p1"), ("#\\70 1", "p1"), ("p:is(.two)", "p2"), ("div > p ~ span a", "a")
        ]
        for (selector, expected) in table { XCTAssertEqual(matching(selector, html), expected, selector) }
    }

    /// Selectors 4 §4.5.
    func testHas() {
        let table: [(String, String)] = [
            ("div:has(> p)", "d"), ("div:has(> a)", ""), ("div:has(a)", "d"), ("p:has(+ p)", "p1"), ("p:has(~ span)", "p1 p2"), ("p:has(~ span a)", "p1 p2"), ("span:has(input:checked, #zz)", "s"),
            ("p:has(+ span, > b)", "p2"), ("p:not(:has(*))", "p1 p2 p3"), ("div:has(p + span > a) input", "i j"), ("p:has()", ""), ("p:has(:foo)", "")
        ]
        for (selector, expected) in table { XCTAssertEqual(matching(selector, html), expected, selector) }
    }

    /// CSS Nesting 1: `&`, relative selectors, order of declarations, nested conditions.
    func testNestedRules() {
        let page = Page(html, "#d{left:1px;p{z-index:1}&.one{z-index:2}> span{z-index:3;a{z-index:4}}.x &{z-index:9}@media (min-width:1px){right:5px;#p3{z-index:6}}top:2px} p{&:empty{left:7px}+ span{left:8px}} #s{--c:{a:b};left:3px}", "#p1{z-index:5}")
        XCTAssertEqual(page.style("d").zIndex, 2)
        XCTAssertEqual(page.style("d").left, .px(px(1)))
        XCTAssertEqual(page.style("d").right, .px(px(5)))
        XCTAssertEqual(page.style("d").top, .px(px(2)))
        XCTAssertEqual(page.style("p1").zIndex, 1, "the nested selector has the specificity of an id")
        XCTAssertEqual(page.style("p3").zIndex, 6)
        XCTAssertEqual(page.style("s").zIndex, 3)
        XCTAssertEqual(page.style("a").zIndex, 4)
        XCTAssertEqual(page.style("p2").left, .px(px(7)))
        XCTAssertEqual(page.style("s").left, .px(px(3)))
    }

    func testNestingIsBounded() {
        let deep = String(repeating: "& b{", count: 5000) + "left:1px"
        XCTAssertEqual(Page(html, "#p1{" + deep, "#p1{z-index:3}").style("p1").zIndex, 3)
        let many = String(repeating: "p:has(> a ~ b){z-index:1}", count: 50)
        XCTAssertNil(Page(String(repeating: "<p>", count: 500) + "<p id=x>", many).style("x").zIndex)
    }

    func testInvalidSelectorsDropTheirRuleOnly() {
        for bad in ["p:foo", "p::foo", "p >", "> p", "p,,a", "p[", "p[=x]", "..x", "#1", "p:not()", "p:nth-child(n+ +1)", "p:nth-child(foo)", "ns|p", "p{", "a::before.b", "a::before b", "!", "p:not(:foo)"] {
            XCTAssertEqual(matching(bad, html), "", bad)
            if bad != "p{", bad != "p[" {                                   // these swallow what follows
                 XCTAssertEqual(matching(bad + "{left:1px} #p1", html), "p1", bad)
            }
        }
    }

    func testSpecificity() {
        let table: [(String, (UInt32, UInt32, UInt32))] = [
            ("*", (0, 0, 0)), ("li", (0, 0, 1)), ("ul li", (0, 0, 2)), ("ul ol+li", (0, 0, 3)), ("h1 + *[rel=up]", (0, 1, 1)), ("ul ol li.red", (0, 1, 3)), ("li.red.level", (0, 2, 1)), ("#x34y", (1, 0, 0)),
            ("#s12:not(foo)", (1, 0, 1)), (".foo :is(.bar, #baz)", (1, 1, 0)), (":where(#a) b", (0, 0, 1)), ("a:hover::before", (0, 1, 2))
        ]
        for (text, (a, b, c)) in table {
            let list = SelectorParser.parseList(TokenCursor(TokenBuffer.tokenize(Array(text.utf8))), store: SelectorStore())
            XCTAssertEqual(list?.first?.specificity, a << 20 | b << 10 | c, text)
        }
    }

    func testLongSiblingListsStayLinear() {
        var html = "<ul>"
        for i in 0..<3000 { html += "<li id=l\(i)>x" }
        let page = Page(html, "li:nth-child(3n+1):nth-last-of-type(odd){z-index:1} b ~ i ~ u li{z-index:2}")
        XCTAssertEqual(page.style("l0").zIndex, nil)
        XCTAssertEqual(page.style("l3").zIndex, 1)
    }

    func testDeepDocumentsAndLongSelectors() {
        let deep = String(repeating: "<div class=a>", count: 600) + "<b id=x>t"
        let chain = String(repeating: ".a ", count: 200)
        XCTAssertEqual(matching(chain + "#x", deep), "x")
        XCTAssertEqual(matching(chain + ".z " + chain + "#x", deep), "")
        XCTAssertEqual(matching(String(repeating: ".a > ", count: 100) + "#x", deep).isEmpty, false)
        XCTAssertEqual(matching(String(repeating: ".a ", count: 300) + "#x", deep), "", "longer than the limit")
    }
}
