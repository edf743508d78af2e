// Random system calls with plausible and absurd arguments, by several processes at once, under memory pressure and
// hibernation. The kernel must survive and everything must stay accounted for; a canary shows that the audit can fail.

import ABI
import Policies
import Testing
@testable import Kernel

struct Dice {
    var x: UInt64
    mutating func next() -> UInt64 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; return x }
    mutating func below(_ n: Int) -> Int { Int(next() >> 8) % n }
}

@Suite struct FuzzTests {
    static func monkey(_ seed: UInt64, steps: Int) -> (Guest, Int64) -> Void {
        { g, bootstrap in
            var dice = Dice(x: seed &* 0x9e37_79b9 &+ UInt64(bitPattern: g.call(.getPID)) &* 7919 | 1)
            var handles: [Int64] = [bootstrap, 1, 2, 3, 4, 5]
            let calls = SystemCall.allCases.filter { ![.exit, .waitMany].contains($0) }
            func argument() -> Int64 {
                switch dice.below(12) {
                case 0: return -1
                case 1: return Int64(bitPattern: dice.next())
                case 2: return 0x4000_0000 + Int64(dice.below(1 << 20))
                case 3, 4: return Int64(dice.below(300))
                case 5, 6, 7: return Int64(0x2_0000 + dice.below(0x6_0000))
                default: return handles[dice.below(handles.count)]
                }
            }
            for _ in 0..<steps {
                switch dice.below(20) {
                case 0...1:
                    let pair = g.call(.channelCreate, 0x2_0000) == 0 ? [Int64(g.load32(0x2_0000)), Int64(g.load32(0x2_0004))] : []
                    handles += pair
                case 2: g.store((2 + dice.below(30)) << 16, [UInt8(truncatingIfNeeded: dice.next())])
                case 3:
                    let r = g.spawn(handles[0], "monkey", dice.below(2) == 0 ? 0 : handles[dice.below(handles.count)])
                    if r > 0 { handles.append(r); _ = g.call(.tabRegister, r, Int64(1 + dice.below(9))) }
                case 4: _ = g.call(.tabUpdate, handles[dice.below(handles.count)], Int64(dice.below(6)), Int64(dice.below(16)))
                case 5:
                    let h = handles[dice.below(handles.count)]
                    g.store32(0x2_1000, UInt32(truncatingIfNeeded: handles[dice.below(handles.count)]))
                    _ = g.call(.channelSend, h, 0x2_0000, Int64(dice.below(100)), 0x2_1000, Int64(dice.below(3)))
                case 6:
                    let r = g.receive(handles[dice.below(handles.count)])
                    handles += r.handles
                case 7: _ = g.waitMany([(handles[dice.below(handles.count)], Signals(rawValue: UInt32(dice.below(32))))], g.call(.clock) + Int64(dice.below(300_000)))
                case 9:
                    let device = g.call(.deviceOpen, handles[0], Int64(2 + dice.below(4)))
                    if device > 0 { _ = g.call([.blockRead, .blockWrite, .consoleWrite, .consoleRead, .blockFlush][dice.below(5)], device, Int64(dice.below(300)), 0x2_0000, Int64(dice.below(200) * 512)) }
                    if device > 0 { _ = g.call(.handleClose, device) }
                case 8:
                    let r = g.call(.shmCreate, Int64(1 + dice.below(400_000)))
                    if r > 0 {
                        handles.append(r)
                        let at = g.call(.shmMap, r, 1)
                        if at > 0 { g.store(Int(at), [1]) }
                    }
                default:
                    let call = calls[dice.below(calls.count)]
                    if call == .kill || call == .killPID, dice.below(4) > 0 { continue }
                    let r = g.call(call, argument(), argument(), argument(), argument(), argument(), argument())
                    if r > 0, [.handleDuplicate, .timerCreate, .eventCreate, .spawn, .clone, .serviceConnect, .serviceRegister, .archiveOpen, .deviceOpen].contains(call) { handles.append(r) }
                }
                if handles.count > 60 { _ = g.call(.handleClose, handles.remove(at: 6 + dice.below(50))) }
            }
        }
    }
    @Test(arguments: 1...3) func monkeysNeverBreakConservation(seed: Int) {
        let m = FakeMachine(frames: 220)
        m.devices = [fakeDisk(byteCount: 32 * 65536, latency: 200_000), fakeDisk(byteCount: 1 << 20, latency: 100_000), FakeVirtio(3) { c in c.queue == 0 ? nil : 0 }, FakeVirtio(1) { c in c.queue == 0 ? nil : 0 }, FakeVirtio(18) { _ in nil }]
        var monkey = FakeProgram(start: FuzzTests.monkey(UInt64(seed), steps: 150))
        monkey.handle = { g, key, _ in _ = g.call(.subscribe, key, key, 0) }
        monkey.cloned = FuzzTests.monkey(UInt64(seed) + 100, steps: 40)
        m.add("monkey", monkey)
        var c = KernelConfiguration()
        c.policy = LRUCompressPolicy()
        c.policyPeriodNanoseconds = 1_000_000
        m.bootOnly(c, FakeProgram(start: { g, system in
            for _ in 0..<6 { _ = g.spawn(system, "monkey", g.call(.handleDuplicate, system, Int64(Rights.all.rawValue))) }
        }))
        for i in 1...100 {
            m.run(until: UInt64(i) * 1_000_000)
            if let problem = m.kernel.checkConservation() {
                Issue.record("seed \(seed), \(m.now) ns: \(problem)")
                return
            }
        }
        #expect(m.kernel.counters.systemCalls > 2000)
        for p in m.kernel.processes where p.isAlive && p.pid != 1 { m.kernel.endProcess(p, .killed, code: 0) }
        m.run(until: m.now + 10_000_000)
        #expect(m.kernel.checkConservation() == nil)
        #expect(m.kernel.memoryRecord.framesCompressedPool == 0 && m.kernel.memory.swap.slots.usedCount == 0 && m.kernel.memoryRecord.framesShared == 0)
        m.expectAllReturned()
    }
    @Test func theAuditFindsALeakedFrameAndALostReference() {
        let m = FakeMachine()
        let k = m.boot { g, _ in _ = g.channel() }
        #expect(k.checkConservation() == nil)
        let frame = k.memory.frames.allocate(.process)!
        #expect(k.checkConservation() != nil)
        k.memory.frames.release(frame)
        #expect(k.checkConservation() == nil)
        k.retain(k.processes[0].handles.entries[0].ref)
        #expect(k.checkConservation() != nil)
    }
}
