// A boot program that tries what its handles do not permit, and prints how the kernel answers.
import ABI
import Runtime

#if arch(wasm32)
private func say(_ what: String, _ result: Int64) {
    if result >= 0 { System.log(what + ": allowed"); return }
    System.log(what + ": " + (SystemError(rawValue: Int32(-result))?.name ?? "unknown"))
}
private func name(_ text: String, _ body: (Int64, Int64) -> Int64) -> Int64 {
    Array(text.utf8).withUnsafeBufferPointer { p in body(Int64(UInt(bitPattern: p.baseAddress)), Int64(p.count)) }
}
private func part(_ h: Handle, _ rights: Rights) -> Int64 { rawSystemCall(.handleDuplicate, Int64(h.raw), Int64(rights.rawValue)) }

private func systemHandle(_ system: Handle) {
    let weak = part(system, [.read])
    say("spawn without the right", name("pong") { p, n in rawSystemCall(.spawn, weak, p, n, 0) })
    say("register without the right", name("own") { p, n in rawSystemCall(.serviceRegister, weak, p, n) })
    say("device without the right", rawSystemCall(.deviceOpen, weak, 1))
    say("kill without the right", rawSystemCall(.killPID, weak, 1))
    say("duplicate without the right", rawSystemCall(.handleDuplicate, weak, Int64(Rights.read.rawValue)))
    let middle = part(system, [.read, .duplicate])
    let grown = part(Handle(UInt32(middle)), .all)
    say("spawn with rights that grew", name("pong") { p, n in rawSystemCall(.spawn, grown > 0 ? grown : middle, p, n, 0) })
    say("spawn through a channel", channelAsSystem())
    say("spawn of no program", name("nobody") { p, n in rawSystemCall(.spawn, Int64(system.raw), p, n, 0) })
}
private func channelAsSystem() -> Int64 {
    guard let pair = try? Channel.create() else { return 0 }
    return name("pong") { p, n in rawSystemCall(.spawn, Int64(pair.0.handle.raw), p, n, 0) }
}
private func channels() {
    guard let pair = try? Channel.create(), let other = try? Channel.create() else { return }
    let mute = part(pair.0.handle, [.receive])
    say("send on a receiving end", rawSystemCall(.channelSend, mute, 0, 0, 0, 0))
    let deaf = part(pair.0.handle, [.send])
    say("receive on a sending end", rawSystemCall(.channelReceive, deaf, 0, 0, 0, 0))
    let fixed = Handle(UInt32(part(other.0.handle, [.send])))
    do throws(SystemError) { try pair.0.send([1], handles: [fixed]); say("transfer without the right", 0) } catch { say("transfer without the right", -Int64(error.rawValue)) }
    do throws(SystemError) { try pair.0.send([1], handles: [other.0.handle]); say("transfer", 0) } catch { say("transfer", -Int64(error.rawValue)) }
    say("use after transfer", rawSystemCall(.channelSend, Int64(other.0.handle.raw), 0, 0, 0, 0))
    let closed = pair.1.handle
    closed.close()
    say("use after close", rawSystemCall(.channelSend, Int64(closed.raw), 0, 0, 0, 0))
    do throws(SystemError) { try pair.0.send([1]); say("send to nobody", 0) } catch { say("send to nobody", -Int64(error.rawValue)) }
    say("a guessed handle", rawSystemCall(.channelSend, 0x00ab_c123, 0, 0, 0, 0))
}
private func memory() {
    guard let shared = try? SharedMemory.create(byteCount: 65536) else { return }
    let readOnly = part(shared.handle, [.read, .map])
    say("map writable without the right", rawSystemCall(.shmMap, readOnly, 1))
    say("map read-only", rawSystemCall(.shmMap, readOnly, 0) > 0 ? 0 : -1)
    say("print from nowhere", rawSystemCall(.printDebug, 0xe000_0000, 10))
    say("random into nowhere", rawSystemCall(.random, 0xe000_0000, 10))
}
private func processes(_ system: Handle) {
    guard let pair = try? Channel.create(), let process = try? System.spawn("pong", system: system, bootstrap: pair.1.handle) else { return }
    let watcher = part(process.handle, [.read])
    say("kill with a watching handle", rawSystemCall(.kill, watcher))
    say("clone with a watching handle", rawSystemCall(.clone, watcher, 0))
    say("tab with a watching handle", rawSystemCall(.tabRegister, watcher, 7))
    process.kill()
    say("clone of the dead", rawSystemCall(.clone, Int64(process.handle.raw), 0))
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ system: Int32) {
    let handle = Handle(UInt32(bitPattern: system))
    systemHandle(handle)
    channels()
    memory()
    processes(handle)
    System.log("refusals: done")
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
