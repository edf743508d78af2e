// Read-only views of the kernel for people: object graph, page tables, timers. Hosted only: a
// debugger's window is no part of the microkernel, is not counted with it and does not ship on metal. Nothing here
// changes state.
#if !hasFeature(Embedded)

import ABI
import MemoryManager

/// A kernel object as others see it.
public struct ObjectInspection {
    public var index: UInt32
    public var kind: String
    public var detail: String
    public var signals: UInt32
    public var referenceCount: Int
}

/// One end of a channel.
public struct ChannelInspection {
    public var index: UInt32
    /// Processes that hold a handle to this end, ascending.
    public var owners: [UInt32]
    /// Messages waiting to be received at this end, their bytes and handles.
    public var depth: Int, byteCount: Int, handleCount: Int
    /// The other end; nil when it is closed.
    public var peer: UInt32?
    /// Name of the service when the kernel holds this end for clients to connect to.
    public var service: String?
    /// True when the end itself travels in a message that nobody has received yet.
    public var isInFlight: Bool
}

public struct HandleInspection {
    public var handle: UInt32
    public var rights: [String]
    public var object: ObjectInspection
}

public struct ServiceInspection {
    public var name: String
    public var owners: [UInt32]
    /// Connections that the server has not yet accepted.
    public var waiting: Int
}

/// Consecutive pages of a process in one state.
public struct PageRangeInspection {
    public var firstPage: UInt32, count: UInt32
    public var state: String
    public var isWritable: Bool
    /// Frames of the range, when they are contiguous.
    public var firstFrame: UInt32?
    /// The shared object that is mapped there, and what it is when it has a name: a file of the archive, the framebuffer.
    public var object: UInt32?
    public var objectName: String?
}

public struct TimerInspection {
    public var deadline: UInt64
    public var what: String
    public var owners: [UInt32]
}

/// What a record does not say about a process.
public struct ProcessInspection {
    public var pid: UInt32
    public var priority: Int
    public var handleCount: Int, subscriptionCount: Int
    /// The call it is blocked in, and what it waits for; empty otherwise.
    public var blockedIn: String
    public var waitsFor: [UInt32]
    public var isWaitingForPage: Bool
    public var pagesFilled: UInt32
}

extension Kernel {
    public func inspectProcesses() -> [ProcessInspection] {
        processes.map { p in
            var call = ""
            if p.isAlive, p.state == .blocked || (p.state == .ready && p.resume == .restartCall) {
                let number = hal.systemCallArguments(task: p.task).number
                call = SystemCall(rawValue: number).map { "\($0)" } ?? "call \(number)"
            }
            return ProcessInspection(pid: p.pid, priority: p.priority, handleCount: p.handles.count, subscriptionCount: p.subscriptions.count, blockedIn: call,
                                     waitsFor: p.waits.map { $0.index }, isWaitingForPage: p.awaitedPage != nil, pagesFilled: p.space.counts.filled)
        }
    }

    // MARK: Capabilities

