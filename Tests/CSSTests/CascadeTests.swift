// Cascade, inheritance, specificity, shorthands, calc, variables, media, hints, pseudo-elements.
import XCTest
import DOM
import Graphics
@testable import CSS

final class CascadeTests: XCTestCase {
    func testOriginImportanceSpecificityOrder() {
        let page = Page("<p id=x class=c style='color:#000001;top:1px'>t</p>",
                        "p{color:red;left:1px} #x{left:2px} .c{left:3px} p{right:1px} p{right:2px} p{color:#000002!important} p{display:inline}")
        let style = page.style("x")
        XCTAssertEqual(style.color, rgb(2))
        XCTAssertEqual(style.left, .px(px(2)))
        XCTAssertEqual(style.right, .px(px(2)))
        XCTAssertEqual(style.top, .px(px(1)))
        XCTAssertEqual(style.display, .inline)
    }

    func testInheritance() {
        let page = Page("<div id=a><p id=b>t</p></div>", "#a{color:#123456;font-size:20px;border:1px solid;margin-left:3px} #b{margin-left:inherit;border-left:inherit;font-size:1.5em}")
        let b = page.style("b")
        XCTAssertEqual(b.color, rgb(0x123456))
        XCTAssertEqual(b.marginLeft, .px(px(3)))
        XCTAssertEqual(b.borderLeft.width, px(1))
        XCTAssertEqual(b.borderLeft.color, rgb(0x123456))
        XCTAssertEqual(b.borderTop.width, .zero)
        XCTAssertEqual(b.fontSize, px(30))
        XCTAssertEqual(b.marginTop, .px(px(30)))                        // 1em of the user-agent sheet
        XCTAssertEqual(page.style("a").display, .block)
    }

    func testGlobalKeywordsAndAll() {
        let page = Page("<div style='color:#010203'><p id=x class=k>t</p><p id=y>", "p{color:#040506;display:inline} .k{all:unset} #y{color:initial;display:unset;margin:initial}")
        XCTAssertEqual(page.style("x").color, rgb(0x010203))
        XCTAssertEqual(page.style("x").marginTop, .zero)
        XCTAssertEqual(page.style("y").color, .black)
        XCTAssertEqual(page.style("y").display, .inline)
    }

    func testShorthands() {
        var s = styled("margin:1px 2px 3px;padding:1em 5%;border:2px dashed red;border-left:0;inset:auto 1px")
        XCTAssertEqual([s.marginTop, s.marginRight, s.marginBottom, s.marginLeft], [.px(px(1)), .px(px(2)), .px(px(3)), .px(px(2))])
        XCTAssertEqual(s.paddingTop, .px(px(20)))
        XCTAssertEqual(s.paddingLeft, .percent(5 * Length.onePercent))
        XCTAssertEqual(s.borderTop, BorderSide(width: px(2), style: .dashed, color: rgb(0xFF0000)))
        XCTAssertEqual(s.borderLeft.width, .zero)
        XCTAssertEqual(s.right, .px(px(1)))
        s = styled("font:italic small-caps bold 12px/1.5 'My Font', Arial, sans-serif;list-style:square inside url(a.png);flex:1 2 30%;overflow:hidden auto")
        XCTAssertEqual(s.fontFamilies, ["my font", "arial", "sans-serif"])
        XCTAssertEqual(s.fontStyle, .italic)
        XCTAssertTrue(s.fontSmallCaps)
        XCTAssertEqual(s.fontWeight, 700)
        XCTAssertEqual(s.fontSize, px(12))
        XCTAssertEqual(s.lineHeightLength, px(18))
        XCTAssertEqual(s.listStyleType, .square)
        XCTAssertEqual(s.listStylePosition, .inside)
        XCTAssertEqual(s.listStyleImage, "a.png")
        XCTAssertEqual(s.flexGrow, 65536)
        XCTAssertEqual(s.flexShrink, 131072)
        XCTAssertEqual(s.flexBasis, .percent(30 * Length.onePercent))
        XCTAssertEqual(s.overflowY, .auto)
        s = styled("flex:1;text-decoration:underline dotted #00f;border-radius:1px 2px;gap:4px 5px;outline:1px auto;place-content:center")
        XCTAssertEqual(s.flexBasis, .percent(0))
        XCTAssertEqual(s.textDecorationLines, .underline)
        XCTAssertEqual(s.textDecorationColor, rgb(0xFF))
        XCTAssertEqual(s.radiusBottomLeft, .px(px(2)))
        XCTAssertEqual(s.columnGap, .px(px(5)))
        XCTAssertEqual(s.outline.style, .auto)
        XCTAssertEqual(s.justifyContent, .center)
        XCTAssertEqual(styled("flex:none").flexShrink, 0)
        XCTAssertEqual(styled("flex:0 1 0").flexBasis, .zero)
        XCTAssertEqual(styled("list-style:none").listStyleType, .none)
    }

