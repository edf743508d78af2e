// The table of commands as a whole: every command refuses what is wrong with one line and 64, has a complete page of the
// manual, and appears in man page and completions. Recipes and events are checked before anything runs.

import Foundation
import Testing
@testable import SimctlCommands
@testable import Terrarium

/// One command line; the message is what would go to standard error.
private func attempt(_ words: [String]) -> (code: Int32, message: String) {
    do { return (try dispatch(words), "") } catch let f as CommandFailure { return (f.code, f.message) } catch let e as TerrariumError { return (exitCode(e), e.message) } catch { return (1, "\(error)") }
}

@Suite struct CommandTableTests {
    private func arguments(_ c: Command) -> [String] { Array(repeating: "x", count: c.argumentCount.lowerBound) }

    @Test(arguments: allCommands.map(\.name)) func mistakesAreOneLineAndSixtyFour(_ name: String) throws {
        let c = try #require(allCommands.first { $0.name == name })
        func refused(_ words: [String], _ hint: String) {
            let result = attempt(c.words + words)
            #expect(result.code == ExitCode.usage && result.message.contains(hint) && !result.message.contains("\n"), "\(c.words + words): \(result)")
        }
        refused(arguments(c) + ["--nosuchoption"], "unknown option '--nosuchoption'")
        refused(arguments(c) + ["-q"], "unknown option '-q'")
        refused(arguments(c) + Array(repeating: "y", count: c.argumentCount.upperBound - c.argumentCount.lowerBound + 1), "unexpected argument")
        if c.argumentCount.lowerBound > 0 { refused([], "missing") }
        for option in c.options {
            if option.value == nil { refused(arguments(c) + ["--\(option.name)=1"], "takes no value") } else { refused(arguments(c) + ["--\(option.name)"], "needs a value") }
            if let choice = option.choices.first(where: { $0.count > 3 }) {
                refused(arguments(c) + ["--\(option.name)", String(choice.dropLast())], "Did you mean '\(choice)'?")
            }
            let misspelt = option.name.count > 3 ? String(option.name.dropLast()) : nil
            if let misspelt, !c.options.contains(where: { $0.name == misspelt }) { refused(arguments(c) + ["--\(misspelt)"], "Did you mean '--") }
        }
    }
    @Test(arguments: [
        (["run", "--ram", "12"], "size such as"), (["run", "--ram", "1M"], "64M to 4G"), (["run", "--cpu-mhz", "0"], "from 10"), (["run", "--seed", "-1"], "from 0"), (["run", "--seed", "many"], "'many'"),
        (["run", "--resolution", "big"], "1280x800"), (["run", "--resolution", "1x1"], "320x240"), (["run", "--for", "1"], "duration"), (["run", "--until", "exit"], "exit:PROGRAM"),
        (["run", "--until", "consle:x"], "Did you mean 'console'?"), (["run", "--until", "mark:loaded"], "page-loaded"), (["run", "a", "--image", "b"], "named twice"), (["run", "--json", "--report", "-"], "standard output"),
        (["verify", "--runs", "1"], "from 2"), (["verify", "--every", "1us"], "at least 1ms"), (["verify", "--jobs", "0"], "from 1"), (["verify", "--network", "slirp"], "There are: pages, none"),
        (["bench", "hibernation", "--policy", ","], "names nothing"), (["bench", "all", "--part", "procesor"], "Did you mean 'processor'?"), (["trace"], "needs one of"), (["trace", "inf"], "Did you mean 'trace info'?"),
        (["replay", "x.trace", "--until", "soon"], "1.25s"), (["verfy"], "Did you mean 'verify'?"), (["rnu"], "Did you mean 'run'?"), (["--headless", "run"], "after the command"), (["help", "veriy"], "Did you mean 'verify'?"), (["completion", "zhs"], "Did you mean 'zsh'?"),
    ])
    func valuesAreChecked(_ words: [String], _ hint: String) {
        let result = attempt(words)
        #expect(result.code == ExitCode.usage && result.message.contains(hint) && !result.message.contains("\n"), "\(words): \(result)")
    }
    @Test func missingImagesAndFilesSaySo() {
        #expect(attempt(["run", "images/demmo", "--headless"]).message.contains("Did you mean 'images/demo'?"))
        for words in [["run", "/nowhere"], ["verify", "/nowhere"], ["image", "list", "/nowhere"], ["image", "build", "/nowhere"], ["run", "--input", "/nowhere"], ["bench", "hibernation", "--scenario", "docs-12-tab"],
                      ["trace", "dump", "/nowhere"], ["trace", "diff", "/nowhere", "/nowhere"], ["conformance", "png", "/nowhere"], ["render", "/nowhere"]] {
            let result = attempt(words)
            #expect(result.code == ExitCode.noInput && (result.message.contains("/nowhere") || result.message.contains("Did you mean 'docs-12-tabs'?")), "\(words): \(result)")
        }
    }

    // MARK: Manual

