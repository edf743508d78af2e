// What a person sees of a stopped machine, as values: encoded to JSON by the state process, printed by the command line.

import ABI
import Devices
import Foundation
import Kernel
import Machine

public struct ProcessReport: Codable, Sendable {
    public var pid: UInt32
    public var name: String
    public var state: String
    public var priority: Int
    /// System call it is blocked in, and the objects it waits for.
    public var blockedIn: String
    public var waitsFor: [UInt32]
    public var instructions: UInt64, faults: UInt64, messages: UInt64
    public var pagesResident: UInt32, pagesCompressed: UInt32, pagesSwapped: UInt32, pagesFilled: UInt32, pagesShared: UInt32
    public var handles: Int, subscriptions: Int
    public var tab: UInt32
    public var lifecycle: String
    public var exitReason: String
    public var exitCode: Int32
}
public struct MemoryReport: Codable, Sendable {
    public var framesTotal: Int, frameByteCount: Int
    /// Frames by owner: free, kernel, archive, process, shared, pool, swap.
    public var frames: [NamedCount]
    /// Owners in the order of the frames: consecutive frames of one owner.
    public var map: [NamedCount]
    public var bytesCompressed: UInt64
    public var pressureSomePerMille: UInt32, pressureFullPerMille: UInt32
    /// Nil when every frame and reference has its owner; else what does not add up.
    public var conservationProblem: String?
    public var processes: [ProcessReport]
}
public struct PageRangeReport: Codable, Sendable {
    /// Addresses of the first byte and behind the last.
    public var start: UInt64, end: UInt64
    public var pages: UInt32
    public var state: String
    public var isWritable: Bool
    public var firstFrame: UInt32?
    public var sharedObject: UInt32?
    /// A file of the archive, or the framebuffer.
    public var sharedName: String?
}
public struct ChannelReport: Codable, Sendable {
    public var id: UInt32
    public var owners: [UInt32]
    public var queued: Int, queuedBytes: Int, queuedHandles: Int
    public var peer: UInt32?
    public var service: String?
    public var isInFlight: Bool
}
public struct HandleReport: Codable, Sendable {
    public var handle: UInt32
    public var kind: String
    public var object: UInt32
    public var rights: [String]
    public var detail: String
}
public struct ServiceReport: Codable, Sendable {
    public var name: String
    public var owners: [UInt32]
    public var waiting: Int
}
public struct QueueReport: Codable, Sendable {
    public var size: Int
    public var isReady: Bool
    public var taken: UInt16, returned: UInt16
    public var inFlight: Int
    public var busyUntil: UInt64
}
public struct DeviceReport: Codable, Sendable {
    public var name: String
    public var slot: Int
    public var deviceID: UInt32
    public var status: [String]
    public var needsReset: Bool
    /// Feature bits accepted by the driver, and those offered; hexadecimal.
    public var features: String, featuresOffered: String
    public var interrupts: UInt64
    public var queues: [QueueReport]
    public var counters: [NamedCount]
    /// What the device dropped or refused, by reason; only what happened.
    public var drops: [NamedCount]
}
public struct TimerReport: Codable, Sendable {
    public var deadline: UInt64
    public var what: String
    public var owners: [UInt32]
}
public struct MarkReport: Codable, Sendable {
    public var tick: UInt64
    public var pid: UInt32
    public var kind: Int32
    public var kindName: String
    public var a: Int64, b: Int64
}
public struct FrameReport: Codable, Sendable {
    public var width: Int, height: Int
    public var flushes: UInt64
    public var hash: String
    /// What a photograph of the monitor shows, PNG.
    public var png: Data
}

extension Simulation {
    var processReports: [ProcessReport] {
        let more = kernel.inspectProcesses()
        return zip(kernel.processRecords, more).map { p, m in
            ProcessReport(pid: p.pid, name: p.name.string, state: RunReport.stateName(p.state), priority: m.priority, blockedIn: m.blockedIn, waitsFor: m.waitsFor,
                          instructions: p.instructions, faults: p.faults, messages: p.messages, pagesResident: p.pagesResident, pagesCompressed: p.pagesCompressed,
                          pagesSwapped: p.pagesSwapped, pagesFilled: m.pagesFilled, pagesShared: p.pagesShared, handles: m.handleCount, subscriptions: m.subscriptionCount,
                          tab: p.tabID, lifecycle: p.tabID == 0 ? "" : LifecycleState(rawValue: p.lifecycle)?.name ?? "",
                          exitReason: ExitReason(rawValue: p.exitReason)?.name ?? "unknown", exitCode: p.exitCode)
        }
    }
    var memoryReport: MemoryReport {
        let m = kernel.memoryRecord
        var map: [NamedCount] = [], sums: [NamedCount] = ["free", "kernel", "archive", "process", "shared", "pool", "swap"].map { NamedCount(name: $0, count: 0) }
        for owner in kernel.inspectFrames() {
            if map.last?.name == owner { map[map.count - 1].count += 1 } else { map.append(NamedCount(name: owner, count: 1)) }
        }
        for run in map { if let i = sums.firstIndex(where: { $0.name == run.name }) { sums[i].count += run.count } }
        return MemoryReport(framesTotal: Int(m.framesTotal), frameByteCount: GuestRAM.frameByteCount, frames: sums, map: map, bytesCompressed: m.bytesCompressed,
                            pressureSomePerMille: m.pressureSome10, pressureFullPerMille: m.pressureFull10, conservationProblem: kernel.checkConservation(), processes: processReports)
    }
    func pageReports(pid: UInt32) -> [PageRangeReport]? {
        kernel.inspectPages(pid: pid)?.map { r in
            PageRangeReport(start: UInt64(r.firstPage) << 16, end: UInt64(r.firstPage + r.count) << 16, pages: r.count, state: r.state, isWritable: r.isWritable,
                            firstFrame: r.firstFrame, sharedObject: r.object, sharedName: r.objectName)
        }
    }
    var channelReports: [ChannelReport] {
        kernel.inspectChannels().map { c in
            ChannelReport(id: c.index, owners: c.owners, queued: c.depth, queuedBytes: c.byteCount, queuedHandles: c.handleCount, peer: c.peer, service: c.service, isInFlight: c.isInFlight)
        }
    }
    func handleReports(pid: UInt32) -> [HandleReport]? {
        kernel.inspectHandles(pid: pid)?.map { h in
            HandleReport(handle: h.handle, kind: h.object.kind, object: h.object.index, rights: h.rights, detail: h.object.detail)
        }
    }
    var serviceReports: [ServiceReport] { kernel.inspectServices().map { ServiceReport(name: $0.name, owners: $0.owners, waiting: $0.waiting) } }

