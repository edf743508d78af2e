// `simctl run`: the desktop in a window, or headless with an input script; images with a recipe on a console. Records,
// takes a screenshot, reports.

import Devices
import Foundation
import Machine
import Terrarium

let runCommand = Command(
    words: ["run"], arguments: "[IMAGE]", summary: "run the desktop in a window, or any image headless",
    details: """
    IMAGE is an image folder or a recipe folder such as images/demo, which is built when it is not there yet; without
    one, the desktop opens with the browser on its start page or on --url. A server on this machine is reachable from the
    guest as 10.0.2.2. Without a display the session runs headless for ten seconds and leaves a screenshot.

    An input script (--input) has one event a line, a time, an action and its arguments: '2.0s click 400 300',
    '2.5s type "hello"', '3s key ctrl+t', '4s wheel -3', '5s console "ps\\n"'.

    With '--console -' the guest's console is on standard output and standard input is typed into it: a terminal key by
    key (ctrl-] ends the run), a pipe as it comes, a file at power-on. The end of input is typed as ctrl-d; after it the
    run ends when the guest is idle. All of it is recorded like any other input.

    --until ends the run at an event in the guest: \(RunEvent.forms).
    'idle' is a second of virtual time in which programs executed next to nothing. With --for, whichever is first ends it.

    \(straceHelp)

    --state FILE keeps what programs write below /data from run to run: the browser's bookmarks, history, settings and open
    tabs, downloads, and your own files. FILE is made when it is missing. 'simctl disk ls FILE' shows what is in it, and
    'simctl disk cat FILE /browser/library' what the browser keeps. Closing the window (or ctrl-C) gives programs half a
    second to save; --for cuts the power.

    A data disk (--disk) is a file that is made when it is missing and that keeps what the guest wrote when the run ends;
    what the guest has flushed survives a crash of simctl. \(diskHelp)

    Disk faults (--disk-faults, --swap-faults) are rules separated by commas, each KIND[=P%][@FIRST-LAST][#N][+TIME]: a share of the
    requests, only those that touch these sectors, only the Nth of them. The same seed gives the same faults:
        read-error=0.1%          a read fails
        write-error@2048-4095    every write there fails
        torn-write=1%            only the first sectors of a write reach the disk, and it fails
        power-loss#17            the 17th write is torn, unflushed sectors may be lost, and the run ends
        drop-flush=50%           a flush is answered and does nothing
        slow=1%+20ms             a request takes longer
    """,
    options: [
        OptionSpecification("state", "FILE", "keep /data in this file, made when missing (256M, sparse): --disk with the usual settings"),
        OptionSpecification("disk", "FILE[,...]", "data disk; size=64M for a new one, readonly, snapshot (forget changes), model=nvme|ssd|hdd"),
        OptionSpecification("disk-faults", "RULES", "what goes wrong with the data disk on purpose"),
        OptionSpecification("swap-faults", "RULES", "what goes wrong with the swap disk on purpose"),
        OptionSpecification("url", "URL", "page that the browser opens first"),
        OptionSpecification("headless", nil, "no window; as fast as possible while nothing outside is waited for"),
        OptionSpecification("for", "TIME", "stop after this much virtual time, e.g. 10s"),
        OptionSpecification("until", "EVENT", "stop at an event: \(RunEvent.forms)"),
        OptionSpecification("input", "FILE", "input script"),
        OptionSpecification("record", "FILE", "write a trace that 'simctl replay' runs again"),
        OptionSpecification("screenshot", "FILE", "write the last picture as PNG"),
        OptionSpecification("console", "FILE", "write the guest's console there as plain text; - for standard output and input"),
        OptionSpecification("report", "FILE", "write processes, memory and counters at the end as JSON; - for standard output"),
        OptionSpecification("summary", nil, "print the process table, what each process used, and the memory maps at the end"),
        OptionSpecification("ps", nil, "the same as --summary"),
        OptionSpecification("json", nil, "print how the run ended, with the report, as JSON"),
    ] + straceOptions + machineOptions,
    argumentCount: 0...1,
    examples: [
        Example("simctl run", "the desktop"),
        Example("simctl run --state my.state", "the desktop, with what the last run left in /data"),
        Example("simctl run images/demo", "the promises, live on a console, then a shell"),
        Example("simctl run images/demo --record demo.trace", "the same, recorded with what is typed"),
        Example("simctl run --headless --for 2s --strace - --strace-of browser,tab --strace-calls '!time,wait'", "what browser and tabs ask of the kernel"),
        Example("simctl run --headless --url http://10.0.2.2:8000/ --until page-loaded --screenshot page.png", "a picture of a page of this machine"),
        Example("simctl run --headless --network pages --for 10s --input script.txt --record s.trace", "a session from a script"),
    ],
    exitCodes: [(ExitCode.success, "the run ended as asked"), (ExitCode.failure, "--until's event did not happen before the run ended"), (ExitCode.badData, "bad script, recipe or image"),
                (ExitCode.noInput, "missing file or image"), (ExitCode.unavailable, "no display or network"), (ExitCode.cannotCreate, "a file cannot be written"), (ExitCode.ioError, "the host's disk failed")],
    files: [FileNote("images/out", "the desktop's image ('make image')"), FileNote("images/NAME/recipe.json", "other images (docs/formats/image-recipe.md)"),
            FileNote("DISPLAY, WAYLAND_DISPLAY", "where the window opens")],
    seeAlso: ["simctl replay", "simctl disk ls", "simctl verify", "simctl image build", "docs/formats/input-script.md"],
    run: runMachine)

