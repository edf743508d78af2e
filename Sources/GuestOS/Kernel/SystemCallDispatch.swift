// The dispatcher. The call's row in ABI/SystemCallTable.swift says what the first argument must be a handle of, and with
// which rights; that is checked before the call's own code runs.

import ABI

extension Kernel {
    /// Serves the call the process stopped at (again, when it had blocked).
    func dispatchCall(_ p: GuestProcess) {
        let a = hal.systemCallArguments(task: p.task)
        counters.systemCalls += 1
        charge(costs.systemCall)
        clearWaits(p)
        do throws(CallStop) {
            guard let call = SystemCall(rawValue: a.number) else { throw .failed(.notSupported) }
            let value = try perform(call, p, a)
            finishCall(p, value)
        } catch {
            switch error {
            case .failed(let e): finishCall(p, -Int64(e.rawValue))
            case .blocked:
                p.resume = .restartCall
                if p.state == .ready { p.state = .blocked }
            case .ended: break
            }
        }
    }
    private func finishCall(_ p: GuestProcess, _ result: Int64) {
        p.resume = .run
        leaveTransfer(p)
        hal.setSystemCallResult(task: p.task, result)
    }
    /// The object of a handle with the rights, or the refusal.
    func object(_ p: GuestProcess, _ handle: Int64, _ kind: ObjectKind, _ rights: Rights) throws(CallStop) -> KernelObject {
        guard let entry = p.handles.lookup(handle), let o = objects[entry.ref] else { throw .failed(.badHandle) }
        guard o.kind == kind else { throw .failed(.badHandle) }
        guard entry.rights.isSuperset(of: rights) else { throw .failed(.accessDenied) }
        return o
    }

    private func perform(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let row = call.row
        if let kind = row.kind { return try performOnObject(call, p, a, try object(p, a.a0, kind, row.rights)) }
        switch call {
        case .exit: return try callExit(p, a)
        case .printDebug: return try callPrintDebug(p, a)
        case .getPID: return Int64(p.pid)
        case .clock: return Int64(bitPattern: hal.nowNanoseconds)
        case .wallClock: return Int64(bitPattern: hal.wallClockNanoseconds)
        case .random: return try callRandom(p, a)
        case .yield: return callYield(p)
        case .pageRelease: return try callPageRelease(p, a)
        case .handleClose: return try callHandleClose(p, a)
        case .handleDuplicate: return try callHandleDuplicate(p, a)
        case .channelCreate: return try callChannelCreate(p, a)
        case .shmCreate: return try callSharedCreate(p, a)
        case .shmUnmap: return try callSharedUnmap(p, a)
        case .archiveOpen: return try callArchiveOpen(p, a)
        case .timerCreate: return Int64(try newHandle(p, TimerObject(), [.read, .write, .duplicate, .transfer]))
        case .eventCreate: return Int64(try newHandle(p, EventObject(), [.read, .write, .duplicate, .transfer]))
        case .waitMany: return try callWaitMany(p, a)
        case .subscribe: return try callSubscribe(p, a)
        case .serviceConnect: return try callServiceConnect(p, a)
        case .memoryInfo: return try callMemoryInfo(p, a)
        case .mark:
            hal.mark(pid: p.pid, kind: Int32(truncatingIfNeeded: a.a0), a: a.a1, b: a.a2)
            return 0
        default: throw .failed(.notSupported)
        }
    }
    private func performOnObject(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments, _ target: KernelObject) throws(CallStop) -> Int64 {
        if let end = target as? ChannelEnd { return call == .channelSend ? try callSend(p, a, end) : try callReceive(p, a, end) }
        if let shared = target as? SharedObject { return call == .shmMap ? try callSharedMap(p, a, shared) : Int64(shared.byteCount) }
        if let timer = target as? TimerObject { return callTimerSet(a, timer) }
        if let event = target as? EventObject {
            setSignals(event, .signaled, a.a1 != 0)
            return 0
        }
        if let device = target as? DeviceObject { return try performOnDevice(call, p, a, device) }
        if let other = target as? GuestProcess { return try performOnProcess(call, p, a, other) }
        switch call {
        case .serviceRegister: return try callServiceRegister(p, a)
        case .spawn: return try callSpawn(p, a)
        case .processList: return try callProcessList(p, a)
        case .killPID: return try callKillPID(p, a)
        case .deviceOpen: return try callDeviceOpen(p, a)
        default: kernelPanic("system call without a handler")
        }
    }
    private func performOnProcess(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        switch call {
        case .clone: return try callClone(p, a, target)
        case .kill: return try callKill(p, target)
        case .processInfo: return try callProcessInfo(p, a, target)
        case .tabRegister: return try callTabRegister(a, target)
        case .tabUpdate: return try callTabUpdate(p, a, target)
        default: kernelPanic("system call without a handler")
        }
    }
    private func performOnDevice(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        if target.device != .console { p.priority = 0 }     // it drives a device for everybody
        switch call {
        case .fbInfo: return try callFramebufferInfo(p, a, target)
        case .fbMap: return try callFramebufferMap(p, target)
        case .fbFlush: return try callFramebufferFlush(a, target)
        case .pollEvent: return try callPollEvent(p, a, target)
        case .netSend: return try callNetSend(p, a, target)
        case .netReceive: return try callNetReceive(p, a, target)
        case .netInfo: return try callNetInfo(p, a, target)
        case .consoleRead, .consoleWrite: return try callConsole(call, p, a, target)
        case .blockInfo, .blockRead, .blockWrite, .blockFlush: return try callBlock(call, p, a, target)
        default: kernelPanic("system call without a handler")
        }
    }

    /// Inserts a new object and a handle to it.
    func newHandle(_ p: GuestProcess, _ o: KernelObject, _ rights: Rights) throws(CallStop) -> UInt32 {
        guard p.handles.hasRoom, objects.insert(o) else { throw .failed(.limitReached) }
        return handle(p, o.ref, rights)
    }
    /// A handle to an existing object; the caller has checked that there is room.
    func handle(_ p: GuestProcess, _ ref: ObjectRef, _ rights: Rights) -> UInt32 {
        guard let raw = p.handles.insert(HandleEntry(ref: ref, rights: rights)) else { kernelPanic("handle table full after a check") }
        retain(ref)
        return raw
    }
}
