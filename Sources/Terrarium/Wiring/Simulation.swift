// A whole computer: machine, devices, kernel and image joined. Used by `simctl`, by tests and by programs that embed
// Terrarium as a library. Everything that decides a run is in `SimulationConfiguration`, which a trace header carries.

import Devices
import Foundation
import Kernel
import Machine
import Policies
import ProgramBuilder

/// What is on the other end of the network cable.
public enum NetworkKind: String, Sendable, CaseIterable {
    case slirp   // the host's network through user-mode NAT
    case pages   // the page server inside the machine's own virtual network
    case none    // nothing answers
}

/// Everything that, with the image and the host events, decides a run.
public struct SimulationConfiguration: Sendable {
    public var ramByteCount = 512 << 20
    public var seed: UInt64 = 1
    public var cpuMHz: UInt32 = 1000
    public var width = 1024, height = 768
    public var url = ""
    public var network = NetworkKind.slirp
    /// `NAME` or `NAME:key=value,…` (`MemoryPolicies`).
    public var policy = "lru-compress"
    public var swapByteCount = 512 << 20
    /// What goes wrong with the swap disk on purpose.
    public var swapFaults = FaultPlan.none
    /// Speeds of another device than the standard machine (`DeviceProfile`).
    public var device: DeviceModel?
    /// The data disk; nil: none.
    public var disk: DiskConfiguration?
    /// Programs that init starts instead of the desktop, comma-separated; empty for the desktop.
    public var startPrograms = ""
    /// The program that the kernel starts.
    public var bootProgram = "init"
    public var wallClockBaseNanoseconds: UInt64 = 1_767_225_600_000_000_000
    public var checkpointPeriodNanoseconds: UInt64 = 1_000_000_000

    public init() {}

    /// As `key=value` for the trace header, in a fixed order.
    public var parameters: [String] {
        ["width=\(width)", "height=\(height)", "url=\(url)", "network=\(network.rawValue)", "policy=\(policy)", "swap=\(swapByteCount)", "start=\(startPrograms)", "boot=\(bootProgram)"]
            + (swapFaults == .none ? [] : ["swap-faults=\(swapFaults)"]) + (device.map { ["\(DeviceModel.key)=\($0.text)"] } ?? []) + (disk?.parameters ?? [])
    }
    /// For the machine that runs `image`, whose parts stand among the parameters so that a trace names them.
    func machine(_ image: SystemImage) -> MachineConfiguration {
        MachineConfiguration(ramByteCount: ramByteCount, seed: seed, cpuMHz: cpuMHz, wallClockBaseNanoseconds: wallClockBaseNanoseconds,
                             checkpointPeriodNanoseconds: checkpointPeriodNanoseconds,
                             parameters: parameters + image.partHashes.map { "image.\($0.name)=\($0.hash)" })
    }
    /// The configuration that a trace was recorded with.
    public init(_ machine: MachineConfiguration) throws {
        ramByteCount = machine.ramByteCount
        seed = machine.seed
        cpuMHz = machine.cpuMHz
        wallClockBaseNanoseconds = machine.wallClockBaseNanoseconds
        checkpointPeriodNanoseconds = machine.checkpointPeriodNanoseconds
        guard let w = machine.parameter("width").flatMap({ Int($0) }), let h = machine.parameter("height").flatMap({ Int($0) }), (64...4096).contains(w), (64...4096).contains(h),
              let n = machine.parameter("network").flatMap({ NetworkKind(rawValue: $0) }), let swap = machine.parameter("swap").flatMap({ Int($0) }), (0...(1 << 34)).contains(swap),
              (1...(4 << 30)).contains(machine.ramByteCount)      // a damaged number must not take all of the host's memory
        else { throw TerrariumError(.badData, "the trace's configuration is not one that this simctl can build") }
        width = w
        height = h
        network = n
        swapByteCount = swap
        guard let plan = try? FaultPlan(parsing: machine.parameter("swap-faults") ?? "") else { throw TerrariumError(.badData, "the trace's faults of the swap disk are not ones that this simctl knows") }
        swapFaults = plan
        url = machine.parameter("url") ?? ""
        policy = machine.parameter("policy") ?? "none"
        startPrograms = machine.parameter("start") ?? ""
        bootProgram = machine.parameter("boot") ?? "init"
        if let text = machine.parameter(DeviceModel.key) {
            guard let model = DeviceModel(text: text) else { throw TerrariumError(.badData, "the trace's device '\(text)' is not one that this simctl can build") }
            device = model
        }
        disk = try DiskConfiguration(machine)
    }
}

/// How a simulation is opened.
public enum SimulationMode {
    /// Host backends may be opened.
    case live
    /// The trace supplies every host event; no backend is opened.
    case replay
}