/// What a run was asked to do, after checking everything that can be checked before it.
private struct RunPlan {
    var settings: SimulationConfiguration
    var isHeadless: Bool
    var duration: UInt64?
    var event: RunEvent?
    var isEventAsked: Bool
    var screenshot: String?
    var console: String?
    var script: [ScriptedEvent]
}

private func plan(_ arguments: ParsedArguments, _ image: SystemImage) throws -> RunPlan {
    var settings = try configuration(arguments, image)
    settings.disk = try diskOption(arguments)
    settings.swapFaults = try faultPlan(arguments.string("swap-faults"))
    let script = try arguments.string("input").map { try InputScript.parse(readText($0), width: settings.width, height: settings.height) } ?? []
    let asked = try eventOption(arguments)
    var p = RunPlan(settings: settings, isHeadless: arguments.flag("headless") || image.settings?.headless == true, duration: try arguments.duration("for"),
                    event: try asked ?? image.settings?.until.map { try RunEvent($0) }, isEventAsked: asked != nil, screenshot: arguments.string("screenshot"),
                    console: arguments.string("console") ?? image.settings?.console, script: script)
    if !p.isHeadless && !hasDisplay {
        note("There is no display: running headless for \(p.duration == nil ? "ten seconds" : "the given time") and leaving a screenshot.")
        p.isHeadless = true
        if p.duration == nil { p.duration = 10_000_000_000 }
        if p.screenshot == nil { p.screenshot = "terrarium-screenshot.png" }
    }
    if p.isHeadless && p.duration == nil && p.event == nil { p.duration = script.isEmpty ? 10_000_000_000 : script.last!.nanoseconds + 2_000_000_000 }
    // An event that never comes must not run for ever where nobody watches.
    if asked != nil && p.duration == nil && p.isHeadless && p.console != "-" { p.duration = (script.last?.nanoseconds ?? 0) + 600_000_000_000 }
    if !p.isHeadless { p.settings.wallClockBaseNanoseconds = UInt64(Date().timeIntervalSince1970 * 1e9) }
    return p
}

func eventOption(_ arguments: ParsedArguments) throws -> RunEvent? {
    guard let text = arguments.string("until") else { return nil }
    do { return try RunEvent(text) } catch { throw CommandFailure.usage("--until: \(error.message)") }
}

@Sendable func runMachine(_ arguments: ParsedArguments) throws -> Int32 {
    try checkMachineOptions(arguments)
    _ = try arguments.duration("for")
    _ = try eventOption(arguments)
    _ = try diskOption(arguments)
    _ = try faultPlan(arguments.string("swap-faults"))
    _ = try straceFilter(arguments)
    if let path = arguments.string("input") { _ = try readText(path) }
    if arguments.flag("json"), arguments.string("report") == "-" || arguments.string("console") == "-" {
        throw CommandFailure.usage("--json has standard output for itself; give --report and --console a file")
    }
    let image = try loadImage(arguments), plan = try plan(arguments, image)
    if let path = plan.screenshot { try write([], to: path) }      // fail before the run, not after it
    let simulation = try mapErrors { try Simulation(plan.settings, image: image) }
    return try run(simulation, plan, arguments)
}

