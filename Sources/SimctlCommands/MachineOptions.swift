// What commands that build a machine share: its options, the image they name, files and messages.

import Foundation
import Machine
import Policies
import Terrarium

let imageOption = OptionSpecification("image", "DIR", "guest image or recipe folder (default images/out, the desktop)")

let profileOption = OptionSpecification("profile", "NAME", "device profile in images/profiles, or a path to its .json: processor, memory, swap, network, display (other options win)")

let machineOptions: [OptionSpecification] = [
    profileOption,
    OptionSpecification("ram", "SIZE", "guest memory, e.g. 512M or 1G (default 512M; 64M to 4G)"),
    OptionSpecification("cpu-mhz", "N", "instructions per microsecond (default 1000)"),
    OptionSpecification("seed", "N", "decides every random byte in the guest (default 1)"),
    OptionSpecification("policy", "NAME", "memory policy, NAME or NAME:key=value,… ('simctl policies' lists them; default lru-compress)", choices: MemoryPolicies.names, takesParameters: true),
    OptionSpecification("network", "KIND", "slirp (the host's network), pages (the built-in page server) or none (default slirp)", choices: NetworkKind.allCases.map(\.rawValue)),
    OptionSpecification("resolution", "WxH", "screen size in pixels (default 1024x768)"),
    imageOption,
]

/// The configuration that image and machine options describe; options win.
func configuration(_ arguments: ParsedArguments, _ image: SystemImage) throws -> SimulationConfiguration {
    var c = SimulationConfiguration()
    image.settings?.apply(to: &c)
    if let path = try profilePath(arguments) { try mapErrors { try DeviceProfile.load(path) }.apply(to: &c) }
    if let ram = try arguments.bytes("ram") {
        guard ram >= 64 << 20, ram <= 4 << 30 else { throw CommandFailure.usage("--ram takes 64M to 4G, not '\(arguments.string("ram")!)'") }
        c.ramByteCount = ram & ~65535
    }
    if let mhz = try arguments.integer("cpu-mhz", in: 10...100_000) { c.cpuMHz = UInt32(mhz) }
    if let seed = try arguments.integer("seed", in: 0...Int.max) { c.seed = UInt64(seed) }
    if let policy = arguments.string("policy") { c.policy = try resolvePolicy(policy) }
    if let network = arguments.string("network") { c.network = NetworkKind(rawValue: network)! }
    if let resolution = arguments.string("resolution") { (c.width, c.height) = try parseResolution(resolution, 320, 240) }
    c.url = arguments.string("url") ?? ""
    return c
}

/// The file of `--profile`.
func profilePath(_ arguments: ParsedArguments) throws -> URL? {
    guard let text = arguments.string("profile") else { return nil }
    if text.hasSuffix(".json") { return URL(fileURLWithPath: text) }
    let folder = projectDirectory().appendingPathComponent("images/profiles"), known = DeviceProfile.names(in: folder)
    guard known.contains(text) else { throw CommandFailure("there is no device profile '\(text)'.\(suggestion(text, among: known)) There are: \(known.joined(separator: ", "))", code: ExitCode.noInput) }
    return folder.appendingPathComponent("\(text).json")
}

func parseResolution(_ text: String, _ widthMin: Int, _ heightMin: Int, option: String = "resolution") throws -> (Int, Int) {
    let parts = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let w = parts[0], let h = parts[1], (widthMin...4096).contains(w), (heightMin...4096).contains(h) else {
        throw CommandFailure.usage("--\(option) takes a size such as 1280x800, from \(widthMin)x\(heightMin) to 4096x4096, not '\(text)'")
    }
    return (w, h)
}

/// Checks that do not need the image, before anything slow.
func checkMachineOptions(_ arguments: ParsedArguments) throws {
    let none = SystemImage(directory: URL(fileURLWithPath: "/"), programs: [], files: [], pagesHash: "")
    _ = try configuration(arguments, none)
}

// MARK: Images

/// The image named as argument or by `--image`; else the desktop's.
func loadImage(_ arguments: ParsedArguments) throws -> SystemImage {
    if let word = arguments.arguments.first, let option = arguments.string("image") {
        throw CommandFailure.usage("the image is named twice: '\(word)' and --image '\(option)'")
    }
    return try openImage(arguments.arguments.first ?? arguments.string("image"))
}