    func testBackground() {
        var s = styled("background:#eee url('x.png') no-repeat right 10px top 5px / cover fixed, red")
        XCTAssertTrue(s.backgroundLayers.isEmpty, "colour is allowed in the last layer only")
        s = styled("background:url('x.png') repeat-x center bottom 5px/20px auto,linear-gradient(to right, red, blue 50%) #eee")
        XCTAssertEqual(s.backgroundLayers.count, 2)
        XCTAssertEqual(s.backgroundLayers[0].image, .url("x.png"))
        XCTAssertEqual(s.backgroundLayers[0].repeatX, .repeat)
        XCTAssertEqual(s.backgroundLayers[0].repeatY, .noRepeat)
        XCTAssertEqual(s.backgroundLayers[0].positionX, .percent(50 * Length.onePercent))
        XCTAssertEqual(s.backgroundLayers[0].positionY, .calc(px: px(-5), percent: 100 * Length.onePercent))
        XCTAssertEqual(s.backgroundLayers[0].size, .size(width: .px(px(20)), height: .auto))
        XCTAssertEqual(s.backgroundLayers[1].image, .linearGradient(angle: 90 << 16, stops: [GradientStop(color: rgb(0xFF0000), position: nil), GradientStop(color: rgb(0xFF), position: .percent(50 * Length.onePercent))]))
        XCTAssertEqual(s.backgroundColor, rgb(0xEEEEEE))
        let page = Page("<div id=a><i id=b>", "#a{background:#123 url(q.png)} #b{background:inherit;background-repeat:no-repeat}")
        XCTAssertEqual(page.style("b").backgroundColor, rgb(0x112233))
        XCTAssertEqual(page.style("b").backgroundLayers.first?.image, .url("q.png"))
        XCTAssertEqual(page.style("b").backgroundLayers.first?.repeatX, .noRepeat)
    }

    func testUnitsAndCalc() {
        let cases: [(String, Length)] = [
            ("2em", .px(px(40))), ("2rem", .px(px(32))), ("1in", .px(px(96))), ("72pt", .px(px(96))), ("6pc", .px(px(96))), ("2.54cm", .px(px(96))), ("10vw", .px(px(100))), ("10vh", .px(px(80))),
            ("1vmin", .px(px(8))), ("25%", .percent(25 * Length.onePercent)), (".5px", .px(LayoutUnit(raw: 32))), ("1e1px", .px(px(10))), ("0", .zero), ("auto", .auto),
            ("calc(1px + 2em)", .px(px(41))), ("calc(100% - 10px)", .calc(px: px(-10), percent: 100 * Length.onePercent)), ("calc((1px + 2px) * 3)", .px(px(9))), ("calc(2 * (50% / 4))", .percent(25 * Length.onePercent)),
            ("min(10px, 2em)", .px(px(10))), ("max(10px, 2em)", .px(px(40))), ("clamp(1px, 5vw, 30px)", .px(px(30))), ("calc(10px - -5px)", .px(px(15))), ("fit-content", .fitContent),
            ("CALC(1PX*2)", .px(px(2)))
        ]
        for (text, expected) in cases { XCTAssertEqual(styled("width:" + text).width, expected, text) }
        for bad in ["calc(1px+2px)", "calc(1px + 2)", "-1px", "1", "1qq", "calc()", "calc(1px / 0)", "calc(1px * 1px)", "1px 2px", "red", "calc(1px + )"] {
            XCTAssertEqual(styled("width:7px;width:" + bad).width, .px(px(7)), bad)
        }
        XCTAssertEqual(styled("margin-left:-1px").marginLeft, .px(px(-1)))
        XCTAssertEqual(styled("width:1e99px").width, .px(.max))
    }