    @Test func everyPageIsComplete() {
        for c in allCommands {
            let page = helpText(c)
            for heading in ["usage: simctl \(c.name)", c.summary, "exit codes:", "  0  ", "  64  "] { #expect(page.contains(heading), "\(c.name): \(heading)") }
            for option in c.options { #expect(page.contains("--\(option.name)") && !option.help.isEmpty) }
            #expect(attempt(c.words + ["--help"]).code == 0 && attempt(["help"] + c.words).code == 0)
            for example in c.examples { #expect(example.line.contains("simctl \(c.name)"), "\(example.line)") }
        }
        #expect(overviewText().contains("verify") && attempt([]).code == ExitCode.usage)
    }
    @Test func theManualPageIsRoff() {
        let page = manualText()
        for c in allCommands { #expect(page.contains(".SS \"\(Roff.escaped(c.name))\"")) }
        #expect(page.hasPrefix(".TH SIMCTL 1") && Roff.escaped(".so x-y\\z") == "\\&.so x\\-y\\ez")
        for line in page.split(separator: "\n") where line.hasPrefix(".") { #expect([".TH", ".SH", ".SS", ".TP", ".B ", ".PP", ".nf", ".fi"].contains { line.hasPrefix($0) }, "\(line)") }
    }
    @Test func completionsFollowTheTable() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("simctl-completion-" + UUID().uuidString)
        try Data((bashCompletion() + "COMP_WORDS=(simctl verify --ru); COMP_CWORD=2; _simctl; echo \"${COMPREPLY[@]}\"; COMP_WORDS=(simctl run --policy lru-d); COMP_CWORD=3; _simctl; echo \"${COMPREPLY[@]}\"; COMP_WORDS=(simctl trace d); COMP_CWORD=2; _simctl; echo \"${COMPREPLY[@]}\"\n").utf8).write(to: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        let task = Process(), pipe = Pipe()
        task.executableURL = URL(fileURLWithPath: "/bin/bash")
        task.arguments = [folder.path]
        task.standardOutput = pipe
        try task.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        task.waitUntilExit()
        #expect(output == "--runs\nlru-discard\ndump diff\n", "\(output)")
    }

    // MARK: Doctor, recipes, events

    @Test func doctorReadsTheListOfBootstrap() {
        #expect(bootstrapPackages("x\npackages=(\n  make pkg-config   # build\n  wabt # programs\n)\nmissing=()\n") == ["make", "pkg-config", "wabt"])
        #expect(bootstrapPackages("nothing").isEmpty)
    }
    /// Without root, bootstrap names the one line to run and installs nothing. `id` and `dpkg-query` are stand-ins.
    @Test func bootstrapWithoutRootNamesTheLine() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bootstrap-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let tools = ["id": "echo 1000", "swiftc": "exit 0", "apt-get": "echo INSTALLING; exit 1", "dpkg-query": "for last; do :; done; case $last in wabt|lz4) exit 1;; esac; echo install ok installed"]
        for (name, body) in tools.sorted(by: { $0.key < $1.key }) {
            let path = folder.appendingPathComponent(name).path
            try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
            chmod(path, 0o755)
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let task = Process(), pipe = Pipe()
        task.executableURL = URL(fileURLWithPath: "/bin/bash")
        task.arguments = [root.appendingPathComponent("scripts/bootstrap").path]
        task.environment = ["PATH": folder.path + ":/usr/bin:/bin"]
        task.standardOutput = pipe
        task.standardError = pipe
        try task.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        task.waitUntilExit()
        #expect(task.terminationStatus == 1 && output.hasSuffix("    sudo apt-get install -y wabt lz4\n") && !output.contains("INSTALLING"), "\(output)")
    }
    @Test(arguments: [
        ("{", "not valid JSON"), ("{\"schema\":1,\"name\":\"x\"}", "'programs' is missing"), ("{\"schema\":2,\"name\":\"x\",\"programs\":[{\"name\":\"init\"}]}", "schema 2"),
        ("{\"schema\":1,\"name\":\"a/b\",\"programs\":[{\"name\":\"init\"}]}", "letters"), ("{\"schema\":1,\"name\":\"cache\",\"programs\":[{\"name\":\"init\"}]}", "taken"),
        ("{\"schema\":1,\"name\":\"x\",\"programs\":[]}", "no programs"), ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"a\"}]}", "boot program 'init'"),
        ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\"},{\"name\":\"init\"}]}", "twice"), ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\"}],\"start\":[\"shell demo\"]}", "'shell' is not among"),
        ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\",\"sameAs\":\"y\"}]}", "sameAs 'y'"), ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\"}],\"defaults\":{\"ram\":\"big\"}}", "defaults.ram"),
        ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\"}],\"defaults\":{\"network\":\"tor\"}}", "defaults.network"), ("{\"schema\":1,\"name\":\"x\",\"programs\":[{\"name\":\"init\"}],\"defaults\":{\"until\":\"soon\"}}", "defaults.until"),
        ("{\"schema\":1,\"name\":\"x\",\"programs\":\"init\"}", "'programs' has the wrong type"),
    ])
    func badRecipesAreExplained(_ text: String, _ hint: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("recipe-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(text.utf8).write(to: folder.appendingPathComponent("recipe.json"))
        let result = attempt(["run", folder.path])
        #expect(result.code == ExitCode.badData && result.message.contains(hint) && result.message.contains("recipe.json"), "\(result)")
    }
    @Test(arguments: ["console:All done", "exit:shell", "mark:frame-shown", "page-loaded", "idle"]) func eventsReadBack(_ text: String) throws {
        #expect(try RunEvent(text).description == text)
    }
    @Test func sizes() {
        #expect(parseByteCount("512M") == 512 << 20 && parseByteCount("1GiB") == 1 << 30 && parseByteCount("64K") == 64 << 10)
        #expect(parseByteCount("512") == nil && parseByteCount("0M") == nil && parseByteCount("-1M") == nil && parseByteCount("99999999G") == nil)
    }
}
