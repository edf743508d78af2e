// The dispatcher. The call's row in ABI/SystemCallTable.swift says what the first argument must be a handle of, and with
// which rights; that is checked before the call's own code runs.

import ABI
import MemoryManager

/// How a dispatched call went, for a tracer.
public enum CallOutcome: Sendable, Equatable { case value(Int64), failed(SystemError), blocked, ended }

extension Kernel {
    /// Serves the call the process stopped at (again, when it had blocked).
    func dispatchCall(_ p: GuestProcess) {
        let a = hal.systemCallArguments(task: p.task)
        counters.systemCalls += 1
        p.record.systemCalls += 1
        charge(costs.systemCall)
        clearWaits(p)
        var outcome = CallOutcome.ended
        do throws(CallStop) {
            guard let call = SystemCall(rawValue: a.number) else { throw .failed(.notSupported) }
            let value = try perform(call, p, a)
            finishCall(p, value)
            outcome = .value(value)
        } catch {
            switch error {
            case .failed(let e):
                finishCall(p, -Int64(e.rawValue))
                outcome = .failed(e)
            case .blocked:
                p.resume = .restartCall
                if p.state == .ready { p.state = .blocked }
                outcome = .blocked
            case .ended: break
            }
        }
        if let onCall { onCall(p.pid, a, outcome, hal.nowNanoseconds) }
    }
    private func finishCall(_ p: GuestProcess, _ result: Int64) {
        p.resume = .run
        leaveTransfer(p)
        hal.setSystemCallResult(task: p.task, result)
    }
    /// The object of a handle with the rights, or the refusal.
    func object(_ p: GuestProcess, _ handle: Int64, _ kind: ObjectKind, _ rights: Rights) throws(CallStop) -> KernelObject {
        guard let entry = p.handles.lookup(handle), let o = objects[entry.ref], o.kind == kind else { throw .failed(.badHandle) }
        guard entry.rights.isSuperset(of: rights) else { throw .failed(.accessDenied) }
        return o
    }
    /// The target of a call whose row names its kind.
    private func cast<T: KernelObject>(_ o: KernelObject?) -> T {
        guard let target = o as? T else { kernelPanic("a call's row and its code disagree about the object") }
        return target
    }

    private func perform(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let row = call.row
        var target: KernelObject?
        if let kind = row.kind { target = try object(p, a.a0, kind, row.rights) }
        // Whoever drives a device does so for everybody; the console drives nothing.
        if let device = target as? DeviceObject, device.device != .console { p.priority = 0 }
        switch call {
        case .exit: return try callExit(p, a)
        case .printDebug: return try callPrintDebug(p, a)
        case .getPID: return Int64(p.pid)
        case .clock: return Int64(bitPattern: hal.nowNanoseconds)
        case .wallClock: return Int64(bitPattern: wallClockBase &+ hal.nowNanoseconds)
        case .random: return try callRandom(p, a)
        case .yield: return callYield(p)
        case .pageRelease: return try callPageRelease(p, a)
        case .handleClose: return try callHandleClose(p, a)
        case .handleDuplicate: return try callHandleDuplicate(p, a)
        case .handleRevoke: return try callHandleRevoke(p, a)
        case .channelCreate: return try callChannelCreate(p, a)
        case .channelSend: return try callSend(p, a, cast(target))
        case .channelReceive: return try callReceive(p, a, cast(target))
        case .shmCreate: return try callSharedCreate(p, a)
        case .shmMap: return try callSharedMap(p, a, cast(target))
        case .shmUnmap: return try callSharedUnmap(p, a)
        case .shmSize: return Int64((cast(target) as SharedObject).byteCount)
        case .archiveOpen: return try callArchiveOpen(p, a)
        case .timerCreate: return Int64(try newHandle(p, TimerObject(), [.read, .write, .duplicate, .transfer]))
        case .timerSet: return callTimerSet(a, cast(target))
        case .eventCreate: return Int64(try newHandle(p, KernelObject(kind: .event), [.read, .write, .duplicate, .transfer]))
        case .eventSignal:
            setSignals(cast(target), .signaled, a.a1 != 0)
            return 0
        case .waitMany: return try callWaitMany(p, a)
        case .subscribe: return try callSubscribe(p, a)
        case .serviceRegister: return try callServiceRegister(p, a)
        case .serviceConnect: return try callServiceConnect(p, a)
        case .spawn: return try callSpawn(p, a)
        case .clone: return try callClone(p, a, cast(target))
        case .processSave: return try callProcessSave(p, a, cast(target))
        case .processRestore: return try callProcessRestore(p, a, cast(target))
        case .processLoadPage: return try callProcessLoadPage(p, a, cast(target))
        case .kill: return try callKill(p, cast(target))
        case .processInfo: return try callProcessInfo(p, a, cast(target))
        case .processList: return try callProcessList(p, a)
        case .killPID: return try callKillPID(p, a)
        case .deviceOpen: return try callDeviceOpen(p, a)
        case .fbInfo: return try callFramebufferInfo(p, a, cast(target))
        case .fbMap: return try callFramebufferMap(p, a, cast(target))
        case .fbFlush: return try callFramebufferFlush(a, cast(target))
        case .pollEvent: return try callPollEvent(p, a, cast(target))
        case .netSend: return try callNetSend(p, a, cast(target))
        case .netReceive: return try callNetReceive(p, a, cast(target))
        case .netInfo: return try callNetInfo(p, a, cast(target))
        case .consoleRead, .consoleWrite: return try callConsole(call, p, a, cast(target))
        case .blockInfo, .blockRead, .blockWrite, .blockFlush: return try callBlock(call, p, a, cast(target))
        case .tabRegister: return try callTabRegister(a, cast(target))
        case .tabUpdate: return try callTabUpdate(p, a, cast(target))
        case .memoryInfo: return try callMemoryInfo(p, a)
        case .pressureEvent: return try callPressureEvent(p)
        case .mark:
            hal.mark(pid: p.pid, kind: Int32(truncatingIfNeeded: a.a0), a: a.a1, b: a.a2)
            return 0
        }
    }

    /// Inserts a new object, which `p` pays for, and a handle to it.
    func newHandle(_ p: GuestProcess, _ o: KernelObject, _ rights: Rights) throws(CallStop) -> UInt32 {
        guard p.handles.hasRoom else { throw .failed(.limitReached) }
        try enter(o, paidBy: p)
        return try handle(p, o.ref, rights)
    }
    /// A handle to an existing object.
    func handle(_ p: GuestProcess, _ ref: ObjectRef, _ rights: Rights, origin: Derivation? = nil) throws(CallStop) -> UInt32 {
        guard let raw = p.handles.insert(HandleEntry(ref: ref, rights: rights, origin: origin)) else { throw .failed(.limitReached) }
        retain(ref)
        return raw
    }
}