/// `path`: an image folder, a recipe folder (built when needed), or the name of a recipe below `images`.
func openImage(_ path: String?) throws -> SystemImage {
    let root = projectDirectory(), desktop = root.appendingPathComponent("images/out")
    guard let path else { return try mapErrors { try SystemImage.load(desktop) } }
    let named = URL(fileURLWithPath: path), short = root.appendingPathComponent("images/\(path)")
    for folder in [named, short] {
        if FileManager.default.fileExists(atPath: folder.appendingPathComponent("image.json").path) { return try mapErrors { try SystemImage.load(folder) } }
        if ImageRecipe.isRecipe(folder) {
            return try mapErrors { try ImageBuilder(root: root, output: desktop, progress: note).ensure(recipe: try ImageRecipe.load(folder)) }
        }
    }
    if named.standardizedFileURL.path == desktop.standardizedFileURL.path { return try mapErrors { try SystemImage.load(desktop) } }
    let known = ["images/out"] + ImageRecipe.all(root: root).map { "images/\($0.lastPathComponent)" }
    let near = closest(to: path, among: known) ?? closest(to: (path as NSString).lastPathComponent, among: known.map { ($0 as NSString).lastPathComponent }).map { "images/\($0)" }
    let hint = near.map { "Did you mean '\($0)'? " } ?? ""
    throw CommandFailure("there is no guest image or recipe at \(path). \(hint)There are: \(known.joined(separator: ", ")) ('make image' builds them)", code: ExitCode.noInput)
}

/// The built image that a trace was recorded on, when it is one of the project's; nil otherwise.
func findImage(hash: UInt64) -> SystemImage? {
    let root = projectDirectory(), out = root.appendingPathComponent("images/out")
    let folders = [out] + ImageRecipe.all(root: root).compactMap { try? ImageRecipe.load($0).output(root: root) }
    return folders.lazy.compactMap { try? SystemImage.load($0) }.first { $0.hash == hash }
}

/// The folder that holds `images`: the working directory, or the nearest one above the executable.
func projectDirectory() -> URL {
    let here = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    if FileManager.default.fileExists(atPath: here.appendingPathComponent("images/programs.json").path) { return here }
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
        if FileManager.default.fileExists(atPath: folder.appendingPathComponent("images/programs.json").path) { return folder }
        folder.deleteLastPathComponent()
    }
    return here
}

// MARK: Errors, files, messages

/// Turns the library's errors into messages with exit codes.
func mapErrors<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let e as TerrariumError {
        throw CommandFailure(e.message, code: exitCode(e))
    } catch let e as MachineError { throw CommandFailure(e.message) }
}

func exitCode(_ error: TerrariumError) -> Int32 {
    switch error.kind {
    case .missing: ExitCode.noInput
    case .badData: ExitCode.badData
    case .unavailable: ExitCode.unavailable
    case .failed: ExitCode.failure
    }
}

/// The bytes of a file; the failure names it.
func readFile(_ path: String) throws -> Data {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { throw CommandFailure("cannot read \(path): no such file", code: ExitCode.noInput) }
    if isDirectory.boolValue { throw CommandFailure("cannot read \(path): it is a folder", code: ExitCode.noInput) }
    guard let data = FileManager.default.contents(atPath: path) else { throw CommandFailure("cannot read \(path): permission denied", code: ExitCode.noInput) }
    return data
}

func readText(_ path: String) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }

func write(_ bytes: [UInt8], to path: String) throws {
    if path == "-" { FileHandle.standardOutput.write(Data(bytes)); return }
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
        throw CommandFailure("cannot write \(path); check that its folder exists and is writable", code: ExitCode.cannotCreate)
    }
}

func makeFolder(_ url: URL) throws {
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
        throw CommandFailure("cannot make the folder \(url.path); check that its parent exists and is writable", code: ExitCode.cannotCreate)
    }
}

/// A line for the person, on standard error.
@Sendable func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// A JSON object with sorted keys on standard output. Every such object has `schema`.
func printJSON(_ object: [String: Any]) {
    let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])) ?? Data()
    print(String(decoding: data, as: UTF8.self))
}

/// Whether a window can be opened: an X or Wayland display, or a video driver chosen for SDL.
var hasDisplay: Bool {
    let environment = ProcessInfo.processInfo.environment
    return ["DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"].contains { !(environment[$0] ?? "").isEmpty }
}
