// Derivation of handles and its undoing. A duplicate remembers which handle it was made from; that bond stays with it when
// it moves to other processes and through queues. Revoking a handle closes everything below it.

import ABI

/// A handle as others were derived from it. Nodes of closed handles only connect, and are bridged when that is cheap.
final class Derivation {
    private(set) var parent: Derivation?
    var isOpen = true
    init(_ parent: Derivation?) { self.parent = parent }
    func descends(from other: Derivation) -> Bool {
        var node = parent
        while let n = node {
            if n === other { return true }
            node = n.parent
        }
        return false
    }
    /// Leaves closed ancestors out; the number of those left.
    func bridge() -> Int {
        var count = 0
        var node = self
        while let up = node.parent {
            if up.isOpen {
                node = up
                count += 1
            } else {
                node.parent = up.parent
            }
        }
        return count
    }
}

extension Kernel {
    /// An entry that was taken out of a table or a queue is gone for good.
    func drop(_ e: HandleEntry) {
        e.origin?.isOpen = false
        if e.ref != .none { release(e.ref) }
    }
    /// Closes a handle of any process; one that is blocked looks again at what it waits for.
    @discardableResult
    func closeHandle(_ p: GuestProcess, _ raw: Int64) -> Bool {
        guard let entry = p.handles.remove(raw) else { return false }
        dropSubscriptions(p, handle: raw)
        if p.state == .blocked { wake(p) }
        drop(entry)
        return true
    }
    func callHandleDuplicate(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard let entry = p.handles.lookup(a.a0) else { throw .failed(.badHandle) }
        guard entry.rights.contains(.duplicate) else { throw .failed(.accessDenied) }
        let parent = entry.origin ?? Derivation(nil)
        guard p.handles.hasRoom, parent.bridge() < KernelLimits.derivationDepthMax else { throw .failed(.limitReached) }
        p.handles.setOrigin(a.a0, parent)
        return Int64(try handle(p, entry.ref, entry.rights.intersection(Rights(rawValue: UInt32(truncatingIfNeeded: a.a1))), origin: Derivation(parent)))
    }
    /// Closes what was derived from a handle: in handle tables, in queued messages (which then carry 0 in its place), and
    /// the mappings made through it. Whoever may hand out duplicates may take them back.
    func callHandleRevoke(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard let entry = p.handles.lookup(a.a0) else { throw .failed(.badHandle) }
        guard entry.rights.contains(.duplicate) else { throw .failed(.accessDenied) }
        guard let root = entry.origin else { return 0 }
        func isDerived(_ origin: Derivation?) -> Bool { origin?.descends(from: root) ?? false }
        var closed: Int64 = 0
        for q in processes where q.isAlive {
            charge(costs.perItem * UInt64(q.handles.count))
            for raw in q.handles.numbers(where: { isDerived($0.origin) }) where closeHandle(q, raw) { closed += 1 }
            for i in q.mappings.indices.reversed() where isDerived(q.mappings[i].origin) { unmapShared(q, at: i) }
        }
        var taken: [HandleEntry] = []
        if queuedHandleCount > 0 {
            forEachChannel { end in taken += end.takeHandles { isDerived($0.origin) } }
        }
        for e in taken { drop(e) }
        return closed + Int64(taken.count)
    }
}
