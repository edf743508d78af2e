// Sessions as steps, as a generator makes them, and as a person played them; generated pages; device profiles. No machine runs.

import Foundation
import Machine
import Testing
@testable import Terrarium

@Suite struct SessionTests {
    private func scenario(_ text: String) throws -> Scenario {
        let folder = try TemporaryFolder()
        try folder.write(text, "s.json")
        return try Scenario.load(URL(fileURLWithPath: folder.path("s.json")))
    }
    private func steps(_ list: String) throws -> Session {
        try scenario("{\"schema\":2,\"name\":\"s\",\"summary\":\"\",\"ramMiB\":64,\"swapMiB\":0,\"width\":1024,\"height\":768,\"url\":\"about:start\",\"steps\":[\(list)]}").session(seed: 1)
    }
    static let shipped = ["background-churn", "budget-overcommit", "cros-mempressure", "docs-12-tabs", "many-tabs-100", "news-reader", "research-session"]
    private func load(_ name: String) throws -> Scenario { try Scenario.load(Project.root.appendingPathComponent("images/scenarios/\(name).json")) }

    @Test func stepsBecomeKeysAndClicksWhereTabsAre() throws {
        let s = try steps(#"{"do":"open","url":"http://10.0.2.2/a"},{"do":"open","url":"http://10.0.2.2/b","at":"9s"},{"do":"switch","tab":2},{"do":"pin"},{"do":"switch","tab":1},{"do":"close","tab":3},{"do":"link","number":2},{"do":"type","number":1,"text":"a \"b\""},{"do":"wait","for":"2s"},{"do":"wiggle"}"#)
        let lines = s.script.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1)[1] }
        // Three tabs of 200 pixels; the pinned one stands first, so tab 1 is the second then; a middle click closes the third.
        #expect(lines.prefix(8) == ["key ctrl+t", #"type "10.0.2.2/a\n""#, "key ctrl+t", #"type "10.0.2.2/b\n""#, "click 248 72", "key ctrl+shift+p", "click 248 72", "middleclick 448 72"])
        #expect(lines.dropFirst(8).prefix(7) == ["key esc", "key tab", "key tab", "key enter", "key esc", "key tab", #"type "a \"b\"""#])
        #expect(s.script.contains("9000ms key ctrl+t") && s.switchCount == 2 && s.openCount == 2 && s.followCount == 1)
        #expect(s.events.map(\.nanoseconds) == s.events.map(\.nanoseconds).sorted())
        let again = try InputScript.parse(s.script, width: 1024, height: 768)
        #expect(again.map(\.nanoseconds) == s.events.map(\.nanoseconds) && again.map(\.event) == s.events.map(\.event))
    }

    @Test(arguments: [
        (#"{"do":"swich","tab":2}"#, "did you mean 'switch'"), (#"{"do":"switch","tab":7}"#, "tab 7 is not open"), (#"{"do":"open"}"#, "'url' is missing"), (#"{"do":"wait","for":"soon"}"#, "2.5s"),
        (#"{"do":"wait","for":"9s"},{"do":"pin","at":"5s"}"#, "the steps before last until"), (#"{"do":"close"}"#, "the last tab stays"), (#"{"do":"input","line":"jump"}"#, "unknown action"), (#"{"do":"link","number":0}"#, "1 to 500"),
    ])
    func mistakesInStepsAreExplained(_ list: String, _ words: String) throws {
        let error = #expect(throws: TerrariumError.self) { try steps(list) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        (#"{"schema":3}"#, "'name' is missing"), ("[", "no JSON"), (#"{"schema":2,"name":"s","summary":"","ramMiB":"x"}"#, "'ramMiB' has the wrong type"),
        (#"{"schema":2,"name":"s","summary":"","ramMiB":64,"swapMiB":0,"width":640,"height":480}"#, "one of input, steps and generator"),
        (#"{"schema":2,"name":"s","summary":"","ramMiB":8,"swapMiB":0,"width":640,"height":480,"steps":[],"url":"a"}"#, "ramMiB is 64"),
        (#"{"schema":2,"name":"s","summary":"","ramMiB":64,"swapMiB":0,"width":640,"height":480,"generator":{"kind":"pressure","tabs":[{"count":3,"spread":0,"weight":1}],"actions":1,"openUntilPerMille":1,"dwellSeconds":[1],"recentTabs":0,"sites":[{"name":"a","weight":1,"pages":["p"]}]}}"#, "recentTabs"),
        (#"{"schema":2,"name":"s","summary":"","ramMiB":64,"swapMiB":0,"width":640,"height":480,"generator":{"kind":"browse","tabs":[{"count":3,"spread":0,"weight":1}],"actions":1,"openUntilPerMille":1,"dwellSeconds":[1],"breakSeconds":[9000000000000000000],"sites":[{"name":"a","weight":1,"pages":["p"]}]}}"#, "breakSeconds"),
        (#"{"schema":9,"name":"s","summary":"","ramMiB":64,"swapMiB":0,"width":640,"height":480}"#, "schema 9"),
    ])
    func mistakesInScenariosAreExplained(_ text: String, _ words: String) throws {
        let error = #expect(throws: TerrariumError.self) { try scenario(text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    /// The same seed gives the same bytes on every host: the hash is of the sessions of the shipped scenarios.
    @Test(arguments: shipped) func shippedScenariosPlayAnotherSessionForEachSeed(_ name: String) throws {
        let s = try load(name)
        #expect(s.name == name)
        let one = try s.session(seed: 1), again = try s.session(seed: 1), two = try s.session(seed: 2)
        #expect(one.script == again.script && one.nanoseconds > one.events.last!.nanoseconds)
        #expect((one.script != two.script) == s.isGenerated)
        for seed in 3...30 as ClosedRange<UInt64> where s.isGenerated { _ = try s.session(seed: seed) }
    }

    /// What the generator is fitted to: the more recent, the likelier; switches and followed links.
    @Test func generatedSessionsFollowTheStudies() throws {
        let s = try load("research-session")
        var ranks = [Int](repeating: 0, count: 200), switches = 0, follows = 0, tabCounts: [Int] = []
        for seed in 1...20 as ClosedRange<UInt64> {
            let session = try s.session(seed: seed)
            switches += session.switchCount
            follows += session.followCount
            tabCounts.append(session.openCount + 1)
            var recency = [1], opened = 1
            for step in session.steps {
                switch step.action {
                case .open: opened += 1; recency.insert(opened, at: 0)
                case .switchTo(let tab):
                    let rank = try #require(recency.firstIndex(of: tab))
                    ranks[rank] += 1
                    recency.insert(recency.remove(at: rank), at: 0)
                case .close(let tab): recency.removeAll { $0 == tab }
                default: break
                }
            }
        }
        #expect(ranks[0] == 0 && ranks[1] > ranks[3] && ranks[2] > ranks[6] && ranks[1...4].reduce(0, +) > ranks[5...].reduce(0, +))
        // The controller keeps links for each switch near the recipe's number, where the tab on screen has links at all.
        #expect(follows * 2 > switches && follows < switches * 2, "\(follows) links, \(switches) switches")
        #expect(tabCounts.min()! >= 25 && tabCounts.max()! - tabCounts.min()! > 3, "\(tabCounts)")
    }

    @Test func aRecordedSessionBecomesTheSameInput() throws {
        let script = "4000ms key ctrl+t\n4300ms type \"10.0.2.2/a\\n\"\n6000ms move 500 500\n6500ms wheel -4\n7000ms click 60 72\n8000ms key alt+left\n9000ms drag 10 300 400 300\n9500ms middleclick 300 72\n9900ms type \"A b\"\n"
        let events = try InputScript.parse(script, width: 1024, height: 768)
        let steps = SessionRecorder.steps(events.map { ($0.nanoseconds, $0.event) }, width: 1024, height: 768)
        let driven = try SessionDriver.drive(steps, width: 1024, height: 768, from: 0)
        #expect(driven.script == script, "\(driven.script)")
        #expect(driven.events.map(\.event) == events.map(\.event))
    }
    /// A hand is not a script: a trembling pointer, keys that overlap, a slow turn of the wheel.
    @Test func aHandsTremblingIsLeftOut() throws {
        var events: [(nanoseconds: UInt64, event: HostEvent)] = []
        var time: UInt64 = 5_000_000_000
        func post(_ e: HostEvent, _ milliseconds: UInt64) { events.append((time, e)); time += milliseconds * 1_000_000 }
        for x in 0..<40 { post(.pointerMove(x: UInt16(x * 100), y: 8000), 7) }
        post(.pointerButton(code: 0x110, down: true), 30)
        post(.pointerMove(x: 3920, y: 8010), 30)
        post(.pointerButton(code: 0x110, down: false), 400)
        for key in [35, 18] as [UInt16] { post(.key(code: key, down: true), 40) }       // h and e overlap
        for key in [35, 18] as [UInt16] { post(.key(code: key, down: false), 40) }
        time += 2_000_000_000
        for _ in 0..<3 { post(.wheel(-1), 30) }
        post(.wheel(-1), 900)
        post(.wheel(1), 900)
        let lines = SessionRecorder.steps(events, width: 1024, height: 768).map { step -> String in if case .input(let l) = step.action { l } else { "" } }
        #expect(lines == ["click 121 187", "type \"he\"", "wheel -4", "wheel 1"], "\(lines)")
    }

    @Test func generatedPagesAreTheSameEverywhereAndLinkToEachOther() throws {
        let files = PageGenerator.files(), paths = Set(files.map(\.path))
        var hasher = StateHasher()
        for f in files { hasher.add(f.path); hasher.add(f.bytes) }
        #expect(hexadecimal(hasher.value) == Self.pagesHash, "the pages changed: scenarios with them are other ones now")
        for f in files where f.path.hasSuffix(".html") {
            let text = String(decoding: f.bytes, as: UTF8.self)
            for attribute in ["href=\"", "src=\""] {
                for part in text.components(separatedBy: attribute).dropFirst() {
                    let target = part.prefix { $0 != "\"" }
                    #expect(target.hasPrefix("/") && paths.contains(String(target.dropFirst())), "\(f.path) names \(target)")
                }
            }
        }
    }
    static let pagesHash = "60089d3c6b6e6d9e"

    @Test(arguments: ["low-end-phone", "chromebook-4g", "laptop"]) func profilesSurviveATraceHeader(_ name: String) throws {
        let profile = try DeviceProfile.load(Project.root.appendingPathComponent("images/profiles/\(name).json"))
        #expect(profile.name == name && !profile.sources.isEmpty)
        var c = SimulationConfiguration()
        profile.apply(to: &c)
        let image = SystemImage(directory: Project.root, programs: [], files: [], pagesHash: "")
        let back = try SimulationConfiguration(c.machine(image))
        #expect(back.device == profile.model && back.cpuMHz == profile.cpuMHz && back.ramByteCount == profile.ramByteCount)
        #expect(DeviceModel(text: "1,2,3") == nil && DeviceModel(text: "1,1,1,1,1,1,1,1,1,1,99999999999999999999") == nil)
    }

    /// A run from another host with numbers that no run has is refused, not summed.
    @Test func aDamagedRunIsRefused() throws {
        let folder = try TemporaryFolder()
        let about = BenchRun.About(summary: "", ramByteCount: 64 << 20, swapByteCount: 0, cpuMHz: 1000, profile: nil, specification: "none", image: "", nanoseconds: 1, isGenerated: false)
        var run = BenchRun(combination: BenchCombination(scenario: "s", policy: "none", seed: 1), key: "k", about: about, rows: [])
        let url = URL(fileURLWithPath: folder.path("runs/r.json")), store = BenchStore(folder.url)
        try BenchStore.write(run, to: url)
        #expect(try store.read(url) == run)
        run.openLatencies = [.max]
        try BenchStore.write(run, to: url)
        #expect(throws: TerrariumError.self) { try store.read(url) }
        try folder.write("{", "runs/r.json")
        #expect(throws: TerrariumError.self) { try store.read(url) }
        #expect(throws: TerrariumError.self) { try store.all() }
    }

    @Test func plotsScaleLikeALogarithm() {
        #expect(logarithmPerMille(1) == 0 && logarithmPerMille(1024) == 10_000 && logarithmPerMille(1536) == 10_500)
        var last: UInt64 = 0
        for shift in 0..<64 { for add in [0, 1] as [UInt64] { let v = logarithmPerMille((1 << UInt64(shift)) + add * ((1 << UInt64(shift)) >> 1)); #expect(v >= last); last = v } }
    }
}