    /// Processes that hold a handle to the object, ascending.
    private func owners(of ref: ObjectRef) -> [UInt32] {
        processes.filter { p in p.handles.entries.contains { $0.ref == ref } }.map { $0.pid }
    }
    private var refsInFlight: [ObjectRef] {
        var refs: [ObjectRef] = []
        objects.forEach { o in
            guard let end = o as? ChannelEnd else { return }
            for m in end.messages { for h in m.handles { refs.append(h.ref) } }
        }
        return refs
    }
    public func inspectChannels() -> [ChannelInspection] {
        let inFlight = refsInFlight
        var ends: [ChannelInspection] = []
        objects.forEach { o in
            guard let end = o as? ChannelEnd else { return }
            let messages = end.messages
            ends.append(ChannelInspection(
                index: end.ref.index, owners: owners(of: end.ref), depth: end.depth, byteCount: messages.reduce(0) { $0 + $1.bytes.count },
                handleCount: messages.reduce(0) { $0 + $1.handles.count }, peer: objects[end.peer].map { $0.ref.index },
                service: services.first { $0.end == end.ref }.map { String(decoding: $0.name, as: UTF8.self) }, isInFlight: inFlight.contains(end.ref)))
        }
        return ends
    }
    public func inspectServices() -> [ServiceInspection] {
        services.map { s in
            let server = (objects[s.end] as? ChannelEnd).flatMap { objects[$0.peer] as? ChannelEnd }
            return ServiceInspection(name: String(decoding: s.name, as: UTF8.self), owners: server.map { owners(of: $0.ref) } ?? [], waiting: server?.depth ?? 0)
        }
    }
    /// Nil when there is no such process.
    public func inspectHandles(pid: UInt32) -> [HandleInspection]? {
        guard let p = processes.first(where: { $0.pid == pid }) else { return nil }
        var handles: [HandleInspection] = []
        for (index, slot) in p.handles.slots.enumerated() {
            guard let entry = slot.entry, let o = objects[entry.ref] else { continue }
            handles.append(HandleInspection(handle: slot.generation << 12 | UInt32(index + 1), rights: names(entry.rights, o.kind), object: inspect(o)))
        }
        return handles
    }
    private func inspect(_ o: KernelObject) -> ObjectInspection {
        ObjectInspection(index: o.ref.index, kind: "\(o.kind)", detail: detail(o), signals: o.signals.rawValue, referenceCount: o.referenceCount)
    }
    private func detail(_ o: KernelObject) -> String {
        if let end = o as? ChannelEnd {
            guard let peer = objects[end.peer] else { return "\(end.depth) queued, peer closed" }
            let holders = owners(of: peer.ref).map { String($0) }.joined(separator: ",")
            return "\(end.depth) queued, peer \(peer.ref.index)" + (holders.isEmpty ? "" : " of process \(holders)")
        }
        if let s = o as? SharedObject { return "\(s.byteCount) bytes, \(s.backing), \(s.frames.filter { $0 != noFrame }.count) frames, mapped \(s.mappings.count) times" }
        if let t = o as? TimerObject { return t.entry.map { "due at \($0.deadline) ns" } ?? "not set" }
        if let p = o as? GuestProcess { return "process \(p.pid) \(p.name.string)" }
        if let d = o as? DeviceObject { return "\(d.device)" }
        return ""
    }
    /// Names of the bits as they are used for this kind of object.
    private func names(_ rights: Rights, _ kind: ObjectKind) -> [String] {
        if kind == .system && rights == .all { return ["all"] }
        let bits: [(Rights, String)] = [(.read, "read"), (.write, "write"), (.map, "map"), (.send, "send"), (.receive, "receive"), (.duplicate, "duplicate"),
                                        (.transfer, "transfer"), (.manage, "manage")]
        return bits.filter { rights.contains($0.0) }.map { $0.1 }
    }

    // MARK: Memory

    /// Owner of each frame, by number: free, kernel, archive, process, shared, pool, memory.swap.
    public func inspectFrames() -> [String] {
        let names = ["free", "kernel", "archive", "process", "shared", "pool", "swap"]
        return memory.frames.owners.map { names[Int($0.rawValue)] }
    }
    /// Pages of a process that are not absent, in ranges of one state; nil when there is no such process.
    public func inspectPages(pid: UInt32) -> [PageRangeInspection]? {
        guard let p = processes.first(where: { $0.pid == pid }) else { return nil }
        var ranges: [PageRangeInspection] = []
        p.space.pageTable.forEach { page, e in
            let frame = e.state == .resident || e.state == .shared ? e.value : nil
            let object = e.state == .shared ? p.mapping(containing: page)?.ref.index : nil
            if let last = ranges.last, last.firstPage + last.count == page, last.state == "\(e.state)", last.isWritable == e.isWritable, last.object == object,
               (last.firstFrame == nil) == (frame == nil), frame == nil || last.firstFrame! + last.count == frame! {
                ranges[ranges.count - 1].count += 1
            } else {
                ranges.append(PageRangeInspection(firstPage: page, count: 1, state: "\(e.state)", isWritable: e.isWritable, firstFrame: frame, object: object,
                                                  objectName: object == nil ? nil : p.mapping(containing: page).flatMap { sharedName($0.ref) }))
            }
        }
        return ranges
    }

