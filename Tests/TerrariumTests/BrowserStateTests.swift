// What the browser keeps on the data disk, over two runs of the whole machine: bookmarks, history, zoom, open tabs with their
// place; recorded and replayed; after power cuts (TAB-016, TAB-020, ACC-019).

import Devices
import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct BrowserState {
        private static func machine(_ disk: String, image: SystemImage? = nil, url: String = "", network: NetworkKind = .pages, faults: String = "", isKept: Bool = true) throws -> Simulation {
            let faults = try FaultPlan(parsing: faults)
            return try .desktop(image: image, url: url, network: network) {
                $0.disk = DiskConfiguration(path: disk, byteCount: FileManager.default.fileExists(atPath: disk) ? nil : 16 << 20)
                $0.disk!.isSnapshot = !isKept
                $0.disk!.faults = faults
            }
        }
        private func act(_ s: Simulation, _ actions: [String], settle: Double = 0.6) throws {
            let start = s.now / 1_000_000
            try s.schedule(script: actions.enumerated().map { "\(start + 20 + UInt64($0.offset) * 150)ms \($0.element)\n" }.joined())
            s.run(nanoseconds: seconds(0.02 + 0.15 * Double(actions.count) + settle))
        }
        private func loaded(_ s: Simulation, _ count: Int = 1) {
            s.run(until: .predicate { s.marks(.pageLoaded).count >= count || s.now > seconds(10) })
            s.run(nanoseconds: seconds(0.4))
        }
        private func shows(_ s: Simulation, _ text: String) throws -> Bool {
            TextFinder(text, TextFilter(), fonts: try ImageFonts.load(s.image)).find(in: s.gpu.frame) != nil
        }
        private func file(_ disk: String, _ name: String) throws -> String {
            try Launched.run(Project.binaries.appendingPathComponent("simctl").path, ["disk", "cat", disk, "/browser/" + name], in: Project.root).output
        }

        @Test func theSecondRunFindsWhatTheFirstLeft() throws {
            let folder = try TemporaryFolder(), disk = folder.path("my.state")
            try folder.write("<!DOCTYPE html><title>Haystack</title><body style='background:#fafbfc'><a href=long.html>long</a>", "pages/index.html")
            try folder.write("<!DOCTYPE html><title>Long page</title><body style='background:#e0f0ff'><input autofocus>" + (1...200).map { "<p>line \($0)" }.joined(), "pages/long.html")
            let image = try Project.image(pages: folder.url)
            let first = try Self.machine(disk, image: image, url: "http://10.0.2.2/")
            loaded(first)
            try act(first, ["key ctrl+d", "key ctrl+shift+b", "key ctrl+t", "type \"10.0.2.2/long.html\\n\""], settle: 1)
            try act(first, ["type \"kept words\"", "key ctrl+=", "move 400 500", "wheel -6"], settle: 0.8)
            #expect(first.pixel(marginX, marginY) == 0xE0F0FF)
            let picture = first.contentHash
            first.shutDown()
            #expect(first.processes("browser").isEmpty, "the browser saved and went: \(first.consoleText)")
            try first.closeDisk()
            first.expectConserved()

            // As the host sees it.
            let library = try file(disk, "library"), session = try file(disk, "session")
            #expect(library.contains("\nbookmark\thttp://10.0.2.2/\tHaystack\n") && library.contains("\nvisit\thttp://10.0.2.2/long.html\tLong page\t1\t17672256"), "\(library)")
            #expect(library.contains("setting\tbookmarks-bar\tshown\n") && library.contains("\nzoom\t10.0.2.2\t110\n"))
            #expect(session.contains("tab\tactive\t1\tLong page\nentry\tabout:start\t0\t\nentry\thttp://10.0.2.2/long.html\t342\t") && session.contains("kept words"), "\(session)")

            // The next run: the bar with the bookmark, an offer, and the tabs as they were.
            let second = try Self.machine(disk, image: image)
            second.run(untilSecond: 1.2)
            #expect(try shows(second, "Haystack") && shows(second, "Open the 2 tabs of the last time again?"))
            let before = second.marks(.pageLoaded).count
            try act(second, ["move 400 500", "key ctrl+shift+t"])
            loaded(second, before + 1)
            #expect(second.contentHash == picture, "the same page at the same place with the same text")
            try act(second, ["key ctrl+h"], settle: 1)
            #expect(try shows(second, "Today") && shows(second, "Long page"))
            second.shutDown()
            try second.closeDisk()
            #expect(try file(disk, "session").contains("\tLong page\n"))
            second.expectConserved()
        }

        /// Bookmarks one of the browser's own pages after a second.
        private static let typed = "900ms key ctrl+l\n950ms type \"jsos://about\\n\"\n1600ms key ctrl+d\n"
        @Test func aRecordedSessionReplaysWithTheStateItBeganWith() throws {
            let folder = try TemporaryFolder(), disk = folder.path("my.state"), trace = folder.path("a.trace")
            try folder.write(Self.typed + "2400ms close\n", "typed.input")
            for round in 1...2 {
                let run = simctl(["run", "--headless", "--network", "none", "--ram", "128M", "--state", disk, "--for", "20s", "--input", folder.path("typed.input"), "--record", trace, "--image", Project.imageDirectory.path])
                #expect(run.code == ExitCode.success, "\(run.message)")
                // The second time the key takes the bookmark away again.
                #expect(try file(disk, "library").contains("\nbookmark\tjsos://about\tAbout\n") == (round == 1))
                let replay = simctl(["replay", trace, "--verify", "--image", Project.imageDirectory.path])
                #expect(replay.code == ExitCode.success, "\(replay.message)")
            }
        }

        @Test func aPowerCutLeavesTheOldStateOrTheNewOne() throws {
            let folder = try TemporaryFolder(), disk = folder.path("my.state")
            let first = try Self.machine(disk, network: .none)
            try first.schedule(script: Self.typed)
            first.run(untilSecond: 3)
            try first.closeDisk()
            let before = try file(disk, "library")
            #expect(before.contains("bookmark\tjsos://about"))
            var lossCount = 0, seen: Set<Bool> = []
            for write in [1, 3, 5, 9, 60] {
                let copy = folder.path("copy\(write).state")
                try FileManager.default.copyItem(atPath: disk, toPath: copy)
                let cut = try Self.machine(copy, network: .none, faults: "power-loss#\(write)")
                try cut.schedule(script: "900ms key ctrl+shift+b\n1000ms key ctrl+h\n")
                cut.run(untilSecond: 2.5)
                if cut.disk?.isPowerLost == true { lossCount += 1 }
                try cut.closeDisk()
                let after = try file(copy, "library")
                seen.insert(after == before)
                #expect(after == before || after == before.replacing("bookmarks-bar\thidden", with: "bookmarks-bar\tshown").prefix(after.count - 17) + after.suffix(17), "neither old nor new after write \(write): \(after)")
                let next = try Self.machine(copy, network: .none, isKept: false)
                next.run(untilSecond: 0.6)
                #expect(!next.consoleText.contains("could not be understood"), "\(next.consoleText)")
            }
            #expect(lossCount >= 3 && seen.count == 2, "some cuts come before the save and some after it")
        }
    }
}
