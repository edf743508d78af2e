// A boot program for tests of containment. Starts one bystander ("pong"), then every program of the line `start=` of
// boot.conf, one after the other, in three rounds; `rogue-N` means the program "rogue" told to misbehave in way N. While a
// program runs, the bystander is asked once a millisecond; a program that lasts too long is killed. Prints
// `contained NAME: REASON, code C, N answers`, where N counts the bystander's answers while the program lived and after.
import ABI
import Runtime

#if arch(wasm32)
final class Warden {
    private let system: Handle
    private let plan: [String]
    private var bystander = Channel(.none)
    private var next = 0, round = 1
    private var asked = 0, answered = 0
    private var current: (name: String, process: ProcessHandle, channel: Channel)?
    private var watch: Reactor.Token?, limit: Reactor.Token?, asking: Reactor.Token?
    private var held: [ProcessHandle] = []
    private static let lifeNanosecondsMax: UInt64 = 12_000_000

    init(_ system: Handle, _ plan: [String]) { self.system = system; self.plan = plan }

    func begin() {
        guard let pair = try? Channel.create(), (try? System.spawn("pong", system: system, bootstrap: pair.1.handle)) != nil else {
            System.log("warden: no bystander")
            return
        }
        bystander = pair.0
        Reactor.main.onMessage(bystander, closed: { System.log("warden: the bystander died") }) { [self] _ in
            answered += 1
        }
        startRound()
    }
    private func startRound() {
        next = 0
        asking = Reactor.main.every(1_000_000) { [self] in
            asked += 1
            do throws(SystemError) { try bystander.send([1]) } catch { System.log("warden: the bystander does not read: " + error.name) }
        }
        advance()
    }
    private func advance() {
        guard next < plan.count else { endRound(); return }
        let name = plan[next]
        next += 1
        asked = 0
        answered = 0
        do throws(SystemError) { try launch(name) } catch {
            System.log("warden: cannot start " + name + ": " + error.name)
            advance()
        }
    }
    private func launch(_ name: String) throws(SystemError) {
        let (mine, theirs) = try Channel.create()
        let (a, b) = try Channel.create()
        var program = name
        if let kind = Warden.kind(name) {
            program = "rogue"
            try bystander.send([0], handles: [b.handle])
            try mine.send([kind], handles: [a.handle])
        } else {
            a.close()
            b.close()
        }
        let process = try System.spawn(program, system: system, bootstrap: theirs.handle)
        current = (name, process, mine)
        watch = Reactor.main.watch(process.handle, .terminated) { [self] _ in ended() }
        limit = Reactor.main.after(Warden.lifeNanosecondsMax) { process.kill() }
    }
    /// The number in `rogue-N`.
    private static func kind(_ name: String) -> UInt8? {
        let bytes = Array(name.utf8)
        guard bytes.count > 6, bytes.starts(with: Array("rogue-".utf8)) else { return nil }
        return bytes[6...].reduce(0) { $0 &* 10 &+ ($1 &- 48) }
    }
    private func ended() {
        if let watch { Reactor.main.unwatch(watch) }
        if let limit { Reactor.main.cancel(limit) }
        // Time for the bystander to answer once more, now that the program is gone.
        Reactor.main.after(4_000_000) { [self] in report() }
    }
    private func report() {
        guard let (name, process, channel) = current else { return }
        current = nil
        let record = process.info
        let reason = ExitReason(rawValue: record?.exitReason ?? 0)?.name ?? "unknown"
        System.log("contained " + name + ": " + reason + ", code \(record?.exitCode ?? 0), \(answered) answers")
        channel.close()
        held.append(process)
        advance()
    }
    /// Quiet first, so that what is counted at the end of the rounds can be compared.
    private func endRound() {
        if let asking { Reactor.main.cancel(asking) }
        Reactor.main.after(10_000_000) { [self] in
            System.log("round \(round) over")
            Reactor.main.after(10_000_000) { [self] in
                for p in held { p.handle.close() }
                held = []
                System.log("round \(round) released")
                round += 1
                if round <= 3 { Reactor.main.after(10_000_000) { [self] in startRound() } }
            }
        }
    }
}
nonisolated(unsafe) private var warden: Warden?

/// The programs of the line `start=`.
private func readPlan() -> [String] {
    guard let file = try? SharedMemory.archive("boot.conf") else { return [] }
    let bytes = [UInt8](UnsafeRawBufferPointer(start: file.base, count: file.byteCount))
    for line in bytes.split(separator: 10) where line.starts(with: Array("start=".utf8)) {
        return line.dropFirst(6).split(separator: 44).map { String(decoding: $0, as: UTF8.self) }
    }
    return []
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ system: Int32) {
    let made = Warden(Handle(UInt32(bitPattern: system)), readPlan())
    warden = made
    made.begin()
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
