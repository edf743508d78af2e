// A sleeping process as bytes, and back: so a tab outlives the machine, or moves to another one of the same image. What
// comes back has no handles; it learns of its new life like a clone, when it is woken.

import ABI
import MemoryManager

extension Kernel {
    func callProcessSave(_ p: GuestProcess, _ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        guard target.isAlive, target.isFrozen, target.isQuiescent else { throw .failed(.wrongState) }
        guard a.a1 < 65536 else { throw .failed(.invalidArgument) }
        guard let bytes = a.a1 < 0 ? imageHeader(target) : memory.exportPage(target.space, UInt32(a.a1)) else {
            pumpSwap()
            throw .failed(.wouldBlock)
        }
        guard Int64(bytes.count) <= a.a3 else { throw .failed(.bufferTooSmall) }
        try copyOut(p, bytes, a.a2)
        return Int64(bytes.count)
    }
    private func imageHeader(_ p: GuestProcess) -> [UInt8] {
        let mappings = p.mappings.compactMap { m -> ProcessImageHeader.Mapping? in
            guard !m.isWritable, let file = archive.first(where: { $0.ref == m.ref }) else { return nil }
            return ProcessImageHeader.Mapping(page: m.page, pageCount: m.pageCount, name: file.name)
        }
        var w = ByteWriter()
        ProcessImageHeader(programHash: hal.programHash(p.program), handleGeneration: p.handles.nextGeneration, globals: hal.saveTask(p.task),
                           mappings: mappings, pages: memory.imagePages(p.space)).emit(&w)
        charge(costs.perItem * UInt64(w.bytes.count))
        return w.bytes
    }

    func callProcessRestore(_ p: GuestProcess, _ a: SystemCallArguments, _ source: GuestProcess) throws(CallStop) -> Int64 {
        guard a.a3 > 0, a.a3 <= Int64(ProcessImageHeader.byteCountMax) else { throw .failed(.invalidArgument) }
        guard let header = ProcessImageHeader.parse(try copyIn(p, a.a2, Int(a.a3))) else { throw .failed(.invalidArgument) }
        charge(costs.perItem * UInt64(a.a3))
        return try startProcess(p, a.a1) { (b) throws(SystemError) in try restoreProcess(source, header, parent: p, bootstrap: b) }
    }
    private func restoreProcess(_ source: GuestProcess, _ header: ProcessImageHeader, parent: GuestProcess, bootstrap: HandleEntry?) throws(SystemError) -> GuestProcess {
        guard hasRoomForProcess(startedBy: parent) else { throw .limitReached }
        guard source.isAlive, source.isQuiescent else { throw .wrongState }
        guard header.programHash == hal.programHash(source.program) else { throw .notSupported }
        let p = try admit(hal.cloneTask(source.task), source.program, source.name, parent, bootstrap, handleGeneration: header.handleGeneration)
        p.isInstantiated = true
        freeze(p)
        p.tab.lifecycle = .hibernated
        p.isRestoring = true
        if hal.restoreTask(p.task, header.globals), mapFiles(p, header.mappings) {
            try start(p, .cloned)
            return p
        }
        _ = p.handles.removeAll()                           // the caller keeps what it gave
        endProcess(p, .killed, code: 0)
        throw .invalidArgument
    }
    private func mapFiles(_ p: GuestProcess, _ mappings: [ProcessImageHeader.Mapping]) -> Bool {
        guard mappings.count <= KernelLimits.mappingCountMax else { return false }
        var next = Limits.sharedWindowStart >> 16
        for m in mappings {
            guard m.page >= next, m.pageCount <= 65536, m.page + m.pageCount <= Limits.sharedWindowEnd >> 16,
                  let file = archive.first(where: { $0.name == m.name }), let object = objects[file.ref] as? SharedObject,
                  m.pageCount == UInt32(max(object.frames.count, 1)) else { return false }
            next = m.page + m.pageCount
            attach(p, Mapping(page: m.page, pageCount: m.pageCount, ref: object.ref, isWritable: false), object, at: p.mappings.count)
        }
        return true
    }

    func callProcessLoadPage(_ p: GuestProcess, _ a: SystemCallArguments, _ target: GuestProcess) throws(CallStop) -> Int64 {
        guard target.isAlive, target.isRestoring else { throw .failed(.wrongState) }
        let end = min(Int64(hal.memoryPages(task: target.task)), Int64(Limits.sharedWindowStart >> 16))
        guard a.a1 >= 0, a.a1 < end, a.a3 > 0, a.a3 <= Int64(PageImageKind.byteCountMax) else { throw .failed(.invalidArgument) }
        let bytes = try copyIn(p, a.a2, Int(a.a3))
        switch memory.importPage(target.space, UInt32(a.a1), bytes, frame: { allocateFrame(for: target, .process, near: nil) }) {
        case .done: return 0
        case .bad: throw .failed(.invalidArgument)
        case .outOfMemory: throw .failed(.outOfMemory)
        }
    }
}
