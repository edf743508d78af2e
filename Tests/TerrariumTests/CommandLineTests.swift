// The command line as a person meets it: the example program, conformance suites, clear refusals.

import Foundation
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct CommandLines {
        @Test func theTenLineExampleRuns() throws {
            _ = try Project.image()
            let path = Project.binaries.appendingPathComponent("TenLines").path
            try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is missing; build it with 'swift build --product TenLines'")
            let first = try Launched.run(path, [], in: Project.root)
            #expect(first.code == 0, "\(first.output)")
            for name in ["kernel ", "ram ", "gpu "] { #expect(first.output.contains(name), "\(first.output)") }
            let second = try Launched.run(path, [], in: Project.root)
            #expect(first.output == second.output)
            let source = try String(contentsOf: Project.root.appendingPathComponent("Examples/TenLines/main.swift"), encoding: .utf8)
            #expect(source.split(separator: "\n").filter { !$0.hasPrefix("//") && !$0.hasPrefix("import") }.count <= 10)
            // The README shows this program.
            let readme = try String(contentsOf: Project.root.appendingPathComponent("README.md"), encoding: .utf8)
            #expect(readme.contains("```swift\n" + source.drop { $0 != "\n" }.dropFirst() + "```\n"))
        }

        @Test(.enabled(if: Project.hasConformance("html5lib"), "html5lib-tests in ../shared/conformance/html5lib")) func html5libThroughSimctl() {
            let suite = Project.conformance("html5lib")
            let ledger = Project.root.appendingPathComponent("Tests/HTMLTests/ledger.txt").path
            #expect(runCommandLine(["conformance", "html5lib", suite, "--ledger", ledger]) == ExitCode.success)
        }
        @Test func picturesThroughSimctl() {
            let pictures = Project.root.appendingPathComponent("Tests/ImagesTests/pictures").path
            #expect(runCommandLine(["conformance", "images", pictures]) == ExitCode.success)
            #expect(runCommandLine(["conformance", "images", pictures, "--reference", "/nowhere"]) == ExitCode.noInput)
        }
        @Test(.enabled(if: Project.hasConformance("png-suite"), "PngSuite in ../shared/conformance/png-suite")) func pngSuiteThroughSimctl() {
            #expect(runCommandLine(["conformance", "png", Project.conformance("png-suite")]) == ExitCode.success)
        }
        @Test func aBrokenPictureFailsTheSuite() throws {
            let folder = try TemporaryFolder()
            try folder.write("\u{89}PNG and then nothing", "broken.png")
            #expect(runCommandLine(["conformance", "png", folder.url.path]) == ExitCode.failure)
        }

        @Test(arguments: [
            (["run", "--headles"], ExitCode.usage, "--headless"), (["runn"], ExitCode.usage, "'run'"), (["run", "--ram", "3"], ExitCode.usage, "size"),
            (["run", "--policy", "lru-dicard"], ExitCode.usage, "lru-discard"), (["run", "--network", "tor"], ExitCode.usage, "slirp"),
            (["run", "--headless", "--input", "/nowhere/script"], ExitCode.noInput, "/nowhere/script"),
            (["run", "--headless", "--for", "soon"], ExitCode.usage, "duration"), (["run", "--headless", "--image", "/nowhere"], ExitCode.noInput, "make image"),
            (["replay"], ExitCode.usage, "missing"), (["replay", "/nowhere/s.trace"], ExitCode.noInput, "/nowhere/s.trace"),
            (["bench", "hibernation", "--scenario", "nosuch"], ExitCode.noInput, "docs-12-tabs"), (["bench", "hibernation", "--policy", "best"], ExitCode.usage, "lru-compress"),
            (["conformance", "html5lib", "/nowhere"], ExitCode.noInput, "/nowhere"), (["trace", "info", "/nowhere"], ExitCode.noInput, "/nowhere"),
        ] as [([String], Int32, String)])
        func mistakesAreExplained(_ words: [String], _ code: Int32, _ hint: String) {
            let result = simctl(words)
            #expect(result.code == code && result.message.contains(hint), "\(words): \(result)")
        }
    }
}
