// The html5lib suite against its ledger.
import Conformance
import XCTest

final class HTML5LibTests: XCTestCase {
    func testSuite() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let directory = root.appendingPathComponent("../shared/conformance/html5lib").standardized.path
        guard FileManager.default.fileExists(atPath: directory) else { throw XCTSkip("no html5lib suite at \(directory)") }
        let ledger = root.appendingPathComponent("Tests/HTMLTests/ledger.txt").path
        let summary = Conformance.runHTML5Lib(directory: directory, ledger: ledger)
        XCTAssertGreaterThan(summary.passed, 2000)
        XCTAssertTrue(summary.isAsExpected, "new \(summary.new) changed \(summary.changed) fixed \(summary.fixed)")
    }
}
