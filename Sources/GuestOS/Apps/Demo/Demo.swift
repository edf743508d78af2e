// The demo: starts processes, lets them do what a system must stand, and prints what was counted. Each act is a few
// callbacks; an act ends by starting the next. Nothing is printed that was not measured.

import ABI
import ConsoleText
import Runtime

final class Demo {
    /// A process of the demo and the channel to it.
    struct Part { var process: ProcessHandle; var channel: Channel; var pid: UInt32 }
    private static let tabID: UInt32 = 4_000_000_000

    private let console: Console
    private let system: Handle
    private let reactor: Reactor
    private var watches: [Reactor.Token] = []
    private var failures = 0

    init(console: Console, system: Handle, reactor: Reactor) {
        self.console = console
        self.system = system
        self.reactor = reactor
    }
    func begin() {
        print("Terrarium: the promises, live. Every number below was counted; times are virtual and the same in every run.")
        messages()
    }
    private func end() {
        print(failures == 0 ? "All promises kept." : "\(failures) promises were not kept.")
        System.exit(failures == 0 ? 0 : 1)
    }

    // MARK: Tools

    private func print(_ line: String) { try? console.write(line + "\n") }
    private func fact(_ name: String, _ text: String) { print("  " + ConsoleText.left(name, 12) + text) }
    private func more(_ text: String) { fact("", text) }
    private func fail(_ name: String, _ why: String) {
        failures += 1
        fact(name, "NOT KEPT: " + why)
    }
    private func start(_ name: String, _ handles: [Handle] = []) throws(SystemError) -> Part {
        let (mine, theirs) = try Channel.create()
        try mine.send(BootstrapMessage(kind: .program, text: name).bytes(), handles: handles)
        let process = try System.spawn(name, system: system, bootstrap: theirs.handle)
        return Part(process: process, channel: mine, pid: process.info?.pid ?? 0)
    }
    /// Calls `body` with each report of the part until `body` answers true.
    private func listen(_ part: Part, _ body: @escaping ([UInt64]) -> Bool) {
        var token = reactor.onMessage(part.channel) { _ in }
        reactor.unwatch(token)
        token = reactor.onMessage(part.channel) { [self] message in if body(Report.parse(message.bytes)) { reactor.unwatch(token) } }
    }
    private func whenEnded(_ part: Part, _ body: @escaping () -> Void) {
        var token: Reactor.Token?
        token = reactor.watch(part.process.handle, .terminated) { [self] _ in
            if let token { reactor.unwatch(token) }
            body()
        }
    }
    private func close(_ part: Part) {
        part.process.kill()
        part.process.handle.close()
        part.channel.close()
    }
    private func attempt(_ name: String, _ next: () -> Void, _ body: () throws(SystemError) -> Void) {
        do throws(SystemError) { try body() } catch {
            fail(name, error.name)
            next()
        }
    }

    // MARK: Messages

    private func messages() {
        attempt("messages", isolation) { () throws(SystemError) in
            let (a, b) = try Channel.create()
            let pong = try start("pong", [b.handle]), ping = try start("ping", [a.handle])
            listen(ping) { [self] report in
                if report.count == 3, report[0] == DemoSize.messageCount {
                    fact("messages", ConsoleText.grouped(report[0]) + " between two processes, each one checked, in " + ConsoleText.time(report[1]) + ": " + ConsoleText.grouped(report[1] / report[0]) + " ns a message")
                } else { fail("messages", "a wrong answer") }
                close(ping)
                close(pong)
                isolation()
                return true
            }
        }
    }

    // MARK: A wild pointer

    private func isolation() {
        attempt("isolation", preemption) { () throws(SystemError) in
            let witness = try self.witness()
            let wild = try start("wild")
            whenEnded(wild) { [self] in ask(witness, wild) }
        }
    }
    /// The service of the neighbour, which stays after the demo.
    private func witness() throws(SystemError) -> Channel {
        if let running = try? System.connect("witness") { return running }
        let clients = try System.register("witness", system: system)
        let part = try start("witness", [clients.handle])
        part.channel.close()
        part.process.handle.close()
        return try System.connect("witness")
    }
    private func ask(_ witness: Channel, _ wild: Part) {
        let info = wild.process.info
        let reason = info.flatMap { ExitReason(rawValue: $0.exitReason) } ?? .running
        close(wild)
        var answers: UInt64 = 0
        reactor.onMessage(witness) { [self] _ in
            answers += 1
            if answers < 3 {
                try? witness.send([1])
                return
            }
            if reason == .badAccess || reason == .trapped {
                fact("isolation", "process \(wild.pid) (wild) followed a pointer to " + ConsoleText.hexadecimal(UInt64(DemoSize.wildAddress)) + " and was ended: " + reason.name)
                more("its neighbour (witness) has answered \(answers) of 3 questions since")
            } else { fail("isolation", "wild ended with " + reason.name) }
            witness.close()
            preemption()
        }
        try? witness.send([1])
    }

    // MARK: A process that never yields

