// Who pays for kernel memory, and how what nobody can reach any more is found. Every object is charged to the process that
// created it, every unread message to its sender, until it is gone; a server's unread answer is charged to its client,
// who alone can read it. What a process leaves behind when it ends is charged to the one that started it (not to `init`),
// so that children are no way around a quota.

import ABI

/// What a process pays for.
struct Charges: Equatable {
    var objectCount = 0, timerCount = 0, queuedByteCount = 0
    /// Pages of shared memory, whether touched yet or not; and the frames of those that are.
    var sharedPageCount = 0, sharedFrameCount = 0
}

extension Kernel {
    /// Enters an object that `p` pays for until it is destroyed.
    func enter(_ o: KernelObject, paidBy p: GuestProcess) throws(CallStop) {
        guard p.charges.objectCount < KernelLimits.objectsPerProcessMax, p.charges.timerCount < KernelLimits.timersPerProcessMax || o.kind != .timer,
              objects.insert(o) else { throw .failed(.limitReached) }
        o.payer = p.ref
        charge(o, to: p, 1)
    }
    /// Adds an object to what `p` pays for, or takes it off again.
    func charge(_ o: KernelObject, to p: GuestProcess, _ sign: Int) {
        p.charges.objectCount += sign
        if o.kind == .timer { p.charges.timerCount += sign }
        if let shared = o as? SharedObject {
            p.charges.sharedPageCount += sign * shared.frames.count
            for f in shared.frames where f != noFrame { p.charges.sharedFrameCount += sign }
        }
    }
    /// A page of shared memory came into being or went.
    func chargeSharedFrame(_ o: SharedObject, _ sign: Int) { (objects[o.payer] as? GuestProcess)?.charges.sharedFrameCount += sign }
    /// A message left its queue, read or not.
    func unqueue(_ m: Message) {
        queuedHandleCount -= m.handles.count
        (objects[m.payer] as? GuestProcess)?.charges.queuedByteCount -= m.cost
    }
    /// A process, who started it, who started that one, and so on.
    func ancestry(_ p: GuestProcess?) -> [GuestProcess] {
        var chain: [GuestProcess] = []
        var next = p
        while let a = next {
            chain.append(a)
            next = objects[a.parent] as? GuestProcess
        }
        return chain
    }
    /// Nobody but `init` may fill the process table.
    func hasRoomForProcess(startedBy p: GuestProcess?) -> Bool {
        processes.count < KernelLimits.processCountMax && ancestry(p).allSatisfy { $0.pid == 1 || $0.descendantCount < KernelLimits.descendantCountMax }
    }
    /// What an ended process still pays for goes to its parent; so do its children.
    func bequeath(_ p: GuestProcess) {
        let parent = objects[p.parent] as? GuestProcess
        for q in processes where q.parent == p.ref { q.parent = p.parent }
        if p.charges.objectCount == 0, p.charges.queuedByteCount == 0 { return }
        let heir = parent?.pid == 1 ? nil : parent
        let ref = heir?.ref ?? .none
        objects.forEach { o in
            if o.payer == p.ref {
                o.payer = ref
                if let heir { charge(o, to: heir, 1) }
            }
        }
        forEachChannel { end in
            let cost = end.replacePayer(p.ref, ref)
            heir?.charges.queuedByteCount += cost
        }
        p.charges = Charges()
    }

    /// Every channel end, in table order. The walk is charged: by objects and by queued messages.
    func forEachChannel(_ body: (ChannelEnd) -> Void) {
        var seenCount = objects.slotCount
        objects.forEach { o in
            guard let end = o as? ChannelEnd else { return }
            seenCount += end.depth
            body(end)
        }
        charge(costs.perItem * UInt64(seenCount))
    }
    /// Empties channels that only queues of such channels hold: nobody can receive from them any more. Their objects go
    /// with them. Runs when a process ends; what the living lose this way they pay for.
    func reclaimUnreachable() {
        if queuedHandleCount == 0 { return }
        var isReached = [Bool](repeating: false, count: objects.slotCount)
        var ends: [ChannelEnd] = []
        func reach(_ ref: ObjectRef) {
            guard let end = objects[ref] as? ChannelEnd, !isReached[Int(ref.index)] else { return }
            isReached[Int(ref.index)] = true
            ends.append(end)
        }
        for p in processes { for e in p.handles.entries { reach(e.ref) } }
        for s in services { reach(s.end) }
        while let end = ends.popLast() { for m in end.messages { for e in m.handles { reach(e.ref) } } }
        forEachChannel { end in if !isReached[Int(end.ref.index)] { ends.append(end) } }
        var lost: [HandleEntry] = []
        for end in ends {
            while end.depth > 0 {
                let m = end.pop()
                unqueue(m)
                lost += m.handles
            }
        }
        for e in lost { drop(e) }
    }
}
