// Entry points of the program "shell". Its bootstrap message brings the console and a system handle, and the command to
// run first. It waits on console, jobs and bootstrap channel at once.

import ABI
import Runtime

/// The real system.
final class SystemShellHost: ShellHost {
    private let console: Console
    private let system: Handle
    private let reactor: Reactor
    private struct Running { var job: ShellJob; var process: ProcessHandle; var channel: Channel; var watch: Reactor.Token }
    private var running: [Running] = []
    var onEnd: ((ShellJob, ExitReason, Int32) -> Void)?
    let programs: [String]

    init(console: Console, system: Handle, reactor: Reactor) {
        self.console = console
        self.system = system
        self.reactor = reactor
        programs = SystemShellHost.readPrograms()
    }
    /// The line `programs=` of the boot archive.
    private static func readPrograms() -> [String] {
        guard let file = try? SharedMemory.archive("boot.conf") else { return [] }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: file.base, count: file.byteCount))
        file.unmap()
        file.handle.close()
        let key = Array("programs=".utf8)
        for line in bytes.split(separator: 10) where line.starts(with: key) {
            var names: [String] = []
            for part in line.dropFirst(key.count).split(separator: 44) { names.append(String(decoding: part, as: UTF8.self)) }
            return names
        }
        return []
    }

    func write(_ bytes: [UInt8]) { try? console.write(bytes) }
    func read() -> [UInt8]? { (try? console.read()) ?? nil }
    func processes() -> [ProcessRecord]? { try? System.processes(system: system) }
    func kill(pid: UInt32) -> SystemError? {
        do throws(SystemError) { try System.kill(pid: pid, system: system) } catch { return error }
        return nil
    }
    func memory() -> MemoryRecord { System.memory }
    /// A service may have any name; those that are named like a program of the image are found.
    func services() -> [String] {
        var found: [String] = []
        for name in programs {
            guard let endpoint = try? System.connect(name) else { continue }
            endpoint.close()
            found.append(name)
        }
        return found
    }
    var uptimeNanoseconds: UInt64 { System.now }
    var wallClockNanoseconds: UInt64 { System.wallClock }
    func powerOff() { System.exit(0) }

    func start(_ name: String, arguments: String, isForeground: Bool) -> Result<ShellJob, SystemError> {
        do throws(SystemError) { return .success(try launch(name, arguments, isForeground)) } catch { return .failure(error) }
    }
    private func launch(_ name: String, _ arguments: String, _ isForeground: Bool) throws(SystemError) -> ShellJob {
        let (mine, theirs) = try Channel.create()
        do throws(SystemError) {
            var handles: [Handle] = []
            if isForeground { handles = [try console.handle.duplicate(.all), try system.duplicate(.all)] }
            try mine.send(BootstrapMessage(kind: isForeground ? .shell : .program, text: arguments).bytes(), handles: handles)
            let process = try System.spawn(name, system: system, bootstrap: theirs.handle)
            let job = ShellJob(pid: process.info?.pid ?? 0, name: name)
            let watch = reactor.watch(process.handle, .terminated) { [self] _ in ended(job.pid) }
            running.append(Running(job: job, process: process, channel: mine, watch: watch))
            return job
        } catch {
            mine.close()
            theirs.close()
            throw error
        }
    }
    private func ended(_ pid: UInt32) {
        guard let i = running.firstIndex(where: { $0.job.pid == pid }) else { return }
        let gone = running.remove(at: i), info = gone.process.info
        reactor.unwatch(gone.watch)
        gone.process.handle.close()
        gone.channel.close()
        onEnd?(gone.job, info.flatMap { ExitReason(rawValue: $0.exitReason) } ?? .killed, info?.exitCode ?? 0)
    }
}

nonisolated(unsafe) private var theHost: SystemShellHost?
nonisolated(unsafe) private var theShell: ConsoleShell?

public func shellStart(_ bootstrap: Int32) {
    let channel = Channel(Handle(UInt32(bitPattern: bootstrap)))
    guard let message = (try? channel.receive()) ?? nil, let start = BootstrapMessage.parse(message.bytes), start.kind == .shell, message.handles.count == 2 else {
        System.log("shell: no console was given; init starts it with 'start=shell'")
        return System.exit(1)
    }
    let console = Console(message.handles[0])
    let host = SystemShellHost(console: console, system: message.handles[1], reactor: .main)
    let shell = ConsoleShell(host)
    host.onEnd = { job, reason, code in shell.ended(job, reason: reason, code: code) }
    theHost = host
    theShell = shell
    Reactor.main.watch(console.handle, .readable) { _ in if let bytes = host.read() { shell.typed(bytes) } }
    shell.begin(command: start.text)
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { shellStart(bootstrap) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