    var deviceReports: [DeviceReport] {
        machine.devices.compactMap { $0 as? VirtIOTransport }.map { transport in
            let t = transport.inspect()
            let drops = (deviceDrops(transport.device) + t.faults.map { NamedCount(name: "fault: " + $0.name, count: UInt64($0.count)) }
                + t.drops.map { NamedCount(name: "dropped: " + $0.name, count: UInt64($0.count)) }
                + [NamedCount(name: "register accesses that are no aligned words", count: t.badAccessCount)]).filter { $0.count > 0 }
            return DeviceReport(name: t.name, slot: t.slot, deviceID: t.deviceID, status: t.status, needsReset: transport.needsReset, features: hexadecimal(t.featuresAccepted),
                                featuresOffered: hexadecimal(t.featuresOffered), interrupts: t.interruptCount,
                                queues: t.queues.map { QueueReport(size: $0.size, isReady: $0.isReady, taken: $0.taken, returned: $0.returned, inFlight: $0.inFlight, busyUntil: $0.busyUntil.nanoseconds) },
                                counters: deviceCounters(transport.device), drops: drops)
        }
    }
    private func deviceCounters(_ device: any VirtIODevice) -> [NamedCount] {
        func list(_ pairs: [(String, UInt64)]) -> [NamedCount] { pairs.map { NamedCount(name: $0.0, count: $0.1) } }
        if let d = device as? GPUDevice { return list([("commands", d.commandCount), ("flushes", d.frame.flushCount)]) }
        if let d = device as? NetDevice { return list([("frames sent", d.transmittedFrameCount), ("frames received", d.receivedFrameCount)]) }
        if let d = device as? BlockDevice {
            return list([("reads", d.readCount), ("writes", d.writeCount), ("flushes", d.flushCount), ("bytes read", d.readByteCount), ("bytes written", d.writtenByteCount)])
        }
        if let d = device as? ConsoleDevice { return list([("bytes kept", UInt64(d.captured.count))]) }
        return []
    }
    private func deviceDrops(_ device: any VirtIODevice) -> [NamedCount] {
        func list(_ pairs: [(String, UInt64)]) -> [NamedCount] { pairs.map { NamedCount(name: $0.0, count: $0.1) } }
        if let d = device as? GPUDevice { return list([("refused commands", d.refusedCommandCount)]) }
        if let d = device as? NetDevice { return list([("frames dropped", d.droppedFrameCount)]) }
        if let d = device as? BlockDevice { return list([("errors", d.errorCount)] + FaultPlan.Kind.allCases.map { ("injected \($0.rawValue)", d.faultCount($0)) }) }
        if let d = device as? InputDevice { return list([("reports without room", UInt64(d.droppedReportCount))]) }
        if let d = device as? ConsoleDevice { return list([("input bytes without room", UInt64(d.inputDroppedByteCount))]) }
        return []
    }
    var timerReports: [TimerReport] {
        var all = kernel.inspectTimers().map { TimerReport(deadline: $0.deadline, what: $0.what, owners: $0.owners) }
        if let next = machine.events.nextTick { all.append(TimerReport(deadline: next.nanoseconds, what: "device event, the next of \(machine.events.count)", owners: [])) }
        return all.sorted { $0.deadline < $1.deadline }
    }
    var markReports: [MarkReport] {
        marks.map { m in MarkReport(tick: m.tick, pid: m.pid, kind: m.kind, kindName: MarkKind(rawValue: m.kind).map { "\($0)" } ?? "", a: m.a, b: m.b) }
    }
    var frameReport: FrameReport {
        FrameReport(width: gpu.frame.width, height: gpu.frame.height, flushes: gpu.frame.flushCount, hash: hexadecimal(gpu.frame.stateHash()), png: Data(screenshot()))
    }
    var namedHashes: [NamedHash] { stateHashes().map { NamedHash(name: $0.name, hash: hexadecimal($0.hash)) } }
}
