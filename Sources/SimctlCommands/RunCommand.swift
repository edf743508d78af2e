// `simctl run`: the desktop in a window, or headless with an input script. Records, takes a screenshot, reports.

import Devices
import Foundation
import Machine
import Terrarium

let machineOptions: [OptionSpecification] = [
    OptionSpecification("ram", "SIZE", "guest memory, e.g. 512M or 1G (default 512M; 64M to 4G)"),
    OptionSpecification("cpu-mhz", "N", "instructions per microsecond (default 1000)"),
    OptionSpecification("seed", "N", "decides every random byte in the guest (default 1)"),
    OptionSpecification("policy", "NAME", "memory policy: \(MemoryPolicies.names.joined(separator: ", ")) (default lru-compress)"),
    OptionSpecification("network", "KIND", "slirp (the host's network), pages (the built-in page server) or none (default slirp)"),
    OptionSpecification("resolution", "WxH", "screen size in pixels (default 1024x768)"),
    OptionSpecification("image", "DIR", "guest image (default images/out)"),
]

let runCommand = Command(
    words: ["run"], arguments: "", summary: "run the desktop in a window, or headless",
    details: """
    Opens the Terrarium desktop with the browser on its start page or on --url. A server on this machine is reachable
    from the guest as 10.0.2.2. Without a display the session runs headless for ten seconds and leaves a screenshot.

    An input script (--input) has one event a line: a time, an action, its arguments:
        2.0s click 400 300
        2.5s type "hello"
        3s   key ctrl+t
        4s   wheel -3
    Actions: move, click, rightclick, middleclick, doubleclick, drag, wheel, type, key, close.

    exit codes: 0 done; 64 wrong arguments; 65 bad script or image; 66 missing file; 69 no display or network;
    73 a file cannot be written
    """,
    options: [
        OptionSpecification("url", "URL", "page that the browser opens first"),
        OptionSpecification("headless", nil, "no window; as fast as possible while no real network traffic is outstanding"),
        OptionSpecification("for", "TIME", "stop after this much virtual time, e.g. 10s"),
        OptionSpecification("input", "FILE", "input script"),
        OptionSpecification("record", "FILE", "write a trace that 'simctl replay' runs again"),
        OptionSpecification("screenshot", "FILE", "write the last picture as PNG"),
        OptionSpecification("console", "FILE", "write the guest's console there; - for standard output"),
        OptionSpecification("report", "FILE", "write processes, memory and counters at the end as JSON; - for standard output"),
    ] + machineOptions,
    argumentCount: 0...0, run: runDesktop)

/// The configuration that the machine options describe.
func configuration(_ arguments: ParsedArguments) throws -> SimulationConfiguration {
    var c = SimulationConfiguration()
    if let ram = try arguments.bytes("ram") {
        guard ram >= 64 << 20, ram <= 4 << 30 else { throw CommandFailure.usage("--ram takes 64M to 4G") }
        c.ramByteCount = ram & ~65535
    }
    if let mhz = try arguments.integer("cpu-mhz", in: 10...100_000) { c.cpuMHz = UInt32(mhz) }
    if let seed = try arguments.integer("seed", in: 0...Int.max) { c.seed = UInt64(seed) }
    if let policy = arguments.string("policy") {
        guard MemoryPolicies.names.contains(policy) else {
            let hint = closest(to: policy, among: MemoryPolicies.names).map { ". Did you mean '\($0)'?" } ?? "."
            throw CommandFailure.usage("there is no policy '\(policy)'\(hint) There are: \(MemoryPolicies.names.joined(separator: ", "))")
        }
        c.policy = policy
    }
    if let network = arguments.string("network") {
        guard let kind = NetworkKind(rawValue: network) else {
            throw CommandFailure.usage("--network takes \(NetworkKind.allCases.map { $0.rawValue }.joined(separator: ", ")), not '\(network)'")
        }
        c.network = kind
    }
    if let resolution = arguments.string("resolution") {
        let parts = resolution.lowercased().split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, (320...4096).contains(parts[0]), (240...4096).contains(parts[1]) else {
            throw CommandFailure.usage("--resolution takes a size such as 1280x800, not '\(resolution)'")
        }
        c.width = parts[0]
        c.height = parts[1]
    }
    c.url = arguments.string("url") ?? ""
    return c
}

