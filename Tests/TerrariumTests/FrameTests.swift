// Frames in the whole machine: documents of two origins on one page, each in a process of its own; input, navigation,
// containment, memory, and equal replays (issue "The browser engine", Processes; TAB-*, ARCH-023).

import ABI
import Foundation
import Kernel
import Machine
import Policies
import Testing
@testable import Terrarium

/// Decides once that every hidden tab and frame shall sleep, or go.
private final class HiddenPolicy: MemoryPolicy {
    let name: StaticString = "forced"
    let action: MemoryAction
    init(_ action: MemoryAction) { self.action = action }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        snapshot.tabs.filter { $0.lifecycle == .hidden && $0.flags.isEmpty }.map { MemoryDecision(action, pid: $0.pid, .requested) }
    }
}

extension WholeMachine {
    @Suite struct Frames {
        static let style = "<style>body { margin: 0 } iframe { position: absolute; border: 0 } a, p { display: block; margin: 0; height: 100px }</style>"
        static let note: UInt32 = 0xFBF0EA
        private static func pages() throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            func write(_ name: String, _ title: String, _ colour: String, _ body: String) throws {
                try folder.write("<!DOCTYPE html><title>\(title)</title>\(style)<body style='background:#\(colour)'>\(body)", "pages/" + name)
            }
            try write("index.html", "Outside", "102030", """
                <iframe src=http://two.test/child.html style='left:60px;top:40px' width=400 height=300></iframe>
                <iframe srcdoc="<body style='background:#405060'>" style='left:500px;top:40px' width=200 height=150></iframe><div style='height:3000px'></div>
                """)
            try write("child.html", "Inside", "203040", "<a href=next.html style='background:#506070'>next</a><input style='height:40px'><div style='height:800px'></div>")
            try write("next.html", "Next", "304050", "<a target=_top href=http://three.test/top.html style='background:#516171'>top</a>")
            try write("top.html", "Top", "607080", "alone")
            try write("hurt.html", "Hurt", "102030", """
                <iframe src=about:crash style='left:60px;top:40px' width=300 height=200></iframe><iframe src=http://two.test/child.html style='left:400px;top:40px' width=300 height=200></iframe>
                <iframe src=about:hang style='left:60px;top:300px' width=300 height=200></iframe><div style='height:3000px'></div>
                """)
            let one = "<iframe style='position:static' width=60 height=40 src='data:text/html,<body bgcolor=%23123456>'></iframe>"
            try write("many.html", "Many", "102030", String(repeating: one, count: 20))
            try write("shy.html", "Shy", "203040", "private")
            try folder.write("X-Frame-Options: SAMEORIGIN\n", "pages/shy.html.headers")
            try write("refused.html", "Refused", "102030", "<iframe src=http://two.test/shy.html style='left:60px;top:40px' width=300 height=200></iframe><iframe src=shy.html style='left:400px;top:40px' width=300 height=200></iframe>")
            return folder
        }
        nonisolated(unsafe) private static let folder = Result { try pages() }
        private func desktop(_ page: String, script: String = "", change: (inout SimulationConfiguration) -> Void = { _ in }) throws -> Simulation {
            try Simulation.desktop(image: try Project.image(pages: try Self.folder.get().url), url: "http://one.test/" + page, script: script, change: change)
        }

        // MARK: Looking at the screen

        /// Bounds of everything of a colour below the browser's bars; nil without any.
        private func bounds(_ s: Simulation, _ colour: UInt32) -> (x: Int, y: Int, width: Int, height: Int)? {
            let pixels = s.gpu.frame.composedPixels(), width = s.gpu.frame.width
            var left = Int.max, right = -1, top = Int.max, bottom = -1
            for i in (60 * width)..<pixels.count where pixels[i] & 0xFFFFFF == colour {
                left = min(left, i % width); right = max(right, i % width)
                top = min(top, i / width); bottom = max(bottom, i / width)
            }
            return right < 0 ? nil : (left, top, right - left + 1, bottom - top + 1)
        }
        private func act(_ s: Simulation, _ actions: [String], settle: Double = 0.3) throws {
            let start = s.now / 1_000_000
            try s.schedule(script: actions.enumerated().map { "\(start + 20 + UInt64($0.offset) * 100)ms \($0.element)\n" }.joined())
            s.run(nanoseconds: seconds(0.02 + 0.1 * Double(actions.count) + settle))
        }

