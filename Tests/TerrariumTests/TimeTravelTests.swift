// Time travel (issue "The machine to its full promise"; TEST-001): a state reached by going back equals the state reached
// directly; conditions are found at the exact turn; text is found in pixels; mistakes are explained.

import Foundation
import Graphics
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct TimeTravelling {
        private static let executable = Project.binaries.appendingPathComponent("simctl")
        nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }

        /// A process that sleeps inside a call, recorded for 1.2 s.
        private static let sleeper: Result<(trace: String, image: URL), any Error> = Result {
            let folder = try Self.folder.get(), entry = try TestPrograms.entry("sleeper.wat", as: "init")
            let image = SystemImage(directory: folder.url, programs: [entry], files: [], pagesHash: "")
            try image.save()
            let s = try Simulation.bare(image), path = folder.path("sleeper.trace")
            let writer = try TraceWriter(path: path, header: TraceHeader(configuration: s.machine.configuration, imageHash: image.hash, toolchain: "test"))
            writer.attach(to: s.machine)
            s.machine.schedule(.consoleInput([65]), at: .milliseconds(500))
            s.run(untilSecond: 1.2)
            try writer.finish(s.machine)
            return (path, folder.url)
        }
        /// Hashes at ticks of the same trace, replayed here and straight on.
        private func directHashes(_ path: String, _ image: SystemImage, _ ticks: [UInt64]) throws -> [[NamedHash]] {
            let trace = try TraceReader(path: path)
            let s = try Simulation(try SimulationConfiguration(trace.header.configuration), image: image, mode: .replay)
            Replayer(trace, isVerifying: false).attach(to: s.machine)
            return ticks.map { tick in
                s.run(until: .tick(Tick(nanoseconds: tick)))
                return s.namedHashes
            }
        }
        private func goesBackEqually(_ timeline: Timeline, _ path: String, _ image: SystemImage, _ ticks: [UInt64]) throws {
            let expected = try directHashes(path, image, ticks)
            #expect(Set(expected.map { $0.map(\.hash).joined() }).count == ticks.count)       // really different states
            try timeline.go(to: ticks[1] + 1)
            try timeline.checkpoint()
            try timeline.go(to: ticks[3] - 1)
            try timeline.checkpoint()
            try timeline.go(to: timeline.trace.endTick.nanoseconds)
            for i in ticks.indices.reversed() {
                try timeline.go(to: ticks[i])
                #expect(try timeline.hashes() == expected[i], "at \(ticks[i])")
            }
            #expect(timeline.checkpoints.count >= 3)
        }

        @Test func goingBackGivesTheSameStates() throws {
            let path = try Traces.recorded.get(), image = try Project.image()
            let timeline = try Timeline(trace: path, image: image.directory, executable: Self.executable)
            // 0.95 to 1.75: typing, loading and layout; programs are in the middle of a computation.
            try goesBackEqually(timeline, path, image, [300_000_000, 951_234_567, 1_300_000_000, 1_750_000_001, 2_100_000_000])
            try timeline.go(to: 2_050_000_000)
            let verified = try timeline.verify()
            #expect(verified?.differing == [] && verified?.compared ?? 0 > 5)
            let report = try timeline.memory()
            #expect(report.conservationProblem == nil && report.frames.reduce(0) { $0 + Int($1.count) } == report.framesTotal)
        }
        @Test func aTaskInTheMiddleOfACallComesAlong() throws {
            let (path, directory) = try Self.sleeper.get()
            let image = try SystemImage.load(directory), timeline = try Timeline(trace: path, image: directory, executable: Self.executable)
            try goesBackEqually(timeline, path, image, [50_000_000, 205_000_000, 411_000_000, 613_000_000, 790_000_000])
            let p = try timeline.processes()
            #expect(p.count == 1 && p[0].blockedIn == "waitMany" && p[0].state == "blocked")
            #expect(try timeline.timers().contains { $0.owners == [1] })
            let pages = try timeline.pages(pid: 1)
            #expect(pages.reduce(0) { $0 + $1.pages } > 0 && pages.allSatisfy { $0.end - $0.start == UInt64($0.pages) << 16 })
            #expect(throws: TerrariumError.self) { try timeline.handles(pid: 99) }
            #expect(try timeline.handles(pid: 1).contains { $0.kind == "system" })
        }

        // MARK: Conditions

        @Test func aConditionIsFoundAtItsTurn() throws {
            let (path, directory) = try Self.sleeper.get()
            let timeline = try Timeline(trace: path, image: directory, executable: Self.executable)
            let run = try timeline.run(until: "process init gone")
            #expect(run.end == .held)
            // A nanosecond earlier it runs, there it is gone.
            let tick = run.position.tick
            try timeline.go(to: 1_000_000)
            let again = try timeline.run(until: "not process init exists and metric process.init.instructions == 0")
            #expect(again.position.tick == tick)
            let s = try timeline.run(until: "console \"never\"")
            #expect(s.end == .traceEnded && s.position.isAtEnd)
            try timeline.go(to: tick - 1_000_000)
            #expect(try timeline.processes().contains { $0.name == "init" && $0.state != "ended" })
        }
        @Test func bisectOnTheCommandLine() throws {
            let (path, directory) = try Self.sleeper.get(), program = Self.executable.path
            func bisect(_ condition: String) throws -> (code: Int32, output: String) {
                try Launched.run(program, ["trace", "bisect", path, "--image", directory.path, "--when", condition], in: Project.root)
            }
            let found = try bisect("console \"nap\" and metric machine.host_events >= 1")
            #expect(found.code == 0 && found.output.contains("first holds at 0.5") && found.output.contains("--inspect"), "\(found.output)")
            #expect(found.output.contains("before: 0.500000000 console 1 bytes"))
            let never = try bisect("process tab exists")
            #expect(never.code == 1 && never.output.contains("never held"), "\(never.output)")
            let bad = try bisect("process init gne")
            #expect(bad.code == 64 && bad.output.contains("'gone'") && bad.output.contains("               ^"), "\(bad.output)")
        }
        @Test func thePromptTakesCommands() throws {
            let (path, directory) = try Self.sleeper.get()
            func inspect(_ more: [String]) throws -> (code: Int32, output: String) {
                try Launched.run(Self.executable.path, ["replay", path, "--image", directory.path] + more, in: Project.root)
            }
            let all = try inspect(["--until", "300ms", "--command", "info; ps; mem; mem 1; channels; handles 1; services; devices; timers; marks; console 3; trace; checkpoints",
                                   "--command", "step 2; next; goto +1ms; back 100ms; checkpoint; verify"])
            #expect(all.code == 0, "\(all.output)")
            for part in ["tick          300", "waitMany", "[1 init] nap", "DRIVER_OK", "every frame and reference has its owner", "(500", "equal at 1."] { #expect(all.output.contains(part), "\(part): \(all.output)") }
            let json = try inspect(["--json", "--command", "ps; mem; goto 0.4s; quit; info"])
            let lines = json.output.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
            #expect(lines.count == 3 && lines.allSatisfy { $0["schema"] as? Int == 1 }, "\(json.output)")
            let mistakes = try inspect(["--command", "sp; goto soon; mem x; until process"])
            #expect(mistakes.code == 1 && mistakes.output.contains("Did you mean 'ps'") && mistakes.output.contains("not 'soon'"), "\(mistakes.output)")
        }
        /// On a terminal the line is edited: backspace, history, completion, end of input.
        @Test func thePromptEditsLines() throws {
            let (path, directory) = try Self.sleeper.get()
            // Types each piece when a prompt is waiting.
            let program = """
            import os, pty, sys
            keys = [b"gotp\\x7fo 300ms\\r", b"\\x1b[A\\x1b[D\\x1b[D\\x7f1\\r", b"inf\\t\\r", b"nonsense\\x03", b"\\x04"]
            pid, fd = pty.fork()
            if pid == 0: os.execve(sys.argv[1], sys.argv[1:], dict(os.environ, TERM="xterm"))
            text, typed = b"", 0
            while True:
                try: piece = os.read(fd, 4096)
                except OSError: break
                if not piece: break
                text += piece
                if typed < len(keys) and text.endswith(b" s> "):
                    os.write(fd, keys[typed]); typed += 1; text += b"|"
            sys.stdout.buffer.write(text); sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
            let result = try Launched.run("/usr/bin/env", ["python3", "-c", program, Self.executable.path, "replay", path, "--image", directory.path, "--inspect"], in: Project.root)
            let plain = PlainConsole.text(of: result.output.replacingOccurrences(of: "|", with: ""))
            #expect(result.code == 0 && plain.contains("0.000000000 s> goto 300ms\n") && plain.contains("0.300000000 s> goto 301ms\n") && plain.contains("0.301000000 s> info \n"), "\(plain)")
            #expect(plain.contains("tick          301000000 ns") && plain.contains("nonsense^C"), "\(plain)")
        }
        /// The picture holds a window's title and a page's text; a word that is not there, or no longer, is not found.
        @Test func textIsFoundInPixels() throws {
            let timeline = try Timeline(trace: try Traces.recorded.get(), image: Project.imageDirectory, executable: Self.executable)
            let shown = try timeline.run(until: "text \"Debian Policy version 4.6.2.0, released\" sans regular size 14.4 or text \"Debian Policy version 4.6.2.0, released\" sans regular size 15 or text \"Debian Policy Manual\" sans bold size 13")
            #expect(shown.end == .held)
            try timeline.go(to: timeline.trace.endTick.nanoseconds - 1)
            func isOnScreen(_ text: String) throws -> Bool {
                let tick = timeline.position.tick
                defer { _ = try? timeline.go(to: tick) }
                return try timeline.run(until: text).position.tick == tick
            }
            #expect(try isOnScreen("text \"Debian Policy Manual\" sans bold size 13"))
            #expect(try isOnScreen("text \"Terrarium\" sans bold size 13"))
            #expect(try !isOnScreen("text \"Terrariun\" sans bold size 13"))
            #expect(try !isOnScreen("text \"The Python Tutorial — Python\" sans bold size 13"))   // the other tab's title, shown before
        }
    }

    @Suite struct DivergenceReports {
        /// A recorded key that was another one: the report narrows it down to an interval and says how to look at it.
        @Test func aChangedEventIsNarrowedDown() throws {
            let trace = try TraceReader(path: try Traces.recorded.get()), path = try Traces.folder.get().path("changed-key.trace")
            let at = trace.records.firstIndex { $0.tick > .milliseconds(1100) && { if case .event(.key) = $0.item { true } else { false } }($0) }!
            var writer: TraceWriter? = try TraceWriter(path: path, header: trace.header)
            for (i, record) in trace.records.enumerated() {
                switch record.item {
                case .event(let e): writer?.append(i == at ? .key(code: 45, down: true) : e, at: record.tick)
                case .checkpoint(let c): writer?.append(c)
                }
            }
            writer?.append(.wheel(1), at: trace.endTick.advanced(nanoseconds: 2_000_000_000))     // what is older than a second is on disk
            writer = nil
            let result = try Launched.run(Project.binaries.appendingPathComponent("simctl").path, ["replay", path], in: Project.root)
            #expect(result.code == ExitCode.divergence, "\(result.output)")
            let first = trace.records.first { if case .checkpoint = $0.item { true } else { false } }!.tick
            #expect(result.output.contains("equal at \(first.text) s") && result.output.contains("--until \(first.nanoseconds) --inspect"), "\(result.output)")
        }
    }
}

@Suite struct PredicateTests {
    @Test func precedenceAndParentheses() throws {
        let gone = Predicate.process("a", .gone), changed = Predicate.frameChanged, mark = Predicate.mark(4)
        #expect(try Predicate.parse("process a gone or frame changed and mark page-loaded") == .or(gone, .and(changed, mark)))
        #expect(try Predicate.parse("(process a gone or frame changed) and not mark 4") == .and(.or(gone, changed), .not(mark)))
        #expect(try Predicate.parse("metric memory.frames_free<=2K") == .metric("memory.frames_free", .lessOrEqual, 2000))
        #expect(try Predicate.parse("process tab state=frozen") == .process("tab", .state("frozen")))
        #expect(try Predicate.parse("text \"a \\\"b\\\"\" mono bold size 13px") == .text("a \"b\"", TextFilter(family: "mono", isBold: true, size: 13)))
    }
    @Test(arguments: [
        ("", 0, "expected one of"), ("text", 4, "double quotes"), ("text \"a", 5, "not closed"), ("metric memory.frames_fre > 1", 7, "did you mean 'memory.frames_free'"),
        ("metric kernel.faults > x", 23, "no whole number"), ("process tab", 11, "'gone'"), ("process tab state=asleep", 18, "frozen"), ("mark nothing", 5, "page-loaded"),
        ("frame changed frame changed", 14, "'and'"), ("(frame changed", 14, "')'"), ("proces a gone", 0, "did you mean 'process'"), ("text \"\"", 5, "empty"),
        ("metric process.a.b > 1", 7, "pages_resident"), (String(repeating: "(", count: 5000), 100, "nested"),
    ] as [(String, Int, String)])
    func mistakesNameThePlace(_ text: String, _ position: Int, _ hint: String) {
        #expect { try Predicate.parse(text) } throws: { error in
            guard let e = error as? Terrarium.PredicateError else { return false }
            return e.position == position && e.message.contains(hint)
        }
    }
    @Test func everyListedMetricIsFound() throws {
        for metric in Metrics.fixed { #expect(try Metrics.find(metric.name).name == metric.name) }
        #expect(Set(Metrics.fixed.map(\.name)).count == Metrics.fixed.count)
    }
}

@Suite struct CheckpointPlanTests {
    private func plan(_ sizes: [(Int, Bool)], budget: Int) -> (gone: [Int], spacing: UInt64) {
        var plan = CheckpointPlan(byteCountMax: budget)
        let gone = plan.surplus(sizes.enumerated().map { TimelineCheckpoint(tick: UInt64($0.offset), byteCount: $0.element.0, isKept: $0.element.1) })
        return (gone, plan.spacingMilliseconds)
    }
    @Test func everySecondGoesWhenMemoryIsShort() {
        #expect(plan([(0, true), (10, false), (10, false), (10, false)], budget: 30).gone == [])
        let (gone, spacing) = plan([(0, true), (10, false), (10, false), (10, false), (10, false)], budget: 30)
        #expect(gone == [1, 3] && spacing == 500)
        #expect(plan([(0, true), (10, false), (90, true), (10, false)], budget: 10).gone == [1])     // what was asked for stays
        #expect(plan([(0, true), (99, false)], budget: 10).gone == [])                              // the newest stays
    }
}

@Suite struct TextFinderTests {
    private func fonts() throws -> FontLibrary { try ImageFonts.load(try Project.image()) }
    /// A picture with a line of text over a gradient or a plain ground, drawn at a position in 26.6.
    private func picture(_ text: String, size: Int32, family: String, x: Int32, color: Color = .black, ground: Color = .white, isUnderlined: Bool = false, _ fonts: FontLibrary) -> [UInt32] {
        var pixels = [UInt32](repeating: 0, count: 320 * 60)
        pixels.withUnsafeMutableBufferPointer { b in
            let surface = Surface(base: b.baseAddress!, width: 320, height: 60, strideWords: 320)
            var list = DisplayList()
            list.append(.fill(Rect(0, 0, 320, 60), ground))
            if isUnderlined { list.append(.fill(Rect(0, 42, 320, 1), color)) }
            let id = fonts.match(families: [family], weight: 400, italic: false)
            let word = ShapedWord(Substring(text), fonts.face(id), size: size)
            list.append(.glyphs(fontID: id, size: size, color, zip(word.glyphs, word.offsets).map { PositionedGlyph(glyph: $0, x: x + $1, y: 40 << 6) }))
            Rasteriser(fonts: fonts).draw(list, into: surface)
        }
        return pixels
    }
    @Test(arguments: [("sans-serif", "sans", Int32(832), Int32(700)), ("serif", "serif", 1024, 713), ("monospace", "mono", 1198, 777), ("sans-serif", "sans", 2048, 641)])
    func isFoundWhereItIs(_ family: String, _ short: String, _ size: Int32, _ x: Int32) throws {
        let fonts = try fonts(), filter = TextFilter(family: short, isBold: false, size: Double(size) / 64)
        for (color, ground, line) in [(Color.black, Color.white, false), (Color(rgb: 0x888a8f), Color(rgb: 0xf4f5f7), false), (Color(rgb: 0xffffff), Color(rgb: 0x2a4a6e), true)] {
            let pixels = picture("Willow gate", size: size, family: family, x: x, color: color, ground: ground, isUnderlined: line, fonts)
            let match = TextFinder("Willow gate", filter, fonts: fonts).find(pixels, width: 320, height: 60)
            #expect(match?.size == size && abs((match?.rect.x ?? 0) - Int(x >> 6)) <= 3, "\(family) \(size) \(String(describing: match))")
            #expect(TextFinder("low", filter, fonts: fonts).find(pixels, width: 320, height: 60) != nil)
            for other in ["Willow date", "Willcw", "gate Willow", "Willow gates"] {
                #expect(TextFinder(other, filter, fonts: fonts).find(pixels, width: 320, height: 60) == nil, "\(other)")
            }
        }
    }
    @Test func ligaturesOfPagesAreFound() throws {
        let fonts = try fonts(), pixels = picture("o\u{FB03}ce \u{FB02}oor", size: 1024, family: "serif", x: 700, fonts)
        #expect(TextFinder("office floor", TextFilter(family: "serif", isBold: false, size: 16), fonts: fonts).find(pixels, width: 320, height: 60) != nil)
        #expect(TextFinder("offce floor", TextFilter(family: "serif", isBold: false, size: 16), fonts: fonts).find(pixels, width: 320, height: 60) == nil)
    }
    @Test func aChangedPictureIsLookedAtAgain() throws {
        let fonts = try fonts(), finder = TextFinder("Willow", TextFilter(family: "sans", isBold: false, size: 16), fonts: fonts)
        let empty = picture("", size: 1024, family: "sans-serif", x: 700, fonts), full = picture("Willow", size: 1024, family: "sans-serif", x: 700, fonts)
        let cut = full.enumerated().map { $0.offset / 320 > 36 ? empty[$0.offset] : $0.element }      // scrolled half out of view
        #expect(finder.find(empty, width: 320, height: 60) == nil)
        #expect(finder.find(full, width: 320, height: 60) != nil)
        #expect(finder.find(full, width: 320, height: 60) != nil)
        #expect(finder.find(cut, width: 320, height: 60) == nil)
        #expect(finder.find(empty, width: 320, height: 60) == nil)
    }
}
