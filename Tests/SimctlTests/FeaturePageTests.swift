// Layout of the feature pages against boxes that Chromium gave (LAY-001 to LAY-035, CSS-022 to CSS-053). Expectations and
// the list of known differences are written by `scripts/compare --features --expectations`.

import CSS
import DOM
import Foundation
import Layout
import Testing
@testable import SimctlCommands

@Suite struct FeaturePageTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Pages")

    /// Indices of elements known to differ, by page.
    static func known() throws -> [String: [Int]] {
        var result: [String: [Int]] = [:]
        for line in try String(contentsOf: folder.appendingPathComponent("known-differences.txt"), encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: ":")
            result[String(parts[0])] = parts[1].split(separator: " ").compactMap { Int($0) }
        }
        return result
    }

    /// Elements whose border box is more than a pixel away from the expected one at some edge.
    static func differences(_ page: String) throws -> [Int] {
        let base = folder.appendingPathComponent("features").appendingPathComponent(page)
        let expected = try JSONSerialization.jsonObject(with: Data(contentsOf: base.appendingPathExtension("json"))) as? [[Any]] ?? []
        let local = try LocalPage.load(base.appendingPathExtension("html").path)
        local.view.viewportWidth = 1280
        local.view.viewportHeight = 800
        local.view.laysOutSkippedContents = true
        local.view.update()
        let boxes = local.view.elementBoxes()
        #expect(boxes.map { local.document.name($0.node).string } == expected.compactMap { $0[0] as? String }, "\(page): other elements than Chromium's")
        guard boxes.count == expected.count else { return [] }
        var wrong: [Int] = []
        for (i, box) in boxes.enumerated() {
            if local.document.namespace(box.node) == .svg, local.document.name(box.node).string != "svg" { continue }
            let e = expected[i][2...].compactMap { ($0 as? NSNumber)?.doubleValue }
            let o = [box.x, box.y, box.width, box.height].map { Double($0.raw) / 64 }
            if e[2] == 0, e[3] == 0, o[2] == 0, o[3] == 0 { continue }
            let far = max(abs(e[0] - o[0]), abs(e[1] - o[1]), abs(e[0] + e[2] - o[0] - o[2]), abs(e[1] + e[3] - o[1] - o[3]))
            if far > 1 { wrong.append(i) }
        }
        return wrong
    }

    @Test func boxesAreWhereChromiumPutsThem() throws {
        let known = try Self.known()
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent("features").path)
        let pages = files.filter { $0.hasSuffix(".html") }.map { String($0.dropLast(5)) }.sorted()
        #expect(pages.count >= 40)
        for page in pages {
            let found = Set(try Self.differences(page)), listed = Set(known[page] ?? [])
            let broken = found.subtracting(listed).sorted(), mended = listed.subtracting(found).sorted()
            #expect(broken.isEmpty, "\(page): new differences at \(broken); see scripts/compare --page \(page) --worst 20")
            #expect(mended.isEmpty, "\(page): no longer different at \(mended); run scripts/compare --features --expectations")
        }
    }
}