public final class Simulation {
    public let configuration: SimulationConfiguration
    public let image: SystemImage
    public let machine: Machine
    public let kernel: Kernel
    public let console = ConsoleDevice()
    public let gpu: GPUDevice
    public let net: NetDevice
    public let block: BlockDevice?      // swap
    public let disk: BlockDevice?       // data
    let dataDisk: DataDisk?
    public let pageServer: PageServer?
    let hal: HostedHAL
    private let guest: KernelGuest
    var callTracer: CallTracer?

    /// Builds the machine, attaches the devices, loads the image. Nothing runs yet.
    public init(_ configuration: SimulationConfiguration, image: SystemImage, mode: SimulationMode = .live) throws {
        var configuration = configuration
        dataDisk = configuration.disk == nil ? nil : try DataDisk(&configuration.disk!, mode: mode)
        self.configuration = configuration
        self.image = image
        let policy: any MemoryPolicy
        do { policy = try MemoryPolicies.make(configuration.policy) } catch { throw TerrariumError(.badData, error.message) }
        if let gone = image.missing.first {
            throw TerrariumError(.missing, "\(gone.name) of the image in \(image.directory.path) is missing (\(image.location(gone).path)); build it again with 'make image'")
        }
        machine = try Machine(configuration: configuration.machine(image))
        let cpu = CPU(ram: machine.ram)
        var programs: [(name: String, program: Program)] = []
        for entry in image.programs { programs.append((entry.name, try ProgramCache.load(image.location(entry).path))) }
        hal = try HostedHAL(machine: machine, cpu: cpu, programs: programs, files: try Simulation.archive(configuration, image))

        gpu = GPUDevice(width: configuration.width, height: configuration.height, cost: configuration.device?.gpuCost ?? .gpu)
        block = configuration.swapByteCount > 0 ? BlockDevice(storage: try MemoryStorage(byteCount: configuration.swapByteCount), cost: configuration.device?.swapCost ?? .nvme, faults: configuration.swapFaults, seed: configuration.seed) : nil
        let backend: any NetBackend
        switch (configuration.network, mode) {
        case (.pages, _):
            let server = try PageServer(machine: machine, directory: image.pagesDirectory, model: configuration.device?.link ?? PageServer.defaultLink)
            pageServer = server
            backend = server
        case (.slirp, .live):
            pageServer = nil
            do { backend = try SlirpBackend() } catch { throw TerrariumError(.unavailable, "\(error.message); --network pages or none needs no host network") }
        default:
            pageServer = nil
            backend = ReplayBackend()
        }
        net = NetDevice(backend: backend)
        disk = dataDisk.map { Simulation.makeDataDisk($0, configuration.disk!, seed: configuration.seed) }
        let devices: [(any VirtIODevice)?] = [console, EntropyDevice(seed: configuration.seed), block, net, gpu, InputDevice(.keyboard), InputDevice(.tablet), RTCDevice(), disk]   // in the order of `DeviceSlot`
        for (slot, device) in devices.enumerated() {
            guard let device else { continue }
            _ = try VirtIOTransport(machine: machine, device: device, slot: slot)
        }
        if let pageServer { machine.attach(pageServer) }
        if mode == .live {      // a replay ends where its trace does
            disk?.onPowerLoss = { [unowned machine] in machine.requestStop() }
        }
        dataDisk?.file?.onFailure = { [unowned machine] in machine.requestStop() }

        var kernelConfiguration = KernelConfiguration()
        kernelConfiguration.instructionPicoseconds = UInt64(1_000_000 / configuration.cpuMHz)
        if let device = configuration.device {
            device.apply(to: &kernelConfiguration.costs)
            kernelConfiguration.swapReadPage = device.swapPageNanoseconds(device.swapReadBytesPerMicrosecond)
            kernelConfiguration.swapWritePage = device.swapPageNanoseconds(device.swapWriteBytesPerMicrosecond)
        }
        kernelConfiguration.isSwapEnabled = configuration.swapByteCount > 0
        kernelConfiguration.policy = policy
        kernelConfiguration.swapReadPage = BlockCost.nvme.read.nanoseconds(bytes: 65536)
        kernelConfiguration.swapWritePage = BlockCost.nvme.write.nanoseconds(bytes: 65536)
        kernelConfiguration.bootProgram = configuration.bootProgram
        kernel = Kernel(hal: hal, configuration: kernelConfiguration)
        guest = KernelGuest(kernel: kernel)
        machine.guest = guest
        connectListeners()
    }

    /// Files of the boot archive: the image's, the generated `boot.conf`, and the generated `index`, which names the others
    /// in byte order, one a line: byte count, space, name.
    private static func archive(_ configuration: SimulationConfiguration, _ image: SystemImage) throws -> [ArchiveFile] {
        var conf = ""
        if !configuration.url.isEmpty { conf += "url=\(configuration.url)\n" }
        if !configuration.startPrograms.isEmpty { conf += "start=\(configuration.startPrograms)\n" }
        conf += "programs=\(image.programs.map(\.name).joined(separator: ","))\n"
        var files = [ArchiveFile(name: "boot.conf", bytes: Array(conf.utf8))]
        for entry in image.files {
            if entry.name == "boot.conf" || entry.name == "index" { throw TerrariumError(.badData, "the image has a file '\(entry.name)'; that name is for the file that the machine makes, rename it") }
            guard let data = FileManager.default.contents(atPath: image.location(entry).path) else {
                throw TerrariumError(.missing, "\(image.location(entry).path) is missing; run 'make image'")
            }
            files.append(ArchiveFile(name: entry.name, bytes: [UInt8](data)))
        }
        let sorted = files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let index = sorted.map { "\($0.bytes.count) \($0.name)\n" }.joined()
        return files + [ArchiveFile(name: "index", bytes: Array(index.utf8))]
    }

