// URL parsing against the standard's examples and the shapes of the public test suite (inputs written here).
@testable import WebNet
import XCTest

final class URLTests: XCTestCase {
    func check(_ input: String, _ base: String?, _ expected: String?, line: UInt = #line) {
        let b = base.flatMap { URL($0) }
        if base != nil { XCTAssertNotNil(b, "base", line: line) }
        let u = URL(input, base: b)
        XCTAssertEqual(u?.href, expected, input, line: line)
        if let u { XCTAssertEqual(URL(u.href)?.href, u.href, "serialised form is stable", line: line) }
    }
    func testAbsolute() {
        check("http://example.com", nil, "http://example.com/")
        check("  http://EXAMPLE.com:80/a b?c d#e f\n", nil, "http://example.com/a%20b?c%20d#e%20f")
        check("https://user:pa ss@host:8443/x", nil, "https://user:pa%20ss@host:8443/x")
        check("http:example.org", nil, "http://example.org/")
        check("http:\\\\a\\b\\..\\c", nil, "http://a/c")
        check("http://a/%7Efoo/../%7e/./b/.", nil, "http://a/%7e/b/")
        check("http://a/b/%2E%2e/c", nil, "http://a/c")
        check("http://h?q", nil, "http://h/?q")
        check("http://h/?q='<>\"", nil, "http://h/?q=%27%3C%3E%22")
        check("ht\ntp://h/a\tb", nil, "http://h/ab")
        check("http://user@/x", nil, nil)
        check("http://@host/", nil, "http://host/")
        check("http://a:b@c:29/d", nil, "http://a:b@c:29/d")
        check("http://a@b@c/", nil, "http://a%40b@c/")
        check("http://host:99999/", nil, nil)
        check("http://host:8a/", nil, nil)
        check("http://:80/", nil, nil)
        check("http:///x", nil, "http://x/")
        check("https://", nil, nil)
        check("http://ho st/", nil, nil)
        check("http://a%41b/", nil, "http://aab/")
        check("http://a<b/", nil, nil)
        check("no scheme", nil, nil)
        check("", nil, nil)
        check("http://h/é?é#é", nil, "http://h/%C3%A9?%C3%A9#%C3%A9")
        check("http://bücher.example/", nil, "http://xn--bcher-kva.example/")
        check("http://☃.net/", nil, "http://xn--n3h.net/")
    }
    func testNumbersAsHosts() {
        check("http://127.1/", nil, "http://127.0.0.1/")
        check("http://0x7f.0.0.1", nil, "http://127.0.0.1/")
        check("http://017700000001", nil, "http://127.0.0.1/")
        check("http://4294967296/", nil, nil)
        check("http://256.0.0.1/", nil, nil)
        check("http://1.2.3.4.5/", nil, nil)
        check("http://10.0.2.2.:8000/", nil, "http://10.0.2.2:8000/")
        check("http://a.1b/", nil, "http://a.1b/")
        check("http://[::1]:81/", nil, "http://[::1]:81/")
        check("http://[2001:DB8:0:0:1:0:0:1]/", nil, "http://[2001:db8::1:0:0:1]/")
        check("http://[::1.2.3.4]/", nil, "http://[::102:304]/")
        check("http://[::1", nil, nil)
        check("http://[1::2::3]/", nil, nil)
        check("http://[1:2:3:4:5:6:7:8:9]/", nil, nil)
        check("http://[]/", nil, nil)
    }
    func testRelative() {
        let b = "http://a/b/c/d;p?q#f"
        for (r, e) in [("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"), ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"),
                       ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"), ("g#s", "http://a/b/c/g#s"), (";x", "http://a/b/c/;x"), ("", "http://a/b/c/d;p?q"),
                       (".", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"), ("../../../../g", "http://a/g"), ("/./g", "http://a/g"), ("g;x=1/../y", "http://a/b/c/y"),
                       ("http:g", "http://a/b/c/g"), ("HTTPS://x", "https://x/"), ("mailto:x@y", "mailto:x@y"), ("\\x", "http://a/x"), ("javascript:void(0)", "javascript:void(0)")] {
            check(r, b, e)
        }
        check("x", "mailto:a", nil)
        check("#x", "data:text/html,hi", "data:text/html,hi#x")
        check("x", "data:,a", nil)
        check("b", "view-source:http://h/a", nil)
    }
    func testOtherSchemes() {
        check("about:blank", nil, "about:blank")
        check("data:text/html,<p>x y</p>", nil, "data:text/html,<p>x y</p>")
        check("view-source:http://h/", nil, "view-source:http://h/")
        check("file:///a/../b", nil, "file:///b")
        check("file:c:\\x", nil, "file:///c:/x")
        check("file://localhost/a", nil, "file:///a")
        check("file:///C|/a/..", nil, "file:///C:/")
        check("../b", "file:///a/c/d", "file:///a/b")
        check("foo://h:80/a/../b", nil, "foo://h:80/b")
        check("foo:/a/b", nil, "foo:/a/b")
        check("web+x:/..//p", nil, "web+x:/.//p")
    }
    func testComponents() throws {
        let u = try XCTUnwrap(URL("http://h:8080/a/b?x=1#y"))
        XCTAssertEqual([u.scheme, u.host, u.path, u.query, u.fragment, u.origin, u.authority, u.requestTarget], ["http", "h", "/a/b", "x=1", "y", "http://h:8080", "h:8080", "/a/b?x=1"])
        XCTAssertEqual(u.effectivePort, 8080)
        XCTAssertEqual(URL("https://h")?.effectivePort, 443)
        XCTAssertEqual(u.withoutFragment.href, "http://h:8080/a/b?x=1")
        XCTAssertEqual(PercentEncoding.formEncode([("a b", "c&d"), ("é", "*-._~")]), "a+b=c%26d&%C3%A9=*-._%7E")
        XCTAssertEqual(PercentEncoding.decode(Array("%41%4".utf8)), Array("A%4".utf8))
    }
    func testDataURLs() throws {
        func data(_ s: String) -> (String, String)? { URL(s).flatMap { DataURL($0) }.map { ($0.contentType, String(decoding: $0.bytes, as: UTF8.self)) } }
        XCTAssertEqual(data("data:,a%20b")?.0, "text/plain;charset=US-ASCII")
        XCTAssertEqual(data("data:,a%20b?c")?.1, "a b?c")
        XCTAssertEqual(data("data:text/html;base64,PGI+")?.1, "<b>")
        XCTAssertEqual(data("data:text/html;base64,PGI+")?.0, "text/html")
        XCTAssertEqual(data("data:;charset=utf-8,x")?.0, "text/plain;charset=utf-8")
        XCTAssertEqual(data("data:text/plain; BASE64 ,Y Q = =")?.1, "a")
        XCTAssertNil(data("data:text/html"))
        XCTAssertNil(data("data:;base64,a"))
        XCTAssertNil(data("data:;base64,a$bc"))
    }
    /// Any bytes: never a trap, and what parses serialises stably.
    func testJunk() {
        var state: UInt64 = 88
        func next(_ n: UInt64) -> UInt64 { state = state &* 6364136223846793005 &+ 1442695040888963407; return (state >> 33) % n }
        let alphabet = Array("htp:/\\?#@[]%.abc0129x \t|-é☃\u{0}".unicodeScalars)
        let base = URL("http://a/b/c?d")
        for _ in 0..<20_000 {
            var text = next(2) == 0 ? "http://" : ""
            for _ in 0..<next(24) { text.unicodeScalars.append(alphabet[Int(next(UInt64(alphabet.count)))]) }
            guard let u = URL(text, base: next(2) == 0 ? base : nil) else { continue }
            XCTAssertEqual(URL(u.href)?.href, u.href, text)
        }
    }
}
