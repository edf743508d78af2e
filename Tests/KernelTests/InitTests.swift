// Init's own code on the real kernel: its system calls are carried over to a fake process, pointers translated.

import ABI
import Runtime
import Testing
@testable import InitService
@testable import Kernel

/// Carries calls of hosted guest code (host pointers) into a fake program's memory.
func carry(_ g: Guest, _ call: SystemCall, _ a: [Int64]) -> Int64 {
    let area = 0x3_0000
    func stage(_ pointer: Int64, _ count: Int64, _ offset: Int = 0) -> Int64 {
        if count > 0, let p = UnsafeRawPointer(bitPattern: Int(pointer)) { g.store(area + offset, [UInt8](UnsafeRawBufferPointer(start: p, count: Int(count)))) }
        return Int64(area + offset)
    }
    func fetch(_ pointer: Int64, _ count: Int, _ offset: Int = 0) {
        let bytes = g.load(area + offset, count)
        UnsafeMutableRawPointer(bitPattern: Int(pointer))!.copyMemory(from: bytes, byteCount: count)
    }
    switch call {
    case .channelCreate:
        let r = g.call(call, stage(0, 0))
        fetch(a[0], 8)
        return r
    case .channelSend: return g.call(call, a[0], stage(a[1], a[2]), a[2], stage(a[3], a[4] * 4, 8192), a[4])
    case .channelReceive:
        let r = g.call(call, a[0], stage(0, 0), a[2], Int64(area + 8192), Int64(area + 9000))
        if r >= 0 {
            fetch(a[1], Int(r))
            fetch(a[3], 32, 8192)
            fetch(a[4], 4, 9000)
        }
        return r
    case .spawn: return g.call(call, a[0], stage(a[1], a[2]), a[2], a[3])
    case .serviceConnect, .archiveOpen, .printDebug: return g.call(call, stage(a[0], a[1]), a[1])
    case .processInfo:
        let r = g.call(call, a[0], stage(0, 0))
        if r == 0 { fetch(a[1], ProcessRecord.byteCount) }
        return r
    default: return g.call(call, a[0], a[1], a[2], a[3], a[4], a[5])
    }
}

final class Held: @unchecked Sendable { var service: Init? }

@Suite struct InitTests {
    @Test func startsServicesInOrderAndRestartsACrashedOneOnce() {
        let m = FakeMachine()
        let nic = FakeVirtio(1) { c in c.queue == 0 ? nil : 0 }, tablet = FakeVirtio(18) { _ in nil }
        let gpu = FakeVirtio(16) { c in
            var reply = [UInt8](repeating: 0, count: 24)
            reply[1] = 0x11
            if c.request[1] == 1, c.request[0] == 0 {
                reply[0] = 1
                reply += [0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 64, 0, 0, 0] + [UInt8](repeating: 0, count: 16 * 24)
            }
            return c.reply(reply)
        }
        m.devices = [nic, gpu, tablet]
        func bootstrap(_ g: Guest, _ b: Int64) -> (BootstrapMessage, [Int64]) {
            let r = g.receive(b)
            let bytes = g.load(Guest.scratch, Int(max(0, r.result)))
            return (BootstrapMessage.parse(bytes)!, r.handles)
        }
        m.add("files", FakeProgram(start: { g, b in
            let (message, handles) = bootstrap(g, b)
            let (p, n) = g.name("files")
            g.globals["s"] = g.call(.serviceRegister, handles[0], p, n)
            g.note("files \(message.kind) \(handles.count) registers \(g.globals["s"]! > 0) spawns \(g.spawn(handles[0], "net"))")
        }))
        m.add("net", FakeProgram(start: { g, b in
            let (message, handles) = bootstrap(g, b)
            g.note("net \(message.kind) \(handles.count) \(g.call(.netInfo, handles[0], Int64(Guest.scratch)))")
            g.note("net may not spawn", g.spawn(handles[1], "net"))
            _ = g.waitMany([], g.call(.clock) + 20_000_000)      // slow to start
            let (p, n) = g.name("net")
            g.globals["s"] = g.call(.serviceRegister, handles[1], p, n)
            g.note("net ready")
            if m.notes.filter({ $0 == "net ready" }).count <= 2 {
                _ = g.waitMany([], g.call(.clock) + 500_000_000)
                g.trap(.unreachable)
            }
        }))
        m.add("wm", FakeProgram(start: { g, b in
            let (message, handles) = bootstrap(g, b)
            g.note("wm \(message.kind) \(handles.count) \(g.call(.fbInfo, handles[0], Int64(Guest.scratch))) \(g.call(.pollEvent, handles[1], Int64(Guest.scratch), 1))")
            let (p, n) = g.name("wm")
            g.globals["s"] = g.call(.serviceRegister, handles[2], p, n)
            g.store(Guest.scratch, LauncherRequest.launch.bytes("terminal"))
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
            g.store(Guest.scratch, LauncherRequest.launch.bytes("terminal"))
            g.note("launch", g.call(.channelSend, handles[3], Int64(Guest.scratch), Int64(LauncherRequest.launch.bytes("terminal").count), 0, 0))
        }))
        m.add("browser", FakeProgram(start: { g, b in
            let (message, handles) = bootstrap(g, b)
            let (p, n) = g.name("net")
            g.note("browser '\(message.text)' \(handles.count) net \(g.call(.serviceConnect, p, n) > 0)")
        }))
        m.add("terminal", FakeProgram(start: { g, b in
            let (_, handles) = bootstrap(g, b)
            g.note("terminal lists \(g.call(.processList, handles[0], 0x4_0000, 20)) spawns \(g.spawn(handles[0], "net"))")
        }))
        let held = Held()
        let reactor = Reactor()
        systemCallHook = nil
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, b in
            systemCallHook = { call, a0, a1, a2, a3, a4, a5 in carry(g, call, [a0, a1, a2, a3, a4, a5]) }
            var configuration = BootConfiguration.load()
            configuration.url = "http://example/"
            held.service = Init(system: Handle(UInt32(b)), configuration: configuration, reactor: reactor)
            held.service?.start()
        }, handle: { _, key, signals in reactor.dispatch(key, Int32(signals.rawValue)) }))
        m.run(until: 5_000_000_000)
        #expect(m.notes == ["files files 1 registers true spawns -2", "net network 2 0", "net may not spawn=-2", "net ready", "wm windowManager 4 0 0",
                            "browser 'http://example/' 1 net true", "launch=0", "terminal lists 6 spawns -2",
                            "net network 2 0", "net may not spawn=-2", "net ready"])
        #expect(m.kernel.processRecords.map { $0.name.string } == ["init", "files", "wm", "browser", "terminal"])
        #expect(m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func bootConfigurationIsForgiving() {
        let c = BootConfiguration.parse(Array("junk\nurl=http://a/?b=c\r\nstart=one,two\n=\nx=y\n".utf8))
        #expect(c.url == "http://a/?b=c" && c.programs == ["one", "two"])
        #expect(BootConfiguration.parse([]) == BootConfiguration())
        #expect(BootConfiguration.parse([0xff, 61, 10, 61]).url == "")
    }
}
