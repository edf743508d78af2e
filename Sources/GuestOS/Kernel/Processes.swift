// Processes come and go: spawn, clone, the end with everything it gives back, and what is told about them.

import ABI
import MemoryManager
import Policies

extension Kernel {
    /// A new process that will run `instantiate`, then `start(bootstrap)`. The entry moves: it counts its reference already.
    func spawnProcess(_ name: [UInt8], parent: GuestProcess?, bootstrap: HandleEntry?) throws(SystemError) -> GuestProcess {
        guard hasRoomForProcess(startedBy: parent) else { throw .limitReached }
        let program = hal.findProgram(name)
        guard program >= 0 else { throw .notFound }
        let p = try admit(hal.createTask(program: program), program, InlineName(String(decoding: name, as: UTF8.self)), parent, bootstrap)
        try start(p, .instantiate)
        charge(costs.spawn)
        return p
    }
    /// A copy-on-write copy of a quiescent process: its memory and read-only mappings, none of its handles.
    func cloneProcess(_ source: GuestProcess, parent: GuestProcess, bootstrap: HandleEntry?) throws(SystemError) -> GuestProcess {
        guard hasRoomForProcess(startedBy: parent) else { throw .limitReached }
        guard source.isAlive, source.isQuiescent, !source.isFrozen, bringBack(source) else { throw .wrongState }
        let p = try admit(hal.cloneTask(source.task), source.program, source.name, parent, bootstrap)
        p.isInstantiated = true
        sharePages(from: source, to: p)
        try start(p, .cloned)
        charge(costs.cloneBase + costs.clonePerPage * UInt64(p.space.counts.resident))
        return p
    }
    func admit(_ task: Int32, _ program: Int32, _ name: InlineName, _ parent: GuestProcess?, _ bootstrap: HandleEntry?,
               handleGeneration: UInt32 = 0) throws(SystemError) -> GuestProcess {
        guard task >= 0 else { throw .limitReached }
        let p = GuestProcess(pid: nextPID, program: program, name: name, task: task)
        p.handles = HandleTable(firstGeneration: handleGeneration)
        guard objects.insert(p) else {
            hal.destroyTask(task)
            throw .limitReached
        }
        p.parent = parent?.ref ?? .none
        nextPID += 1
        retain(p.ref)                                       // the kernel's own, until the process ends
        processes.append(p)
        for a in ancestry(parent) { a.descendantCount += 1 }
        if let b = bootstrap, let handle = p.handles.insert(b) { p.bootstrapHandle = handle }
        p.tab.lastActiveNanoseconds = hal.nowNanoseconds
        memory.insert(p.space)
        enqueue(p)
        return p
    }
    func start(_ p: GuestProcess, _ entry: TaskEntry) throws(SystemError) {
        if hal.begin(task: p.task, entry: entry, argument0: Int64(p.bootstrapHandle), argument1: 0) { return }
        _ = p.handles.removeAll()                           // the caller keeps what it gave
        endProcess(p, .killed, code: 0)
        throw .notSupported
    }
    /// Everything compressed is there again, and reclaim has not put the process to sleep for it.
    private func bringBack(_ p: GuestProcess) -> Bool {
        memory.bringBackForClone(p.space) { allocateFrame(for: p, .process, near: $0) } && !p.isFrozen
    }
    private func sharePages(from source: GuestProcess, to p: GuestProcess) {
        memory.sharePages(from: source.space, to: p.space)
        for m in source.mappings where !m.isWritable {
            if let object = objects[m.ref] as? SharedObject { attach(p, m, object, at: p.mappings.count) }
        }
    }

    /// The end of a process, whatever the reason: everything it held goes back.
    func endProcess(_ p: GuestProcess, _ reason: ExitReason, code: Int32) {
        guard p.isAlive else { return }
        dequeue(p)
        clearWaits(p)
        leaveTransfer(p)
        devices.disk?.waiting.removeAll { $0 == p.ref }
        leavePageWait(p)
        for s in p.subscriptions { if let o = objects[s.ref] { removeObserver(o, p) } }
        p.subscriptions = []
        p.state = .ended
        p.record.exitReason = reason.rawValue
        p.record.exitCode = code
        if lastRun === p { lastRun = nil }
        releaseMemory(p)
        hal.destroyTask(p.task)
        for entry in p.handles.removeAll() { drop(entry) }
        reclaimUnreachable()
        bequeath(p)
        if reason == .discarded { p.tab.lifecycle = .discarded }
        if p.tab.isTab, ![.discarded, .outOfMemory, .swapFailed].contains(reason) { returns.closed(tab: p.tab.tabID) }
        if reason != .exited || code != 0 { log("kernel: process \(p.pid) (" + p.name.string + ") ended: " + reason.name + ", code \(code)") }
        setSignals(p, .terminated, true)
        release(p.ref)
    }

    func process(pid: UInt32) -> GuestProcess? { processes.first { $0.pid == pid } }
}
