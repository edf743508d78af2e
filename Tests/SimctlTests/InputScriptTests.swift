import Testing
import Machine
@testable import SimctlCommands
@testable import Terrarium

@Suite struct InputScriptTests {
    @Test func theExampleOfTheManualParses() throws {
        let script = """
        # comment
        2.0s click 400 300
        2.5s type "hi \\"A\\""
        3s key ctrl+t
        4s wheel -3
        """
        let events = try InputScript.parse(script, width: 1024, height: 768)
        #expect(events[0].nanoseconds == 2_000_000_000)
        guard case .pointerMove(let x, let y) = events[0].event else { Issue.record("no move"); return }
        #expect(Int(x) * 1024 / 32768 == 400 && Int(y) * 768 / 32768 == 300)
        #expect(events.filter { $0.event == .wheel(-1) }.count == 3)
        #expect(events.contains { $0.event == .key(code: 29, down: true) } && events.contains { $0.event == .key(code: 20, down: true) })
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.nanoseconds <= $1.nanoseconds })
        let downs = events.filter { if case .key(_, true) = $0.event { true } else { false } }.count
        let ups = events.filter { if case .key(_, false) = $0.event { true } else { false } }.count
        #expect(downs == ups)
    }

    @Test(arguments: [
        ("1s clack 3 4", "did you mean 'click'"), ("click 1 2", "starts with a time"), ("1s click 5000 2", "inside 1024 x 768"),
        ("1s type \"open", "not closed"), ("1s key hyper+x", "unknown key 'hyper'"), ("1s", "no action"), ("1s wheel 0", "notches"),
        ("1s wheel -2147483648", "notches"), ("1s wheel 1001", "notches"),
    ])
    func mistakesNameTheLineAndTheWayOut(_ pair: (String, String)) {
        do {
            _ = try InputScript.parse("\n" + pair.0, width: 1024, height: 768)
            Issue.record("accepted: \(pair.0)")
        } catch let failure as TerrariumError {
            #expect(failure.message.contains("line 2") && failure.message.contains(pair.1))
            #expect(failure.kind == .badData)
        } catch { Issue.record("wrong error") }
    }
    @Test func linesMayEndAsOnWindows() throws {
        #expect(try InputScript.parse("1s wheel 1\r\n\r\n2s key a\r\n", width: 1024, height: 768).count == 3)
    }
}

@Suite struct CommandLineTests {
    @Test func durations() {
        #expect(parseDuration("10s") == 10_000_000_000 && parseDuration("2.5s") == 2_500_000_000 && parseDuration("500ms") == 500_000_000)
        #expect(parseDuration("2m") == 120_000_000_000 && parseDuration("s") == nil && parseDuration("ten") == nil && parseDuration("-1s") == nil)
    }
    @Test func wrongWordsExitWith64() {
        for words in [["rnu"], ["run", "--hedless"], ["replay"], ["bench"], ["run", "--ram", "lots"], ["run", "--for", "soon"], ["trace", "info", "a", "b"], ["help", "nothing"], ["bench", "hibernation", "--policy", ","]] {
            #expect(runCommandLine(words) == ExitCode.usage, "\(words)")
        }
    }
    @Test func suggestions() {
        #expect(closest(to: "hedless", among: ["headless", "record"]) == "headless")
        #expect(closest(to: "zzz", among: ["headless", "record"]) == nil)
    }
    @Test func everyCommandHasHelp() {
        for command in allCommands {
            #expect(runCommandLine(command.words + ["--help"]) == ExitCode.success)
            #expect(helpText(command).contains(command.summary))
        }
    }
    @Test func missingFilesExitWith66() {
        #expect(runCommandLine(["replay", "/nonexistent/x.trace"]) == ExitCode.noInput)
        #expect(runCommandLine(["trace", "info", "/nonexistent/x.trace"]) == ExitCode.noInput)
    }
}