    func testColors() {
        let cases: [(String, Color)] = [
            ("#abc", rgb(0xAABBCC)), ("#AABBCC80", Color(0xAA, 0xBB, 0xCC, 0x80)), ("#abcd", Color(0xAA, 0xBB, 0xCC, 0xDD)), ("RebeccaPurple", rgb(0x663399)), ("transparent", .transparent),
            ("rgb(1,2,3)", rgb(0x010203)), ("rgb(10% 20% 30% / 50%)", Color(26, 51, 77, 128)), ("rgba(0,0,0,.25)", Color(0, 0, 0, 64)), ("rgb(300 -5 0)", rgb(0xFF0000)),
            ("hsl(120,100%,50%)", rgb(0x00FF00)), ("hsl(240deg 100% 50% / 1)", rgb(0x0000FF)), ("hsla(0,0%,50%,.5)", Color(128, 128, 128, 128)), ("hwb(0 0% 0%)", rgb(0xFF0000)), ("currentColor", rgb(0x010101))
        ]
        for (text, expected) in cases { XCTAssertEqual(styled("color:#010101;background-color:" + text).backgroundColor, expected, text) }
        for bad in ["#ab", "#abcde", "rgb(1,2)", "rgb(1 2 3 4)", "foo", "rgb(1,2,3"] where bad != "rgb(1,2,3" {
            XCTAssertEqual(styled("background-color:#777;background-color:" + bad).backgroundColor, rgb(0x777777), bad)
        }
    }

    func testFontSizeAndWeight() {
        XCTAssertEqual(styled("font-size:larger").fontSize, px(24))
        XCTAssertEqual(styled("font-size:x-large").fontSize, px(24))
        XCTAssertEqual(styled("font-size:150%").fontSize, px(30))
        let page = Page("<p><b id=a><b id=b>x</b></b><code id=c>x</code><code id=d>y</code></p>", "#d{font-family:'monospace', monospace;font-size:96.5%}")
        XCTAssertEqual(page.style("a").fontWeight, 700)
        XCTAssertEqual(page.style("b").fontWeight, 900)
        XCTAssertEqual(page.style("c").fontSize, px(13))
        XCTAssertEqual(page.style("d").fontSize.raw, 988)               // 15.44 px: two families, no monospace rule
        XCTAssertEqual(page.style("c").fontFamilies, ["monospace"])
    }

    func testVariables() {
        let page = Page("<div id=a><p id=b>", """
        :root{--c:#112233;--w:calc(var(--n)*2);--n:5px;--x:var(--y);--y:var(--x);--e:;--self:var(--self,1px)}
        #a{color:var(--c);width:var(--w);height:var(--nope,3px);left:var(--x,9px);border:var(--n) solid var(--nope, blue);margin:1px;margin:var(--nope)}
        #b{--n:7px;padding:var(--n) var(--n);top:var(--self,4px);--c:initial;color:var(--c)}
        """)
        let a = page.style("a"), b = page.style("b")
        XCTAssertEqual(a.color, rgb(0x112233))
        XCTAssertEqual(a.width, .px(px(10)))
        XCTAssertEqual(a.height, .px(px(3)))
        XCTAssertEqual(a.left, .px(px(9)))
        XCTAssertEqual(a.borderTop, BorderSide(width: px(5), style: .solid, color: rgb(0xFF)))
        XCTAssertEqual(a.marginTop, .zero, "invalid at computed-value time is unset, not the earlier declaration")
        XCTAssertEqual(b.paddingLeft, .px(px(7)))
        XCTAssertEqual(b.top, .px(px(4)))
        XCTAssertEqual(b.color, a.color, "invalid colour inherits")
    }

    func testVariableExplosionIsBounded() {
        var css = ":root{--a0:xxxxxxxxxxxxxxxx;"
        for i in 1...60 { css += "--a\(i):var(--a\(i - 1)) var(--a\(i - 1));" }
        let page = Page("<p id=x>", css + "} #x{font-family:var(--a60,serif)}")
        XCTAssertEqual(page.style("x").fontFamilies, ["serif"])
    }