    private func preemption() {
        attempt("preemption", paging) { () throws(SystemError) in
            let spinner = try start("spinner")
            let period: UInt64 = 5_000_000, start = System.now
            var fired: UInt64 = 0, latest: UInt64 = 0
            var token: Reactor.Token?
            token = reactor.every(1_000_000) { [self] in
                let now = System.now
                fired += 1
                latest = max(latest, now - start)
                if now - start < 20 * period { return }
                if let token { reactor.cancel(token) }
                let info = spinner.process.info
                spinner.process.kill()
                let reason = spinner.process.info.flatMap { ExitReason(rawValue: $0.exitReason) }
                close(spinner)
                guard reason == .killed, fired > 10 else { return finishPreemption("the timer fired \(fired) times") }
                fact("preemption", "process \(spinner.pid) (spinner) never yields: it executed " + ConsoleText.grouped(info?.instructions ?? 0) + " instructions in " + ConsoleText.time(latest))
                more("this process was woken \(fired) times by its timer meanwhile, then ended it: killed")
                finishPreemption(nil)
            }
        }
    }
    private func finishPreemption(_ problem: String?) {
        if let problem { fail("preemption", problem) }
        paging()
    }

    // MARK: Out to pool and disk, and back

    private func paging() {
        attempt("paging", clone) { () throws(SystemError) in
            let sleeper = try start("sleeper")
            var sum: UInt64 = 0, woken: UInt64 = 0, faultsBefore: UInt64 = 0
            listen(sleeper) { [self] report in
                guard let value = report.first else { return false }
                if sum == 0 {
                    sum = value
                    hibernate(sleeper) { faults in
                        faultsBefore = faults
                        woken = System.now
                        sleeper.process.updateTab(.active, [])
                        try? sleeper.channel.send([1])
                    }
                    return false
                }
                let faults = (sleeper.process.info?.faults ?? 0) - faultsBefore
                if value == sum {
                    more("woken, it read all of it again in " + ConsoleText.time(System.now - woken) + " and \(faults) page faults: checksum " + ConsoleText.hexadecimal(value) + " as before")
                } else { fail("paging", "the contents changed") }
                close(sleeper)
                clone()
                return true
            }
        }
    }
    /// Sends the process to sleep and waits until its pages are out.
    private func hibernate(_ part: Part, _ done: @escaping (UInt64) -> Void) {
        part.process.registerTab(id: Demo.tabID)
        part.process.updateTab(.hidden, [])
        part.process.updateTab(.hibernated, [])
        var lookCount = 0
        var token: Reactor.Token?
        token = reactor.every(10_000_000) { [self] in
            lookCount += 1
            guard let info = part.process.info else { return }
            let memory = System.memory
            if lookCount < 200, info.pagesResident > 0 || Int(info.pagesSwapped) < DemoSize.sleeperRandomPageCount { return }
            if let token { reactor.cancel(token) }
            fact("paging", "process \(part.pid) (sleeper) of \(DemoSize.sleeperPageCount / 16) MiB went out: \(info.pagesCompressed) pages compressed to "
                 + ConsoleText.grouped(memory.bytesCompressed / 1024) + " KiB, \(info.pagesSwapped) on disk, \(info.pagesResident) in memory")
            if info.pagesCompressed == 0 || info.pagesSwapped == 0 { fail("paging", "nothing went out") }
            done(info.faults)
        }
    }

    // MARK: A clone

    private func clone() {
        attempt("clone", end) { () throws(SystemError) in
            let zygote = try start("zygote")
            listen(zygote) { [self] report in
                // The zygote is quiet once its callback has returned; a moment is enough.
                _ = reactor.after(1_000_000) { [self] in copy(zygote, report.first ?? 0) }
                return true
            }
        }
    }
    private func copy(_ zygote: Part, _ sum: UInt64) {
        attempt("clone", end) { () throws(SystemError) in
            let (mine, theirs) = try Channel.create()
            let framesBefore = System.memory.framesProcess, start = System.now
            let process = try zygote.process.clone(bootstrap: theirs.handle)
            let time = System.now - start, framesAfter = System.memory.framesProcess
            let clone = Part(process: process, channel: mine, pid: process.info?.pid ?? 0)
            listen(clone) { [self] report in
                let framesWritten = System.memory.framesProcess
                let pages = clone.process.info?.pagesResident ?? 0
                if report.first == sum, Int(framesAfter) - Int(framesBefore) == 0 {
                    fact("clone", "process \(zygote.pid) (zygote) of \(DemoSize.zygotePageCount / 16) MiB cloned in " + ConsoleText.time(time) + ": \(pages) pages shared, \(framesAfter - framesBefore) copied")
                    more("the clone read the same contents, then wrote one word: \(framesWritten - framesAfter) pages copied by all it did")
                } else { fail("clone", "contents differ or \(framesAfter) frames instead of \(framesBefore)") }
                close(clone)
                close(zygote)
                end()
                return true
            }
        }
    }
}
