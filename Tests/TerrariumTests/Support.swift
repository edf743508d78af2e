// What whole-machine tests share: the guest image, machines built for one test, small images of test programs, the
// command line in-process. All suites nest in `WholeMachine`, so that one machine runs at a time.

import ABI
import Foundation
@testable import Kernel
import Machine
import ProgramBuilder
import Testing
@testable import SimctlCommands
@testable import Terrarium

@Suite(.serialized) enum WholeMachine {}

/// Stops a test with a sentence for the person who runs it.
struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}

enum Project {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let imageDirectory = root.appendingPathComponent("images/out")
    /// Folder of the executables that were built with the tests.
    static let binaries = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

    /// The desktop's image.
    static func image() throws -> SystemImage {
        guard FileManager.default.fileExists(atPath: imageDirectory.appendingPathComponent("image.json").path) else {
            throw TestFailure("There is no guest image in images/out. Build it first: make image")
        }
        return try SystemImage.load(imageDirectory)
    }
    /// The same desktop with other pages on its page server, and with programs of Tests/Programs.
    static func image(pages: URL? = nil, adding programs: [String] = []) throws -> SystemImage {
        let real = try image()
        func absolute(_ e: ImageEntry) -> ImageEntry { ImageEntry(name: e.name, path: real.location(e).path, hash: e.hash) }
        return SystemImage(directory: pages ?? real.directory, programs: try real.programs.map(absolute) + programs.map { try TestPrograms.entry($0) }, files: real.files.map(absolute),
                           pagesHash: pages.map { hexadecimal(PageSet.hash($0)) } ?? real.pagesHash)
    }
    /// Public suites lie beside the project, not in it.
    static func conformance(_ name: String) -> String { root.appendingPathComponent("../shared/conformance/\(name)").standardizedFileURL.path }
    static func hasConformance(_ name: String) -> Bool { FileManager.default.fileExists(atPath: conformance(name)) }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let url: URL
    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-test-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
    func write(_ text: String, _ name: String) throws {
        let target = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: target)
    }
}

/// Programs of Tests/Programs, built once into images/out/tests.
enum TestPrograms {
    private static let builder: Result<ProgramBuilder, BuildError> = Result { () throws(BuildError) in
        try ProgramBuilder(root: Project.root.path, output: Project.imageDirectory.path + "/tests")
    }
    static func entry(_ file: String, as name: String? = nil) throws -> ImageEntry {
        let path = "\(Project.root.path)/Tests/Programs/\(file)"
        let stem = (file as NSString).deletingPathExtension
        let built = file.hasSuffix(".wat") ? try builder.get().build(wat: path, name: stem) : try builder.get().build(swiftFile: path, name: stem + "-swift", dependencies: ["ABI", "Runtime", "FileClient"])
        return ImageEntry(name: name ?? stem, path: built.sharedObjectPath, hash: hexadecimal(built.contentHash))
    }
    /// An image that boots the program `boot` in place of init.
    static func image(boot: String, _ others: [String]) throws -> SystemImage {
        let programs = [try entry(boot, as: "init")] + (try others.map { try entry($0) })
        return SystemImage(directory: FileManager.default.temporaryDirectory, programs: programs, files: [], pagesHash: "")
    }
}

func seconds(_ s: Double) -> UInt64 { UInt64(s * 1e9) }

extension Simulation {
    /// A desktop machine of 128 MiB; `change` adjusts the configuration.
    static func desktop(image: SystemImage? = nil, url: String = "", network: NetworkKind = .pages, script: String = "",
                        change: (inout SimulationConfiguration) -> Void = { _ in }) throws -> Simulation {
        var c = SimulationConfiguration()
        c.ramByteCount = 128 << 20
        c.swapByteCount = 64 << 20
        c.url = url
        c.network = network
        change(&c)
        let simulation = try Simulation(c, image: try image ?? Project.image())
        try simulation.schedule(script: script)
        return simulation
    }
    /// A bare machine for a test image.
    static func bare(_ image: SystemImage, start: String = "") throws -> Simulation {
        var c = SimulationConfiguration()
        c.ramByteCount = 64 << 20
        c.swapByteCount = 16 << 20
        c.network = .none
        c.startPrograms = start
        return try Simulation(c, image: image)
    }
    func run(untilSecond s: Double) { run(until: .tick(Tick(nanoseconds: seconds(s)))) }
    /// Runs until the console shows `text`, looking every two milliseconds; false when it did not within `s` seconds.
    func run(untilConsole text: String, withinSeconds s: Double) -> Bool {
        let end = now + seconds(s)
        while now < end {
            if consoleText.contains(text) { return true }
            if run(nanoseconds: 2_000_000) == .idle { break }
        }
        return consoleText.contains(text)
    }
    func marks(_ kind: MarkKind) -> [Mark] { marks.filter { $0.kind == kind.rawValue } }
    func processes(_ name: String) -> [ProcessRecord] { kernel.processRecords.filter { $0.name.string == name && $0.exitReason == 0 } }
    /// Colour of one pixel on the screen, 0xRRGGBB.
    func pixel(_ x: Int, _ y: Int) -> UInt32 { gpu.frame.composedPixels()[y * gpu.frame.width + x] & 0xff_ffff }
    /// Hash of the picture below the browser's bars.
    var contentHash: UInt64 {
        let all = gpu.frame.composedPixels(), start = 130 * gpu.frame.width
        return all[start...].withUnsafeBytes { StateHasher.hash($0) }
    }
    /// The end of a session: once every process has ended, all that they had is back: frames, handles, objects of each
    /// kind, messages with their bytes, deadlines, swap.
    func expectAllReturned(_ location: SourceLocation = #_sourceLocation) {
        expectConserved(location)
        for p in kernel.processes.reversed() where p.isAlive { kernel.endProcess(p, .killed, code: 0) }
        run(nanoseconds: 500_000_000)                           // transfers that are under way come to their end
        expectConserved(location)
        let record = kernel.memoryRecord
        var empty = Ledger()
        empty.framesFree = Int(record.framesTotal - record.framesKernel)
        #expect(kernel.ledger() == empty, sourceLocation: location)
    }
    /// What every whole-machine test asks, again and again if it likes.
    func expectConserved(_ location: SourceLocation = #_sourceLocation) {
        let problem = kernel.checkConservation()
        #expect(problem == nil, "frames and references do not add up: \(problem ?? "")", sourceLocation: location)
    }
}

/// Background colours by which pages of the browser itself are known.
enum PageColour {
    static let failure: UInt32 = 0xfbf7f4      // the tab's "could not be loaded"
    static let stopped: UInt32 = 0xf5f1ee      // the browser's "this tab's program stopped"
    static let start: UInt32 = 0xf4f6f8        // about:start
}
/// A place in the page's margin, away from pointer and text.
let marginX = 12, marginY = 740

/// One command line without a new process. The message is what would go to standard error.
func simctl(_ words: [String]) -> (code: Int32, message: String) {
    do { return (try dispatch(words), "") } catch let f as CommandFailure { return (f.code, f.message) } catch let e as TerrariumError {
        return (exitCode(e), e.message)
    } catch { return (ExitCode.failure, "\(error)") }
}
