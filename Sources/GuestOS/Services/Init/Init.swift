// The first process: it alone holds the full `system` handle, gives each program the part it needs (ABI/Bootstrap.swift),
// starts programs on request of the window manager, and restarts a crashed boot program once.

import ABI
import Runtime

public final class Init {
    /// A program that runs; init keeps the other end of its bootstrap channel.
    private struct Child {
        var id: UInt32
        var name: String
        var process: ProcessHandle
        var channel: Channel
        var launcher: Channel?
        var isBootProgram: Bool
        var watch: Reactor.Token?
    }
    private static let restartCountMax = 1
    private static let readyPollNanoseconds: UInt64 = 1_000_000
    private static let readyPollCountMax = 5_000

    private let system: Handle
    private let reactor: Reactor
    private let configuration: BootConfiguration
    private var children: [Child] = []
    private var restarts: [String] = []
    private var nextID: UInt32 = 1
    private var pending: [String] = []
    private var readyTimer: Reactor.Token?

    public init(system: Handle, configuration: BootConfiguration, reactor: Reactor = .main) {
        self.system = system
        self.configuration = configuration
        self.reactor = reactor
    }
    /// Starts the boot programs in order; a program waits until the services before it answer.
    public func start() {
        pending = configuration.programs
        advance()
    }
    private func advance() {
        while !pending.isEmpty {
            let entry = pending.removeFirst()
            let name = String(entry.prefix { $0 != " " })
            guard launch(name, arguments: String(entry.dropFirst(name.count + 1)), isBootProgram: true) else { continue }
            if name == "files" || name == "net" || name == "wm" {
                waitUntilReady(name)
                return
            }
        }
    }
    /// Polls the registry: a service is ready when it can be connected to.
    private func waitUntilReady(_ service: String) {
        var pollCount = 0
        readyTimer = reactor.every(Init.readyPollNanoseconds) { [self] in
            pollCount += 1
            if let endpoint = try? System.connect(service) {
                endpoint.close()
            } else if pollCount < Init.readyPollCountMax, isRunning(service) {
                return
            } else {
                System.log("init: " + service + " does not answer")
            }
            if let token = readyTimer { reactor.cancel(token) }
            readyTimer = nil
            advance()
        }
    }
    private func isRunning(_ name: String) -> Bool { children.contains { $0.name == name } }

    // MARK: Launching

    @discardableResult
    private func launch(_ name: String, arguments: String = "", isBootProgram: Bool) -> Bool {
        do throws(SystemError) {
            let (mine, theirs) = try Channel.create()
            var launcher: Channel?
            do throws(SystemError) {
                launcher = try sendBootstrap(name, arguments, over: mine)
                let process = try System.spawn(name, system: system, bootstrap: theirs.handle)
                adopt(Child(id: nextID, name: name, process: process, channel: mine, launcher: launcher, isBootProgram: isBootProgram))
                nextID += 1
                return true
            } catch {
                mine.close()
                theirs.close()
                launcher?.close()
                throw error
            }
        } catch {
            System.log("init: cannot start " + name + ": " + error.name)
            return false
        }
    }
    /// Puts the first message into the channel; answers init's end of the launcher channel when the program has one.
    private func sendBootstrap(_ name: String, _ arguments: String, over channel: Channel) throws(SystemError) -> Channel? {
        var handles: [Handle] = []
        var launcher: Channel?
        var kind = BootstrapKind.program
        var text = arguments
        switch name {
        case "files":
            kind = .files
            handles = [try part(SystemRights.registerServices)]
            if let disk = try? System.openDevice(.block, system: system) { handles.append(disk) }
        case "net":
            kind = .network
            handles = [try System.openDevice(.network, system: system), try part(SystemRights.registerServices)]
        case "wm":
            kind = .windowManager
            let (mine, theirs) = try Channel.create()
            launcher = mine
            handles = [try System.openDevice(.framebuffer, system: system), try System.openDevice(.input, system: system),
                       try part(SystemRights.registerServices), theirs.handle]
        case "terminal":
            kind = .terminal
            handles = [try part([SystemRights.listProcesses, SystemRights.killAnyProcess])]
        case "shell":
            kind = .shell
            handles = [try System.openDevice(.console, system: system),
                       try part([SystemRights.spawn, SystemRights.listProcesses, SystemRights.killAnyProcess, SystemRights.registerServices])]
        case "browser":
            kind = .browser
            handles = [try part([SystemRights.spawn, SystemRights.listProcesses])]
            text = configuration.url
        default: break
        }
        try channel.send(BootstrapMessage(kind: kind, text: text).bytes(), handles: handles)
        return launcher
    }
    /// The system handle with no more than these rights.
    private func part(_ rights: Rights) throws(SystemError) -> Handle { try system.duplicate(rights.union([.transfer, .duplicate])) }

    // MARK: Children

    private func adopt(_ child: Child) {
        var child = child
        let id = child.id
        child.watch = reactor.watch(child.process.handle, .terminated) { [self] _ in ended(id) }
        children.append(child)
        if let launcher = child.launcher {
            reactor.onMessage(launcher) { [self] message in
                for h in message.handles { h.close() }
                if let (request, text) = LauncherRequest.parse(message.bytes), request == .launch { launch(text, isBootProgram: false) }
            }
        }
    }
    private func ended(_ id: UInt32) {
        guard let i = children.firstIndex(where: { $0.id == id }) else { return }
        let child = children.remove(at: i)
        let info = child.process.info
        let isCrash = info.map { $0.exitReason != ExitReason.exited.rawValue || $0.exitCode != 0 } ?? true
        let reason = info.flatMap { ExitReason(rawValue: $0.exitReason) }?.name ?? "unknown"
        if let token = child.watch { reactor.unwatch(token) }
        child.process.handle.close()
        child.channel.close()
        child.launcher?.close()
        System.log("init: " + child.name + " ended: " + reason)
        guard child.isBootProgram, isCrash else { return }
        let restartCount = restarts.reduce(0) { $1 == child.name ? $0 + 1 : $0 }
        if restartCount < Init.restartCountMax {
            restarts.append(child.name)
            launch(child.name, isBootProgram: true)
        } else {
            System.log("init: " + child.name + " crashed again and stays off")
        }
    }
}
