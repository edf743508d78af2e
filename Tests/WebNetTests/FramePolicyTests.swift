// X-Frame-Options and frame-ancestors (HTML §7.7, CSP 3 §6.4.2).
import WebNet
import XCTest

final class FramePolicyTests: XCTestCase {
    private func forbids(_ headers: [(String, String)], _ ancestors: [String] = ["http://one.test"], url: String = "http://two.test/x") -> Bool {
        FramePolicy.forbids(HTTPResponse(url: URL(url)!, status: 200, reason: "OK", headers: HTTPHeaders(headers)), ancestors: ancestors)
    }
    func testFrameOptions() {
        XCTAssertFalse(forbids([]))
        XCTAssertTrue(forbids([("X-Frame-Options", "DENY")]))
        XCTAssertFalse(forbids([("X-Frame-Options", "DENY")], []), "not in a frame")
        XCTAssertTrue(forbids([("x-frame-options", " sameorigin ")]))
        XCTAssertFalse(forbids([("X-Frame-Options", "SAMEORIGIN")], ["http://two.test", "http://two.test"]))
        XCTAssertTrue(forbids([("X-Frame-Options", "SAMEORIGIN")], ["http://two.test", "http://one.test"]), "every ancestor counts")
        XCTAssertFalse(forbids([("X-Frame-Options", "nonsense")]))
        XCTAssertFalse(forbids([("X-Frame-Options", "ALLOWALL")]))
        XCTAssertTrue(forbids([("X-Frame-Options", "ALLOWALL"), ("X-Frame-Options", "SAMEORIGIN")], ["http://two.test"]), "contradiction")
        XCTAssertFalse(forbids([("X-Frame-Options", "SAMEORIGIN, sameorigin")], ["http://two.test"]))
    }
    func testFrameAncestors() {
        func csp(_ sources: String, _ ancestors: [String] = ["http://one.test"]) -> Bool { forbids([("Content-Security-Policy", "default-src 'self'; frame-ancestors \(sources)")], ancestors) }
        XCTAssertTrue(csp("'none'"))
        XCTAssertTrue(csp(""))
        XCTAssertTrue(csp("'self'"))
        XCTAssertFalse(csp("'self'", ["http://two.test"]))
        XCTAssertFalse(csp("*"))
        XCTAssertTrue(csp("*", ["null"]))
        XCTAssertFalse(csp("one.test"))
        XCTAssertTrue(csp("two.test"))
        XCTAssertFalse(csp("http://ONE.test/path"))
        XCTAssertTrue(csp("https://one.test"))
        XCTAssertFalse(csp("http://one.test", ["https://one.test"]), "http means https too")
        XCTAssertFalse(csp("*.test"))
        XCTAssertTrue(csp("*.one.test"))
        XCTAssertFalse(csp("*.one.test", ["http://a.one.test"]))
        XCTAssertTrue(csp("one.test", ["http://one.test:81"]))
        XCTAssertFalse(csp("one.test:81", ["http://one.test:81"]))
        XCTAssertFalse(csp("one.test:*", ["http://one.test:81"]))
        XCTAssertFalse(csp("http:"))
        XCTAssertTrue(csp("https:"))
        XCTAssertTrue(csp("one.test", ["http://one.test", "http://evil.test"]))
        XCTAssertFalse(forbids([("Content-Security-Policy", "frame-ancestors one.test"), ("X-Frame-Options", "DENY")]), "the policy rules the option out")
        XCTAssertTrue(forbids([("Content-Security-Policy", "frame-ancestors one.test, frame-ancestors 'none'")]), "each policy counts")
        XCTAssertTrue(forbids([("Content-Security-Policy", "script-src x"), ("X-Frame-Options", "DENY")]))
    }
}
