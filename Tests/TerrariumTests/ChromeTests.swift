// The browser's own controls in the whole machine, by keys: find in page, zoom, bookmarks, history, settings, downloads,
// files, source (TAB-005…TAB-047).

import ABI
import Foundation
import Machine
import Testing
@testable import Terrarium

extension WholeMachine {
    @Suite struct Chrome {
        /// Performs actions 150 ms apart, then lets things settle.
        private func act(_ s: Simulation, _ actions: [String], settle: Double = 0.5) throws {
            let start = s.now / 1_000_000
            try s.schedule(script: actions.enumerated().map { "\(start + 20 + UInt64($0.offset) * 150)ms \($0.element)\n" }.joined())
            s.run(nanoseconds: seconds(0.02 + 0.15 * Double(actions.count) + settle))
        }
        private func count(_ s: Simulation, _ colour: UInt32) -> Int { s.gpu.frame.composedPixels().reduce(0) { $0 + ($1 & 0xFFFFFF == colour ? 1 : 0) } }
        private func shows(_ s: Simulation, _ text: String) throws -> Bool {
            TextFinder(text, TextFilter(), fonts: try ImageFonts.load(s.image)).find(in: s.gpu.frame) != nil
        }

        @Test func theBrowsersOwnControls() throws {
            let folder = try TemporaryFolder()
            try folder.write("<!DOCTYPE html><title>Haystack</title><body style='background:#fafbfc;font:16px sans-serif'><p>a needle, a Needle</p><a href=data.log>the file</a>", "pages/index.html")
            try folder.write("saved words", "pages/data.log")
            let s = try Simulation.desktop(image: try Project.image(pages: folder.url), url: "http://10.0.2.2/")
            s.run(until: .predicate { !s.marks(.pageLoaded).isEmpty || s.now > seconds(10) })
            s.run(nanoseconds: seconds(0.5))
            #expect(s.pixel(marginX, marginY) == 0xFAFBFC)
            let plain = s.contentHash

            // Find in page.
            try act(s, ["key ctrl+f", "type \"NEEDLE\""], settle: 1.5)
            #expect(count(s, 0xFF9632) > 20 && count(s, 0xFFEE88) > 20)
            #expect(try shows(s, "1 of 2"))
            let first = s.contentHash
            try act(s, ["key enter"])
            #expect(s.contentHash != first && count(s, 0xFF9632) > 20 && count(s, 0xFFEE88) > 20)
            #expect(try !shows(s, "1 of 2") && shows(s, "2 of 2"))
            try act(s, ["key esc"])
            #expect(count(s, 0xFF9632) == 0)

            // Zoom there and back.
            #expect(s.contentHash == plain)
            try act(s, ["key ctrl+=", "key ctrl+="])
            #expect(s.contentHash != plain)
            try act(s, ["key ctrl+0"])
            #expect(s.contentHash == plain)

            // A bookmark, its bar, and the list of visited pages.
            try act(s, ["key ctrl+d", "key ctrl+shift+b"])
            #expect(try shows(s, "Haystack"))
            try act(s, ["key ctrl+h"])
            #expect(s.pixel(marginX, marginY) == 0xF4F6F8)
            #expect(try shows(s, "History"))
            try act(s, ["key ctrl+w"])

            // A file that cannot be shown is saved; the page stays.
            try act(s, ["key tab", "key enter"], settle: 1)
            #expect(s.pixel(marginX, marginY) == 0xFAFBFC)
            try act(s, ["key ctrl+l", "type \"file:///tmp/downloads/data.log\\n\""])
            #expect(try shows(s, "saved words"))

            // Markup in colours.
            try act(s, ["key ctrl+l", "type \"view-source:http://10.0.2.2/\\n\""], settle: 1)
            #expect(count(s, 0x0B4FC4) > 20, "tag names are blue")
            #expect(!s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectConserved()
        }
    }
}