private func run(_ simulation: Simulation, _ plan: RunPlan, _ arguments: ParsedArguments) throws -> Int32 {
    let console = arguments.flag("json") && plan.console == "-" && arguments.string("console") == nil ? nil : plan.console
    if let console { try attachConsole(simulation, console) }
    try attachStrace(simulation, arguments)
    simulation.onTrap { note($0) }
    let recorder = try arguments.string("record").map { try startRecording(simulation, $0) }
    for event in plan.script { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
    let input = console == "-" ? ConsoleInput(simulation) : nil
    simulation.machine.addSource(InterruptSource(machine: simulation.machine))
    var display: SDLDisplay?
    if !plan.isHeadless {
        do { display = try SDLDisplay(frame: simulation.gpu.frame, port: simulation.machine.hostPort, title: "Terrarium") } catch {
            throw CommandFailure("\(error.message); --headless needs no display", code: ExitCode.unavailable)
        }
        simulation.machine.addSource(display!)
    }
    let watch = plan.event.map { EventWatch($0, simulation) }
    let idle = EventWatch(.idle, simulation)
    let isOver = { watch?.hasHappened == true || (input?.isAtEnd == true && plan.duration == nil && idle.hasHappened) }
    let condition: RunCondition = plan.duration.map { .predicateOrTick(isOver, Tick(nanoseconds: $0)) } ?? .predicate(isOver)
    try input?.attach()
    let reason = simulation.run(until: condition, pacing: plan.isHeadless ? .asFastAsPossible : .wallClock)
    // The picture is of the end that was asked for, not of the desktop that programs have left.
    let picture = plan.screenshot == nil ? [] : simulation.screenshot()
    if reason == .closed || reason == .requested { simulation.shutDown() }
    // What the guest wrote last is still on its way through the console device.
    if watch?.hasHappened == true { simulation.run(nanoseconds: 1_000_000) }
    input?.detach()
    return try conclude(simulation, plan, arguments, recorder, picture, isReached: watch?.hasHappened, reason)
}

/// Writes what was asked for and says how the run ended.
private func conclude(_ simulation: Simulation, _ plan: RunPlan, _ arguments: ParsedArguments, _ recorder: TraceWriter?, _ picture: [UInt8], isReached: Bool?, _ reason: StopReason) throws -> Int32 {
    let diskProblem = keepDisk(simulation)
    if let recorder {
        try mapErrors { try finishRecording(simulation, recorder) }
        note("trace: \(arguments.string("record")!)")
    }
    if let path = plan.screenshot {
        try write(picture, to: path)
        note("screenshot: \(URL(fileURLWithPath: path).path)")
    }
    if let path = arguments.string("report") { try write(Array(RunReport.json(simulation).utf8), to: path) }
    if !arguments.flag("json"), arguments.flag("summary") || arguments.flag("ps") { for line in RunReport.lines(simulation) { print(line) } }
    let dropped = simulation.console.inputDroppedByteCount
    if dropped > 0 { note("\(dropped) bytes of console input did not fit into the device's buffer and were dropped") }
    if case .idle = reason, plan.isHeadless { note("the guest has nothing left to do at \(simulation.machine.now.text) s") }
    let isMissed = plan.isEventAsked && isReached == false && reason != .closed && reason != .requested
    if arguments.flag("json") {
        var object = RunReport.object(simulation)
        object["ended_by"] = isReached == true ? plan.event!.description : RunReport.name(reason)
        object["trace"] = arguments.string("record")
        object["screenshot"] = plan.screenshot
        printJSON(object)
    }
    if let diskProblem { throw CommandFailure(diskProblem, code: ExitCode.ioError) }
    if isMissed { throw CommandFailure("'\(plan.event!)' had not happened when the run ended at \(simulation.machine.now.text) s") }
    return ExitCode.success
}

/// The guest's console on a terminal as it is; in a file or a pipe as plain text, without the sequences of line editing.
func attachConsole(_ simulation: Simulation, _ path: String) throws {
    if path == "-" && isatty(1) == 1 { return simulation.addConsoleListener { FileHandle.standardOutput.write(Data($0)) } }
    if path != "-" { try write([], to: path) }
    let log = ConsoleLog(path == "-" ? .standardOutput : FileHandle(forWritingAtPath: path), isWaitingForLines: path != "-")
    simulation.addConsoleListener { log.write($0) }
}

/// Writes the console as plain text; what is left of a line when the run ends, too.
private final class ConsoleLog {
    private let handle: FileHandle?
    private var plain: PlainConsole
    init(_ handle: FileHandle?, isWaitingForLines: Bool) {
        self.handle = handle
        plain = PlainConsole(isWaitingForLines: isWaitingForLines)
    }
    deinit { put(plain.finish()) }
    func write(_ bytes: [UInt8]) { put(plain.feed(bytes)) }
    private func put(_ bytes: [UInt8]) { if !bytes.isEmpty { try? handle?.write(contentsOf: Data(bytes)) } }
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
    func poll() {
        if InterruptSource.isInterrupted { machine.requestStop() }
        InterruptSource.isInterrupted = false
    }
    var needsWallClock: Bool { false }
}