    func testMediaQueries() {
        let yes = ["screen", "all", "(min-width: 1000px)", "(max-width: 1000px)", "screen and (min-width:10em)", "not print", "print, screen", "(width >= 500px)", "(400px < width <= 1000px)", "not all and (min-width: 2000px)",
                   "(orientation: landscape)", "(prefers-color-scheme: light)", "only screen", "(min-width:1px) and (max-height:900px)", "(min-width:9999px) or (min-width:1px)", "not (min-width: 2000px)", "(hover:hover)", ""]
        let no = ["print", "(min-width: 1001px)", "screen and (max-width: 999px)", "not screen", "(unknown: 3)", "not (unknown: 3)", "(prefers-color-scheme: dark)", "(width < 500px)", "screen and", "&", "tty", "(min-width: red)"]
        for query in yes { XCTAssertEqual(Page("<p id=x>", "@media \(query){#x{z-index:1}}").style("x").zIndex, 1, query) }
        for query in no { XCTAssertNil(Page("<p id=x>", "@media \(query){#x{z-index:1}}").style("x").zIndex, query) }
        let page = Page("<p id=x>", "@media (max-width:600px){@media screen{#x{z-index:1}}} #x{width:50vw}")
        XCTAssertNil(page.style("x").zIndex)
        page.engine.setViewport(width: 500, height: 800)
        page.restyle()
        XCTAssertEqual(page.style("x").zIndex, 1)
        XCTAssertEqual(page.style("x").width, .px(px(250)))
    }

    func testSupportsAndLayers() {
        XCTAssertEqual(Page("<p id=x>", "@supports (display:flex) and (not (foo:bar)){#x{z-index:1}}").style("x").zIndex, 1)
        XCTAssertNil(Page("<p id=x>", "@supports (display:blub){#x{z-index:1}}").style("x").zIndex)
        XCTAssertEqual(Page("<p id=x>", "@supports selector(a > b){#x{z-index:1}}").style("x").zIndex, 1)
        XCTAssertEqual(Page("<p id=x>", "@layer a,b; @layer b{p{z-index:1;top:1px!important}} @layer a{#x{z-index:2;top:2px!important}}").style("x").zIndex, 1)
        XCTAssertEqual(Page("<p id=x>", "@layer a,b; @layer b{p{top:1px!important}} @layer a{p{top:2px!important}}").style("x").top, .px(px(2)))
        XCTAssertEqual(Page("<p id=x>", "p{z-index:3} @layer a{#x{z-index:2}}").style("x").zIndex, 3)
    }

    func testImports() {
        let page = Page("<p id=x>")
        let imports = page.engine.addAuthorSheet(Array("@charset 'utf-8'; @import 'a.css'; @import url(../b.css) print; p{z-index:1} @import 'late.css';".utf8), baseURL: "http://h/d/e/s.css")
        XCTAssertEqual(imports.map { $0.url }, ["http://h/d/e/a.css", "http://h/d/b.css"])
        page.engine.setAuthorSheet(imports[0].sheet, Array("p{z-index:2;top:1px}".utf8), baseURL: imports[0].url)
        page.engine.setAuthorSheet(imports[1].sheet, Array("p{left:1px}".utf8), baseURL: imports[1].url)
        page.restyle()
        XCTAssertEqual(page.style("x").zIndex, 1, "an imported sheet comes before its importer")
        XCTAssertEqual(page.style("x").top, .px(px(1)))
        XCTAssertEqual(page.style("x").left, .auto)
    }