    /// Calls `report` with a readable backtrace whenever a guest program traps.
    public func onTrap(_ report: @escaping (String) -> Void) {
        let entries = image.programs
        let image = self.image
        hal.onTrap = { [unowned hal] task, trap, offsets in
            guard let program = hal.taskPrograms[task], program < entries.count else { return }
            let entry = entries[program]
            let names = ProgramBuilder.symbols(sharedObject: image.location(entry).path, offsets: offsets)
            report("\(entry.name): \(trap.name) in\n" + names.prefix(24).map { "    " + $0 }.joined(separator: "\n"))
        }
    }

    // MARK: Input

    /// Puts an event in from outside, as a person would: it enters at the next turn.
    public func send(_ event: HostEvent) { machine.hostPort.post(event) }

    /// Schedules the events of an input script (docs/formats/input-script.md); times count from power-on.
    public func schedule(script: String) throws {
        for event in try InputScript.parse(script, width: configuration.width, height: configuration.height) {
            machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds))
        }
    }

    // MARK: Running

    @discardableResult
    public func run(until condition: RunCondition, pacing: Pacing = .asFastAsPossible) -> StopReason { machine.run(until: condition, pacing: pacing) }

    /// Runs for `nanoseconds` of virtual time.
    @discardableResult
    public func run(nanoseconds: UInt64) -> StopReason { run(until: .tick(Tick(nanoseconds: machine.now.nanoseconds + nanoseconds))) }

    public var now: UInt64 { machine.now.nanoseconds }
    /// Instructions that programs have executed.
    public var instructionCount: UInt64 { hal.instructionCount }
    public var marks: [Mark] { hal.marks }
    /// Called for each mark, for benchmarks that react to one.
    public var onMark: ((Mark) -> Void)?
    private var markListeners: [(Mark) -> Void] = []
    private var exitListeners: [(String) -> Void] = []
    private var consoleListeners: [([UInt8]) -> Void] = []

    /// Listeners see what the guest does and change nothing. They stay for the simulation's life.
    public func addMarkListener(_ listener: @escaping (Mark) -> Void) { markListeners.append(listener) }
    /// Called with the name of the program whose process ended.
    public func addExitListener(_ listener: @escaping (String) -> Void) { exitListeners.append(listener) }
    /// Called with each piece of text that the guest writes to its console.
    public func addConsoleListener(_ listener: @escaping ([UInt8]) -> Void) { consoleListeners.append(listener) }

    private func connectListeners() {
        hal.onMark = { [unowned self] mark in
            onMark?(mark)
            for listener in markListeners { listener(mark) }
        }
        hal.onTaskEnd = { [unowned self] program in
            guard program < image.programs.count else { return }
            for listener in exitListeners { listener(image.programs[program].name) }
        }
        console.onOutput = { [unowned self] bytes in for listener in consoleListeners { listener(bytes) } }
    }
    /// Text that the guest has written to its console.
    public var consoleText: String { console.capturedText }
    /// Hashes of every subsystem at this moment.
    public func stateHashes() -> [(name: String, hash: UInt64)] { machine.stateHashes().map { ($0.name, $0.hash) } }
    /// The picture on the screen as PNG.
    public func screenshot() -> [UInt8] { (try? PNGWriter.encode(pixels: gpu.frame.composedPixels(), width: gpu.frame.width, height: gpu.frame.height)) ?? [] }
}

/// The kernel as the machine's guest.
final class KernelGuest: Guest {
    let kernel: Kernel
    init(kernel: Kernel) { self.kernel = kernel }
    func boot() { kernel.boot() }
    func interrupt(line: Int) { kernel.interrupt(line: line) }
    func alarm() { kernel.alarm() }
    func runSlice(limit: UInt64) -> Bool { kernel.runSlice(limit: limit) }
    var subsystemHashes: [(name: String, hash: UInt64)] { [("kernel", kernel.stateHash()), ("ram", kernel.ramHash())] }
}

/// Programs are loaded once a process; several simulations share them.
enum ProgramCache {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var programs: [String: Program] = [:]
    static func load(_ path: String) throws(MachineError) -> Program {
        lock.lock()
        defer { lock.unlock() }
        if let program = programs[path] { return program }
        let program = try Program.load(path)
        programs[path] = program
        return program
    }
}
