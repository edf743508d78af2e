// Processes come and go: spawn, clone, the end with everything it gives back, and what is told about them.

import ABI

extension Kernel {
    /// A new process that will run `instantiate`, then `start(bootstrap)`. `retained`: the entry already counts its
    /// reference (it was taken out of another table).
    func spawnProcess(_ name: [UInt8], bootstrap: HandleEntry?, retained: Bool) throws(SystemError) -> GuestProcess {
        guard processes.count < KernelLimits.processCountMax else { throw .limitReached }
        let program = hal.findProgram(name)
        guard program >= 0 else { throw .notFound }
        let task = hal.createTask(program: program)
        guard task >= 0 else { throw .limitReached }
        let p = GuestProcess(pid: nextPID, program: program, name: InlineName(String(decoding: name, as: UTF8.self)), task: task)
        guard hal.begin(task: task, entry: .instantiate, argument0: 0, argument1: 0), objects.insert(p) else {
            hal.destroyTask(task)
            throw .notSupported
        }
        admit(p, bootstrap, retained: retained)
        charge(costs.spawn)
        return p
    }
    /// A copy-on-write copy of a quiescent process: its memory and read-only mappings, none of its handles.
    func cloneProcess(_ source: GuestProcess, bootstrap: HandleEntry?) throws(SystemError) -> GuestProcess {
        guard processes.count < KernelLimits.processCountMax else { throw .limitReached }
        guard source.isAlive, source.isQuiescent, !source.isFrozen else { throw .wrongState }
        guard bringBackForClone(source) else { throw .wrongState }
        let task = hal.cloneTask(source.task)
        guard task >= 0 else { throw .limitReached }
        let p = GuestProcess(pid: nextPID, program: source.program, name: source.name, task: task)
        guard objects.insert(p) else {
            hal.destroyTask(task)
            throw .limitReached
        }
        p.phase = .main
        sharePages(from: source, to: p)
        admit(p, bootstrap, retained: true)
        guard hal.begin(task: task, entry: .cloned, argument0: Int64(p.bootstrapHandle), argument1: 0) else {
            if p.bootstrapHandle != 0, let b = bootstrap { retain(b.ref) }   // the caller keeps what it gave
            endProcess(p, .killed, code: 0)
            throw .notSupported
        }
        charge(costs.cloneBase + costs.clonePerPage * UInt64(p.pagesResident))
        return p
    }
    private func admit(_ p: GuestProcess, _ bootstrap: HandleEntry?, retained: Bool) {
        nextPID += 1
        retain(p.ref)                                       // the kernel's own, until the process ends
        processes.append(p)
        if let b = bootstrap, let handle = p.handles.insert(b) {
            if !retained { retain(b.ref) }
            p.bootstrapHandle = handle
        }
        p.lastActiveNanoseconds = hal.nowNanoseconds
        enqueue(p)
    }
    private func sharePages(from source: GuestProcess, to p: GuestProcess) {
        source.pageTable.forEach { page, entry in
            var copy = entry
            switch entry.state {
            case .resident:
                frames.retain(entry.value)
                copy.isWritable = false
                p.pagesResident += 1
            case .filled: p.pagesFilled += 1
            case .zero: break
            default: return
            }
            p.pageTable[page] = copy
        }
        for page in p.pageTable.pages({ $0 == .resident || $0 == .zero }) {
            let entry = p.pageTable[page]
            if source.pageTable[page].isWritable {
                source.pageTable[page].isWritable = false
                hal.map(task: source.task, page: page, frame: entry.value, writable: false)
            }
            hal.map(task: p.task, page: page, frame: entry.value, writable: false)
        }
        for m in source.mappings where !m.isWritable {
            guard let object = objects[m.ref] as? SharedObject else { continue }
            retain(m.ref)
            object.mappings.append((p.ref, m.page))
            p.mappings.append(m)
            mapPresentPages(p, m, object)
        }
    }

    /// The end of a process, whatever the reason: everything it held goes back.
    func endProcess(_ p: GuestProcess, _ reason: ExitReason, code: Int32) {
        guard p.isAlive else { return }
        dequeue(p)
        clearWaits(p)
        leaveTransfer(p)
        if p.isWaitingForPage {
            p.isWaitingForPage = false
            leaveSwapWait()
        }
        for s in p.subscriptions { if let o = objects[s.ref] { removeObserver(o, p) } }
        p.subscriptions = []
        p.state = .ended
        p.exitReason = reason
        p.exitCode = code
        if lastRun === p { lastRun = nil }
        releaseMemory(p)
        hal.destroyTask(p.task)
        for entry in p.handles.removeAll() { release(entry.ref) }
        if reason == .discarded { p.lifecycle = .discarded }
        if reason != .exited || code != 0 { log("kernel: process \(p.pid) (" + p.name.string + ") ended: " + reason.name + ", code \(code)") }
        setSignals(p, .terminated, true)
        release(p.ref)
    }

    func process(pid: UInt32) -> GuestProcess? { processes.first { $0.pid == pid } }

    func record(_ p: GuestProcess) -> ProcessRecord {
        var r = ProcessRecord()
        r.pid = p.pid
        switch p.state {
        case .ready: r.state = 0
        case .quiescent: r.state = 1
        case .blocked: r.state = 2
        case .ended: r.state = 4
        }
        if p.isFrozen, p.isAlive { r.state = 3 }
        r.exitReason = p.exitReason.rawValue
        r.exitCode = p.exitCode
        r.instructions = p.instructions
        r.pagesResident = p.pagesResident
        r.pagesCompressed = p.pagesCompressed
        r.pagesSwapped = p.pagesSwapped
        for m in p.mappings { r.pagesShared += m.pageCount }
        r.faults = p.faults
        r.messages = p.messages
        r.tabID = p.tabID
        r.lifecycle = p.lifecycle.rawValue
        r.name = p.name
        return r
    }
}
