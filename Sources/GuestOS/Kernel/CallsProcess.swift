// System calls on the process itself and on other processes, and the tab calls of the browser.

import ABI
import MemoryManager
import Drivers
import Policies

extension Kernel {
    static let processRights: Rights = [.read, .manage, .duplicate, .transfer]

    func callExit(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        endProcess(p, .exited, code: Int32(truncatingIfNeeded: a.a0))
        throw .ended
    }
    func callPrintDebug(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 >= 0, a.a1 <= Int64(Limits.messageByteCountMax) else { throw .failed(.invalidArgument) }
        let text = try copyIn(p, a.a0, Int(a.a1))
        writeConsole((devices.console?.lineStart ?? []) + Array("[\(p.pid) \(p.name.string)] ".utf8) + text + [10])
        mustLeaveSlice = true
        return 0
    }
    func callRandom(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 >= 0, a.a1 <= Int64(KernelLimits.randomByteCountMax) else { throw .failed(.invalidArgument) }
        try probe(p, a.a0, Int(a.a1), write: true)
        charge(costs.perItem * UInt64(a.a1))
        var bytes: [UInt8] = []
        for _ in 0..<Int(a.a1) { bytes.append(random.next()) }
        try copyOut(p, bytes, a.a0)
        return 0
    }
    func callYield(_ p: GuestProcess) -> Int64 {
        p.sliceLeftNanoseconds = 0
        mustLeaveSlice = true
        return 0
    }

    // MARK: Other processes

    /// Starts a process with a handle that moves to it (0: none).
    func startProcess(_ p: GuestProcess, _ handle: Int64, _ start: (HandleEntry?) throws(SystemError) -> GuestProcess) throws(CallStop) -> Int64 {
        let bootstrap = p.handles.lookup(handle)
        guard handle == 0 || bootstrap != nil else { throw .failed(.badHandle) }
        guard bootstrap?.rights.contains(.transfer) ?? true else { throw .failed(.accessDenied) }
        guard p.handles.hasRoom else { throw .failed(.limitReached) }
        let child: GuestProcess
        do throws(SystemError) { child = try start(bootstrap) } catch { throw .failed(error) }
        dropSubscriptions(p, handle: handle)
        _ = p.handles.remove(handle)
        return Int64(try self.handle(p, child.ref, Kernel.processRights))
    }
    func callSpawn(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let name = try copyInName(p, a.a1, a.a2)
        return try startProcess(p, a.a3) { (b) throws(SystemError) in try spawnProcess(name, parent: p, bootstrap: b) }
    }
    func callClone(_ p: GuestProcess, _ a: SystemCallArguments, _ source: GuestProcess) throws(CallStop) -> Int64 {
        try startProcess(p, a.a1) { (b) throws(SystemError) in try cloneProcess(source, parent: p, bootstrap: b) }
    }
    func callKill(_ p: GuestProcess, _ target: GuestProcess) throws(CallStop) -> Int64 {
        endProcess(target, .killed, code: 0)
        if target === p { throw .ended }
        return 0
    }
    func callKillPID(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 > 0, a.a1 <= Int64(UInt32.max), let target = process(pid: UInt32(a.a1)), target.isAlive else { throw .failed(.notFound) }
        return try callKill(p, target)
    }
    func callProcessInfo(_ p: GuestProcess, _ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        try emit(p, a.a1) { record(target).emit(&$0) }
        return 0
    }
    func callProcessList(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a2 >= 0 else { throw .failed(.invalidArgument) }
        let alive = processes.filter { $0.isAlive }
        charge(costs.perItem * UInt64(alive.count))
        let count = min(alive.count, Int(min(a.a2, Int64(KernelLimits.processCountMax))))
        try emit(p, a.a1) { w in for q in alive[..<count] { record(q).emit(&w) } }
        return Int64(count)
    }

    // MARK: Tabs

    func callTabRegister(_ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        guard target.isAlive else { throw .failed(.wrongState) }
        guard a.a1 > 0, a.a1 <= Int64(UInt32.max) else { throw .failed(.invalidArgument) }
        target.tab.isTab = true
        target.tab.tabID = UInt32(a.a1)
        target.tab.openedNanoseconds = hal.nowNanoseconds
        target.tab.lastActiveNanoseconds = hal.nowNanoseconds
        target.tab.lastVisibleNanoseconds = hal.nowNanoseconds
        return 0
    }
    /// What the browser says of a tab. Active and passive wake it; hidden leaves a sleeping tab asleep; frozen, hibernated
    /// and discarded are requests.
    func callTabUpdate(_ p: GuestProcess, _ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        guard let state = LifecycleState(rawValue: Int32(truncatingIfNeeded: a.a1)) else { throw .failed(.invalidArgument) }
        guard target.isAlive, target.tab.isTab else { throw .failed(.wrongState) }
        target.tab.flags = TabFlags(rawValue: UInt32(truncatingIfNeeded: a.a2))
        if a.a3 > 0 { target.tab.reloadNanoseconds = UInt64(a.a3) }
        switch state {
        case .active, .passive:
            let isNew = !target.tab.isVisible || target.tab.activationCount == 0
            thaw(target)
            if isNew { activate(target) }
            target.tab.lastActiveNanoseconds = hal.nowNanoseconds
            setLifecycle(target, state)
        case .hidden:
            if target.isFrozen { return 0 }
            if target.tab.lifecycle == .active { target.tab.lastActiveNanoseconds = hal.nowNanoseconds }
            if target.tab.isVisible { deactivate(target) }
            setLifecycle(target, .hidden)
        case .frozen, .hibernated, .discarded:
            if target === p { throw .failed(.wrongState) }
            let action: MemoryAction = state == .frozen ? .freeze : (state == .hibernated ? .hibernate : .discard)
            guard apply(MemoryDecision(action, pid: target.pid, .requested), policy: "request") else { throw .failed(.wrongState) }
        }
        return 0
    }
    /// The tab comes to the screen: its working set is recorded anew, and the policy is asked before it runs.
    private func activate(_ p: GuestProcess) {
        p.tab.activationCount += 1
        returns.activated(tab: p.tab.tabID, at: hal.nowNanoseconds)
        p.space.holdsPrefetched = false
        memory.beginActivation(p.space, window: configuration.activationNanoseconds)
        _ = timers.add(hal.nowNanoseconds, .policyNow)
    }
    private func deactivate(_ p: GuestProcess) {
        p.tab.lastVisibleNanoseconds = hal.nowNanoseconds
        memory.endActivation(p.space)
    }
    func setLifecycle(_ p: GuestProcess, _ state: LifecycleState) {
        p.tab.lifecycle = state
        if p.priority == 0 { return }
        let wasQueued = p.isQueued
        dequeue(p)
        p.priority = state == .active || state == .passive ? 1 : 2
        if wasQueued { enqueue(p) }
    }
}