/// The guest image named by `--image`, or `images/out` here or beside the executable.
func loadImage(_ arguments: ParsedArguments) throws -> SystemImage {
    if let path = arguments.string("image") { return try mapErrors { try SystemImage.load(URL(fileURLWithPath: path)) } }
    return try mapErrors { try SystemImage.load(projectDirectory().appendingPathComponent("images/out")) }
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

func readText(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else { throw CommandFailure("cannot read \(path): no such file", code: ExitCode.noInput) }
    return String(decoding: data, as: UTF8.self)
}

func write(_ bytes: [UInt8], to path: String) throws {
    if path == "-" { FileHandle.standardOutput.write(Data(bytes)); return }
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
        throw CommandFailure("cannot write \(path); check that its folder exists and is writable", code: ExitCode.cannotCreate)
    }
}

func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

@Sendable func runDesktop(_ arguments: ParsedArguments) throws -> Int32 {
    var settings = try configuration(arguments)
    var isHeadless = arguments.flag("headless")
    var duration = try arguments.duration("for")
    var screenshot = arguments.string("screenshot")
    let script = try arguments.string("input").map { try InputScript.parse(readText($0), width: settings.width, height: settings.height) } ?? []
    if !isHeadless && !hasDisplay {
        note("There is no display: running headless for \(duration == nil ? "ten seconds" : "the given time") and leaving a screenshot.")
        isHeadless = true
        if duration == nil { duration = 10_000_000_000 }
        if screenshot == nil { screenshot = "terrarium-screenshot.png" }
    }
    if isHeadless && duration == nil {
        duration = script.isEmpty ? 10_000_000_000 : script.last!.nanoseconds + 2_000_000_000
    }
    if !isHeadless { settings.wallClockBaseNanoseconds = UInt64(Date().timeIntervalSince1970 * 1e9) }
    if let path = screenshot { try write([], to: path) }      // fail before the run, not after it

    let simulation = try mapErrors { try Simulation(settings, image: try loadImage(arguments)) }
    if let path = arguments.string("console") { try attachConsole(simulation, path) }
    simulation.onTrap { note($0) }
    let recorder = try arguments.string("record").map { try startRecording(simulation, $0) }
    for event in script { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
    let interruption = InterruptSource(machine: simulation.machine)
    simulation.machine.addSource(interruption)
    var display: SDLDisplay?
    if !isHeadless {
        do { display = try SDLDisplay(frame: simulation.gpu.frame, port: simulation.machine.hostPort, title: "Terrarium") } catch {
            throw CommandFailure("\(error.message); --headless needs no display", code: ExitCode.unavailable)
        }
        simulation.machine.addSource(display!)
    }
    let condition: RunCondition = duration.map { .tick(Tick(nanoseconds: $0)) } ?? .forever
    let reason = simulation.run(until: condition, pacing: isHeadless ? .asFastAsPossible : .wallClock)

    if let recorder {
        try mapErrors { try finishRecording(simulation, recorder) }
        note("trace: \(arguments.string("record")!)")
    }
    if let path = screenshot {
        try write(simulation.screenshot(), to: path)
        note("screenshot: \(URL(fileURLWithPath: path).path)")
    }
    if let path = arguments.string("report") { try write(Array(RunReport.json(simulation).utf8), to: path) }
    if case .idle = reason, isHeadless { note("the guest has nothing left to do at \(simulation.machine.now.text) s") }
    return ExitCode.success
}

func attachConsole(_ simulation: Simulation, _ path: String) throws {
    if path == "-" {
        simulation.console.onOutput = { FileHandle.standardOutput.write(Data($0)) }
        return
    }
    try write([], to: path)
    let handle = FileHandle(forWritingAtPath: path)
    simulation.console.onOutput = { try? handle?.write(contentsOf: Data($0)) }
}

/// Lets Ctrl-C end a run in order: the trace is closed, the screenshot written.
final class InterruptSource: HostSource {
    nonisolated(unsafe) private static var isInterrupted = false
    private let machine: Machine
    init(machine: Machine) {
        self.machine = machine
        InterruptSource.isInterrupted = false
        signal(SIGINT) { _ in InterruptSource.isInterrupted = true }
        signal(SIGTERM) { _ in InterruptSource.isInterrupted = true }
    }
    func poll() { if InterruptSource.isInterrupted { machine.requestStop() } }
    var needsWallClock: Bool { false }
}

/// Whether a window can be opened: an X or Wayland display, or a video driver chosen for SDL.
var hasDisplay: Bool {
    let environment = ProcessInfo.processInfo.environment
    return ["DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"].contains { !(environment[$0] ?? "").isEmpty }
}