    func testPresentationalHints() {
        let page = Page("""
        <body bgcolor=ffeedd text=navy link=#00ff00><a id=a href=x>l</a><font id=f color=red size=+2 face="Arial, 'X'">f</font>
        <table id=t width=50% cellpadding=4 cellspacing=3 border=2 bgcolor=#abc align=center><tr valign=top><td id=d width=100 align=right nowrap>c</table><img id=i width=20 height=10px hspace=2><hr id=h size=5 width=30 noshade>
        <ol id=o type=A start=3><li>x</ol><font id=g color="chucknorris">g</font><p id=p align=center><center><div id=c>
        """, "td{padding-left:9px}", quirks: true)
        XCTAssertEqual(page.engine.style(of: page.document.body).backgroundColor, rgb(0xFFEEDD))
        XCTAssertEqual(page.style("f").color, rgb(0xFF0000))
        XCTAssertEqual(page.style("f").fontSize, px(24))
        XCTAssertEqual(page.style("f").fontFamilies, ["arial", "x"])
        XCTAssertEqual(page.style("a").color, rgb(0x00FF00))
        XCTAssertEqual(page.style("t").width, .percent(50 * Length.onePercent))
        XCTAssertEqual(page.style("t").borderSpacingX, px(3))
        XCTAssertEqual(page.style("t").borderTop.width, px(2))
        XCTAssertEqual(page.style("t").marginLeft, .auto)
        XCTAssertEqual(page.style("t").backgroundColor, rgb(0xAABBCC))
        let d = page.style("d")
        XCTAssertEqual(d.paddingTop, .px(px(4)))
        XCTAssertEqual(d.paddingLeft, .px(px(9)))
        XCTAssertEqual(d.borderTop, BorderSide(width: px(1), style: .inset, color: d.color), "frames of tables are in the text's colour")
        XCTAssertEqual(d.width, .px(px(100)))
        XCTAssertEqual(d.textAlign, .webkitRight)
        XCTAssertEqual(d.verticalAlign, .top)
        XCTAssertEqual(d.whiteSpace, .nowrap)
        XCTAssertEqual(page.style("i").height, .px(px(10)))
        XCTAssertEqual(page.style("i").marginLeft, .px(px(2)))
        XCTAssertEqual(page.style("h").height, .px(px(3)))
        XCTAssertEqual(page.style("o").listStyleType, .upperAlpha)
        XCTAssertEqual(page.style("o").counterReset, [CounterChange(name: "list-item", value: 2)])
        XCTAssertEqual(page.style("g").color, rgb(0xC00000))
        XCTAssertEqual(page.style("p").textAlign, .center)
        XCTAssertEqual(page.style("c").textAlign, .webkitCenter)
    }

    func testPseudoElements() {
        let page = Page("<p id=x title=T>t<q id=q>u</q><a id=l>", "p::before{content:'a' attr(title) counter(n) \"\\201C\";color:red} p:after{content:none} #l::after{} ::marker{color:blue}")
        let before = page.engine.pseudoStyle(of: page.node("x"), .before)
        XCTAssertEqual(before?.content, .items([.text("a"), .text("T"), .counter(name: "n", style: .decimal), .text("\u{201C}")]))
        XCTAssertEqual(before?.color, rgb(0xFF0000))
        XCTAssertNil(page.engine.pseudoStyle(of: page.node("x"), .after))
        XCTAssertNil(page.engine.pseudoStyle(of: page.node("l"), .after))
        XCTAssertEqual(page.engine.pseudoStyle(of: page.node("q"), .before)?.content, .items([.openQuote]))
        XCTAssertEqual(page.engine.pseudoStyle(of: page.node("x"), .marker)?.color, rgb(0xFF))
    }

    func testBlockificationAndFixups() {
        let page = Page("<span id=a></span><div id=f><span id=b></span></div><span id=c></span><table id=t style='float:left'></table>", "#a{float:left} #f{display:flex} #c{position:absolute;float:left;overflow-x:hidden;border-style:none;border-width:9px}")
        XCTAssertEqual(page.style("a").display, .block)
        XCTAssertEqual(page.style("b").display, .block)
        XCTAssertEqual(page.style("c").float, .none)
        XCTAssertEqual(page.style("c").overflowY, .auto)
        XCTAssertEqual(page.style("c").borderTop.width, .zero)
        XCTAssertEqual(page.style("t").display, .table)
    }

    func testStatesRestyleAndIdentity() {
        let page = Page("<a id=a href=x>l</a><p id=p>", "a:hover{color:#010101} a:visited{color:#020202}")
        let before = page.style("p"), version = page.engine.styleVersion
        page.document.setState(page.node("a"), .hovered)
        page.restyle()
        XCTAssertEqual(page.style("a").color, rgb(0x010101))
        XCTAssertTrue(page.style("p") === before)
        XCTAssertGreaterThan(page.engine.styleVersion, version)
        page.document.setState(page.node("a"), .visited)
        page.restyle()
        XCTAssertEqual(page.style("a").color, rgb(0x020202))
        XCTAssertTrue(page.engine.depends(on: .hovered))
        let now = page.engine.styleVersion
        page.document.noteMutation()
        page.restyle()
        XCTAssertEqual(page.engine.styleVersion, now)
    }

    func testStylesAreShared() {
        let page = Page("<ul><li id=a>x<li id=b>y<li id=c class=k>z</ul>", "li{color:red} .k{top:1px}")
        XCTAssertTrue(page.style("a") === page.style("b"))
        XCTAssertFalse(page.style("a") === page.style("c"))
    }
}
