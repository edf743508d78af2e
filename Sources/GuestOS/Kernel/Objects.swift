// Kernel objects and the table they live in. References between objects are generational ids; an object lives as long as
// something counts it: handles (in tables and in queued messages), mappings, and the kernel itself.

import ABI

/// A generational id.
struct ObjectRef: Equatable {
    var index: UInt32, generation: UInt32
    static let none = ObjectRef(index: .max, generation: 0)
}

/// A reference together with what its holder may do.
struct HandleEntry {
    var ref: ObjectRef
    var rights: Rights
    var origin: Derivation?                 // nil: not a duplicate, and never duplicated
}

/// Common part of all objects. `signals` changes only through `Kernel.setSignals`.
public class KernelObject {
    let kind: ObjectKind
    fileprivate(set) var ref = ObjectRef.none
    var referenceCount = 0                  // changed by `Kernel.retain` and `release`
    /// The process that pays for it; none: the kernel.
    var payer = ObjectRef.none
    var signals: Signals = []
    /// Processes that wait for or subscribe to this object; one entry a wait.
    var observers: [ObjectRef] = []
    init(kind: ObjectKind) { self.kind = kind }
}

struct Message {
    var bytes: [UInt8]
    var handles: [HandleEntry]              // ref is none where a handle was revoked on its way
    var payer = ObjectRef.none              // the process that pays for it until it is read
    /// Host memory it takes, about.
    var cost: Int { bytes.count + 32 * handles.count + 128 }
}

/// One end of a channel; `messages` holds what was sent to this end.
final class ChannelEnd: KernelObject {
    var peer = ObjectRef.none
    /// The server's end of a connection: what is sent through it, the client pays for until it reads it.
    var isAnswering = false
    private(set) var messages: [Message] = []
    init() { super.init(kind: .channel); signals = .writable }
    var depth: Int { messages.count }
    func push(_ m: Message) { messages.append(m) }
    func pop() -> Message { messages.removeFirst() }
    /// Takes handles out of the queued messages, leaving holes.
    func takeHandles(_ isWanted: (HandleEntry) -> Bool) -> [HandleEntry] {
        var taken: [HandleEntry] = []
        for m in messages.indices {
            for i in messages[m].handles.indices where isWanted(messages[m].handles[i]) {
                taken.append(messages[m].handles[i])
                messages[m].handles[i] = HandleEntry(ref: .none, rights: [])
            }
        }
        return taken
    }
    /// Another process pays for what `old` paid for; the bytes of it.
    func replacePayer(_ old: ObjectRef, _ new: ObjectRef) -> Int {
        var cost = 0
        for m in messages.indices where messages[m].payer == old {
            messages[m].payer = new
            cost += messages[m].cost
        }
        return cost
    }
}

/// Shared memory: frames are allocated on first touch. Archive files and the framebuffer come with theirs.
final class SharedObject: KernelObject {
    enum Backing: UInt8 { case anonymous, archive, device }
    let byteCount: Int
    let backing: Backing
    var frames: [UInt32]
    /// Who has it mapped: (process, first page).
    var mappings: [(process: ObjectRef, page: UInt32)] = []
    init(byteCount: Int, backing: Backing, frames: [UInt32]) {
        self.byteCount = byteCount
        self.backing = backing
        self.frames = frames
        super.init(kind: .sharedMemory)
    }
}

final class TimerObject: KernelObject {
    var entry: TimerQueue.Key?
    init() { super.init(kind: .timer) }
}
final class DeviceObject: KernelObject {
    let device: DeviceKind
    init(_ device: DeviceKind) { self.device = device; super.init(kind: .device) }
}

/// All objects, in slots with generations. Freed slots are reused last-in first-out: deterministic.
struct ObjectTable {
    private struct Slot { var object: KernelObject?; var generation: UInt32 }
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Nil when the table is full. The new object's count is 0: the caller retains it.
    mutating func insert(_ object: KernelObject) -> Bool {
        if let index = free.popLast() {
            slots[Int(index)].object = object
            object.ref = ObjectRef(index: index, generation: slots[Int(index)].generation)
        } else {
            guard slots.count < KernelLimits.objectCountMax else { return false }
            object.ref = ObjectRef(index: UInt32(slots.count), generation: 1)
            slots.append(Slot(object: object, generation: 1))
        }
        count += 1
        return true
    }
    subscript(_ ref: ObjectRef) -> KernelObject? {
        guard ref.index < slots.count else { return nil }
        let slot = slots[Int(ref.index)]
        return slot.generation == ref.generation ? slot.object : nil
    }
    mutating func remove(_ ref: ObjectRef) {
        invariant(self[ref] != nil, "removed an object that is not there")
        slots[Int(ref.index)].object = nil
        slots[Int(ref.index)].generation &+= 1
        free.append(ref.index)
        count -= 1
    }
    var slotCount: Int { slots.count }
    func forEach(_ body: (KernelObject) -> Void) {
        for s in slots { if let o = s.object { body(o) } }
    }
}

/// A process's handles. A handle number is generation << 12 | (index + 1): a stale number never names a new object.
struct HandleTable {
    struct Slot { var entry: HandleEntry?; var generation: UInt32 }
    private(set) var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0
    /// Of new slots: above that of every handle whose number lies dead in the memory of a restored process.
    let firstGeneration: UInt32
    init(firstGeneration: UInt32 = 0) { self.firstGeneration = firstGeneration & 0x3_ffff }
    /// Above that of every handle there has been.
    var nextGeneration: UInt32 { (slots.reduce(firstGeneration) { max($0, $1.generation) } + 1) & 0x3_ffff }

    var hasRoom: Bool { room > 0 }
    var room: Int { KernelLimits.handleCountMax - count }
    mutating func insert(_ entry: HandleEntry) -> UInt32? {
        if let index = free.popLast() {
            slots[Int(index)].entry = entry
            count += 1
            return slots[Int(index)].generation << 12 | (index + 1)
        }
        guard slots.count < KernelLimits.handleCountMax else { return nil }
        slots.append(Slot(entry: entry, generation: firstGeneration))
        count += 1
        return firstGeneration << 12 | UInt32(slots.count)
    }
    private func index(of handle: Int64) -> Int? {
        guard handle > 0, handle <= Int64(UInt32.max) else { return nil }
        let index = Int(handle & 0xfff) - 1
        guard index >= 0, index < slots.count, slots[index].generation == UInt32(handle >> 12) else { return nil }
        return index
    }
    func lookup(_ handle: Int64) -> HandleEntry? { index(of: handle).flatMap { slots[$0].entry } }
    mutating func remove(_ handle: Int64) -> HandleEntry? {
        guard let i = index(of: handle), let entry = slots[i].entry else { return nil }
        slots[i].entry = nil
        slots[i].generation = (slots[i].generation + 1) & 0x3_ffff
        free.append(UInt32(i))
        count -= 1
        return entry
    }
    mutating func setOrigin(_ handle: Int64, _ origin: Derivation) { if let i = index(of: handle) { slots[i].entry?.origin = origin } }
    /// Numbers of the handles that are wanted, in slot order.
    func numbers(where isWanted: (HandleEntry) -> Bool) -> [Int64] {
        slots.indices.filter { i in slots[i].entry.map(isWanted) ?? false }.map { Int64(slots[$0].generation) << 12 | Int64($0 + 1) }
    }
    /// Empties the table and answers what was in it, in slot order.
    mutating func removeAll() -> [HandleEntry] {
        let all = entries
        self = HandleTable()
        return all
    }
    var entries: [HandleEntry] { slots.compactMap { $0.entry } }
}