    private func sharedName(_ ref: ObjectRef) -> String? {
        if let file = archive.first(where: { $0.ref == ref }) { return String(decoding: file.name, as: UTF8.self) }
        return (objects[ref] as? SharedObject)?.backing == .device ? "framebuffer" : nil
    }
    /// Bytes of a process's memory, looked at without a page fault, a charge or any other effect. Nil where the range leaves
    /// the address space or a page of it is compressed or in memory.swap.
    public func peek(pid: UInt32, address: Int64, count: Int) -> [UInt8]? {
        guard let p = processes.first(where: { $0.pid == pid }), address >= 0, count >= 0, address <= 0x1_0000_0000 - Int64(count) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let place = Int(address) + bytes.count, inside = place & 0xffff, n = min(count - bytes.count, Limits.pageByteCount - inside)
            let page = UInt32(place >> 16), entry = p.space.pageTable[page]
            switch entry.state {
            case .resident, .shared: bytes += UnsafeRawBufferPointer(start: hal.frameAddress(entry.value) + inside, count: n)
            case .filled: for i in inside..<inside + n { bytes.append(UInt8(truncatingIfNeeded: entry.value >> UInt32(8 * (i & 3)))) }
            case .zero: bytes += [UInt8](repeating: 0, count: n)
            case .absent:
                let frame = p.mapping(containing: page).flatMap { sharedFrame($0, page) } ?? noFrame
                bytes += frame == noFrame ? [UInt8](repeating: 0, count: n) : [UInt8](UnsafeRawBufferPointer(start: hal.frameAddress(frame) + inside, count: n))
            case .compressed, .swapped, .swappingIn, .swappingOut: return nil
            }
        }
        return bytes
    }
    /// Nil for the page of an empty file, which has none.
    private func sharedFrame(_ m: Mapping, _ page: UInt32) -> UInt32? {
        guard let object = objects[m.ref] as? SharedObject, Int(page - m.page) < object.frames.count else { return nil }
        return object.frames[Int(page - m.page)]
    }
    /// The name of a process; nil when there is none of this number any more.
    public func inspectName(pid: UInt32) -> String? { processes.first { $0.pid == pid }?.name.string }

    // MARK: Time

    /// Deadlines that the kernel waits for, earliest first.
    public func inspectTimers() -> [TimerInspection] {
        timers.entries.reversed().map { e in
            switch e.target {
            case .timer(let ref): TimerInspection(deadline: e.key.deadline, what: "timer \(ref.index)", owners: owners(of: ref))
            case .wait(let ref): TimerInspection(deadline: e.key.deadline, what: "end of a wait", owners: (objects[ref] as? GuestProcess).map { [$0.pid] } ?? [])
            case .policy: TimerInspection(deadline: e.key.deadline, what: "memory policy", owners: [])
            case .policyNow: TimerInspection(deadline: e.key.deadline, what: "memory policy, out of turn", owners: [])
            case .aging: TimerInspection(deadline: e.key.deadline, what: "aging of pages", owners: [])
            case .probeTimeout: TimerInspection(deadline: e.key.deadline, what: "device probing", owners: [])
            }
        }
    }
    /// Frames free now, without adding owners up.
    public var freeFrameCount: Int { memory.frames.freeCount }
    /// The record of the processes with this name, or of the one with this pid.
    public func processRecords(named name: InlineName) -> [ProcessRecord] { processes.filter { $0.name == name }.map { record($0) } }
    /// True while a process with this name runs; cheap enough for every turn.
    public func isRunning(_ name: InlineName) -> Bool { processes.contains { $0.name == name && $0.isAlive } }
}
#endif