        // MARK: Loading, input, navigation

        @Test func documentsOfTwoOriginsOnOnePage() throws {
            let s = try desktop("index.html")
            s.run(untilSecond: 2)
            let inner = try #require(bounds(s, 0x405060)), child = try #require(bounds(s, 0x203040))
            #expect(inner.width == 200 && inner.height == 150)
            #expect(child.x == inner.x - 440 && child.width == 400 && child.y + child.height == inner.y + 300)
            #expect(s.processes("tab").count == 4, "zygote, page, two frames")
            #expect(s.pixel(marginX, marginY) == 0x102030)
            s.expectConserved()

            // The wheel scrolls the frame under the pointer, then what is around it.
            let over = "move \(child.x + 200) \(inner.y + 250)"
            try act(s, [over, "wheel -2"])
            #expect(bounds(s, 0x506070) == nil && bounds(s, 0x405060)! == inner)
            try act(s, ["wheel -30", "wheel -3"])
            let moved = bounds(s, 0x405060)
            #expect(moved == nil || moved!.y < inner.y || moved!.height < inner.height, "the page scrolled on")
            try act(s, ["wheel 30", "wheel 30"])
            #expect(bounds(s, 0x405060)! == inner && bounds(s, 0x506070) != nil)

            // Keys go to the frame that was clicked in; Tab leads in and out.
            let before = s.contentHash
            try act(s, ["click \(child.x + 40) \(inner.y + 120)", "type \"words\""])
            let typed = s.contentHash
            #expect(typed != before)
            try act(s, ["key tab", "key tab", "type \"x\""])
            #expect(s.contentHash != before && s.processes("tab").count == 4)

            // A link moves the frame alone, one with a target everything.
            try act(s, ["click \(child.x + 300) \(inner.y + 50)"], settle: 0.6)
            #expect(bounds(s, 0x304050)?.width == 400 && bounds(s, 0x203040) == nil && s.pixel(marginX, marginY) == 0x102030)
            #expect(s.processes("tab").count == 4)
            // Back and forward move the frame too.
            try act(s, ["key alt+left"], settle: 0.6)
            #expect(bounds(s, 0x203040)?.width == 400 && bounds(s, 0x304050) == nil && s.pixel(marginX, marginY) == 0x102030)
            try act(s, ["key alt+right"], settle: 0.6)
            #expect(bounds(s, 0x304050)?.width == 400)
            try act(s, ["click \(child.x + 300) \(inner.y + 50)"], settle: 0.6)
            #expect(s.pixel(marginX, marginY) == 0x607080)
            #expect(s.processes("tab").count == 2, "the frames ended with their page")
            try act(s, ["key alt+left"], settle: 1)
            #expect(bounds(s, 0x304050)?.width == 400 && bounds(s, 0x405060)?.width == 200, "the page comes back with its frame where it was")
            s.expectConserved()
            try act(s, ["key alt+right"], settle: 0.6)
            #expect(s.pixel(marginX, marginY) == 0x607080)
            #expect(!s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectAllReturned()
        }

        @Test func aSessionWithFramesReplaysEqually() throws {
            let s = try desktop("index.html", script: "1.5s move 300 400\n1.6s wheel -2\n1.8s click 300 200\n2.0s type \"a\"\n2.2s key ctrl+t\n") { $0.checkpointPeriodNanoseconds = 250_000_000 }
            let path = try Self.folder.get().path("frames.trace")
            let writer = try TraceWriter(path: path, header: TraceHeader(configuration: s.machine.configuration, imageHash: s.image.hash, toolchain: "test"))
            writer.attach(to: s.machine)
            s.run(untilSecond: 2.6)
            try writer.finish(s.machine)
            #expect(s.processes("tab").count == 5)
            let trace = try TraceReader(path: path)
            let again = try Simulation(try SimulationConfiguration(trace.header.configuration), image: s.image, mode: .replay)
            let replayer = Replayer(trace, isVerifying: true)
            replayer.attach(to: again.machine)
            #expect(again.run(until: .forever) == .replayEnded)
            #expect(replayer.checkpointCount >= 6)
            #expect(again.consoleText == s.consoleText)
            #expect(again.contentHash == s.contentHash)
        }

