import ABI
import Testing
@testable import Kernel

@Suite struct CapabilityTests {
    /// Every call whose table row asks for a right is tried with a handle that has all others. (IPC-002, IPC-004)
    @Test func everyWrongRightIsRefused() {
        let m = FakeMachine()
        m.add("child", FakeProgram())
        let k = m.boot { g, system in
            let (a, _) = g.channel()
            let shm = g.call(.shmCreate, 65536), timer = g.call(.timerCreate), event = g.call(.eventCreate)
            let child = g.spawn(system, "child")
            for call in SystemCall.allCases {
                let row = call.row
                guard let kind = row.kind else { continue }
                let handle: Int64
                switch kind {
                case .channel: handle = a
                case .sharedMemory: handle = shm
                case .timer: handle = timer
                case .event: handle = event
                case .process: handle = child
                case .system: handle = system
                case .device: continue       // no devices here; see DeviceTests
                }
                let weak = g.call(.handleDuplicate, handle, Int64(Rights.all.subtracting(row.rights).rawValue))
                if weak <= 0 { g.note("no duplicate for \(call)") }
                let r = g.call(call, weak, Int64(Guest.scratch), 4)
                if g.error(r) != .accessDenied { g.note("\(call) gave \(r)") }
                let wrongKind = kind == .event ? timer : event
                if g.error(g.call(call, wrongKind, Int64(Guest.scratch), 4)) != .badHandle { g.note("\(call) took a wrong kind") }
                for bad in [Int64(0), -1, 4000, .max, weak + 1 << 12] where g.error(g.call(call, bad, 0, 0)) != .badHandle { g.note("\(call) took handle \(bad)") }
            }
            g.note("done")
        }
        #expect(m.notes == ["done"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// IPC-002.
    @Test func rightsOnlyShrink() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let (a, b) = g.channel()
            let sendOnly = g.call(.handleDuplicate, a, Int64(Rights([.send, .duplicate]).rawValue))
            let wide = g.call(.handleDuplicate, sendOnly, Int64(Rights.all.rawValue))
            g.note("receive", g.receive(wide).result)
            g.note("transfer", g.send(b, "x", [wide]))
            let fixed = g.call(.handleDuplicate, a, Int64(Rights.send.rawValue))
            g.note("duplicate", g.call(.handleDuplicate, fixed, Int64(Rights.send.rawValue)))
            g.note("bootstrap", g.spawn(1, "init", wide))
            _ = g.call(.handleClose, wide)
            g.note("stale", g.send(wide, "x"))
            let shm = g.call(.shmCreate, 10)
            let readOnly = g.call(.handleDuplicate, shm, Int64(Rights([.map, .read, .transfer]).rawValue))
            g.note("writable", g.call(.shmMap, readOnly, 1))
            g.note("readable", g.call(.shmMap, readOnly, 0) > 0 ? 1 : 0)
            let silent = g.call(.handleDuplicate, shm, Int64(Rights.map.rawValue))
            g.note("wait", g.waitMany([(silent, .signaled)], 0).result)
        }
        #expect(m.notes == ["receive=-2", "transfer=-2", "duplicate=-2", "bootstrap=-2", "stale=-1", "writable=-2", "readable=1", "wait=-2"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
}
