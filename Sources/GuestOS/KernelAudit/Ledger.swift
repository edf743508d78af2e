// Everything that exists and is held, in numbers, so that before and after a scenario can be compared.

import ABI
import MemoryManager

/// What the kernel holds at one moment.
public struct Ledger: Equatable, Sendable {
    public var framesFree = 0, framesProcess = 0, framesShared = 0, framesPool = 0, framesSwap = 0
    public var processes = 0, handles = 0, subscriptions = 0, mappings = 0
    public var channels = 0, sharedMemories = 0, timers = 0, events = 0, services = 0
    /// Deadlines of timers and waits; entries in the lists of who waits for an object.
    public var deadlines = 0, observers = 0
    /// Unread messages, the host memory they take in bytes, the handles in them.
    public var messages = 0, messageBytes = 0, messageHandles = 0
    public var addressSpaces = 0, reclaimJobs = 0
    public var pagesCompressed = 0, swapSlots = 0, swapRequests = 0, diskTransfers = 0
    public init() {}
}

extension Kernel {
    public func ledger() -> Ledger {
        var l = Ledger()
        l.framesFree = memory.frames.freeCount
        l.framesProcess = memory.frames.total(.process)
        l.framesShared = memory.frames.total(.shared)
        l.framesPool = memory.frames.total(.pool)
        l.framesSwap = memory.frames.total(.swap)
        for p in processes {
            l.processes += 1
            l.handles += p.handles.count
            l.subscriptions += p.subscriptions.count
            l.mappings += p.mappings.count
        }
        objects.forEach { count($0, &l) }
        l.services = services.count
        for e in timers.entries {
            switch e.target {
            case .timer, .wait: l.deadlines += 1
            case .policy, .policyNow, .aging, .probeTimeout: break
            }
        }
        l.addressSpaces = memory.spaces.count
        l.reclaimJobs = memory.jobs.count
        l.pagesCompressed = memory.poolPageCount
        l.swapSlots = memory.swap.slots.usedCount
        l.swapRequests = memory.swap.requestCount
        for t in devices.disk?.transfers ?? [] where t.state != .free { l.diskTransfers += 1 }
        return l
    }
    private func count(_ o: KernelObject, _ l: inout Ledger) {
        l.observers += o.observers.count
        switch o.kind {
        case .channel: l.channels += 1
        case .sharedMemory: if (o as? SharedObject)?.backing == .anonymous { l.sharedMemories += 1 }
        case .timer: l.timers += 1
        case .event: l.events += 1
        case .process, .device, .system: break
        }
        for m in (o as? ChannelEnd)?.messages ?? [] {
            l.messages += 1
            l.messageBytes += m.cost
            l.messageHandles += m.handles.count
        }
    }
}