        // MARK: Containment

        @Test(.timeLimit(.minutes(3))) func framesThatCrashOrHangHurtNobody() throws {
            let s = try desktop("hurt.html")
            s.run(untilSecond: 2.5)
            let failed = try #require(bounds(s, Self.note)), child = try #require(bounds(s, 0x506070))
            #expect(failed.width == 300 && failed.height == 200)
            #expect(s.consoleText.contains("(tab) ended: trapped"))
            #expect(s.processes("tab").count == 4, "zygote, page, the good frame, the one that spins")
            let calm = s.contentHash
            try act(s, ["move \(child.x + 50) \(child.y + 150)", "wheel -1"])
            #expect(s.contentHash != calm, "the good frame scrolls")
            // Its note asks for it again; it crashes again.
            let count = s.consoleText.components(separatedBy: "ended: trapped").count
            for y in stride(from: failed.y + 40, to: failed.y + 150, by: 12) { try act(s, ["click \(failed.x + 40) \(y)"], settle: 0.05) }
            s.run(nanoseconds: seconds(0.5))
            #expect(s.consoleText.components(separatedBy: "ended: trapped").count > count)
            #expect(bounds(s, Self.note) != nil)
            s.run(until: .predicate { s.processes("tab").count == 3 || s.now > seconds(14) })
            s.run(nanoseconds: seconds(0.3))
            #expect(s.processes("tab").count == 3 && s.consoleText.contains("(tab) ended: killed"), "\(s.consoleText)")
            #expect(bounds(s, Self.note)?.height == 460, "both notes")
            try act(s, ["move 900 600", "wheel -3"])
            #expect(s.pixel(marginX, marginY) == 0x102030)
            s.expectConserved()
            try act(s, ["key ctrl+w"])
            #expect(s.processes("tab").count == 2)
            s.expectAllReturned()
        }
        @Test func aTabHasSoManyFramesAndNoMore() throws {
            let s = try desktop("many.html")
            s.run(untilSecond: 3)
            #expect(s.processes("tab").count == 18)
            #expect(bounds(s, Self.note) != nil && bounds(s, 0x123456) != nil)
            s.expectConserved()
            try act(s, ["key f5"], settle: 2)
            #expect(s.processes("tab").count == 18)
            try act(s, ["key ctrl+w"])
            #expect(s.processes("tab").count == 2)
            s.expectAllReturned()
        }
        @Test func aPageMayForbidToBeFramed() throws {
            let s = try desktop("refused.html")
            s.run(untilSecond: 2)
            let other = try #require(bounds(s, PageColour.failure)), own = try #require(bounds(s, 0x203040))
            #expect(other.width == 300 && other.height == 200 && own.x == other.x + 340 && own.width == 300)
            s.expectConserved()
        }

        // MARK: Memory

        @Test func framesSleepAndWakeWithTheirTab() throws {
            let control = try desktop("index.html") { $0.policy = "none" }, slept = try desktop("index.html") { $0.policy = "none" }, discarded = try desktop("index.html") { $0.policy = "none" }
            for s in [control, slept, discarded] { s.run(untilSecond: 2) }
            let shown = control.contentHash
            for (s, action) in [(slept, MemoryAction.hibernate), (discarded, .discard)] { s.kernel.memoryPolicy = HiddenPolicy(action) }
            for s in [control, slept, discarded] { try act(s, ["key ctrl+t"], settle: 2.5) }
            let asleep = slept.kernel.processRecords.filter { $0.exitReason == 0 && $0.tabID == 1 }
            #expect(asleep.count == 3 && asleep.allSatisfy { $0.lifecycle == LifecycleState.hibernated.rawValue }, "\(asleep)")
            #expect(discarded.processes("tab").count == 2, "the page and its frames are gone")
            for s in [slept, discarded] { s.expectConserved() }
            for s in [control, slept, discarded] { try act(s, ["key ctrl+1"], settle: 1.5) }
            #expect(control.contentHash == shown && slept.contentHash == shown && discarded.contentHash == shown)
            #expect(discarded.processes("tab").count == 4, "zygote, page and two frames; the other tab is hidden now, and gone")
            for s in [control, slept, discarded] { s.expectAllReturned() }
        }
    }
}
