// Fixed-layout records that cross the system-call boundary. Little-endian, no padding beyond what is written here;
// both sides read and write them through `ByteReader`/`ByteWriter`.

/// One entry of `waitMany`: 12 bytes (handle, signals wanted, signals observed).
public struct WaitItem: Sendable {
    public static let byteCount = 12
    public var handle: UInt32, wanted: UInt32, observed: UInt32
    public init(handle: UInt32, wanted: UInt32, observed: UInt32 = 0) { self.handle = handle; self.wanted = wanted; self.observed = observed }
}

/// Why a page fault was taken, by what was needed to serve it.
public enum FaultKind: Int, CaseIterable, Sendable {
    case zero = 0       // first touch: a zeroed page (or one that holds a single word throughout)
    case copy           // first write after a clone
    case protection     // the frame was there; only the mapping was missing or read-only
    case compressed     // decompressed
    case swapped        // read from swap
    case shared         // a page of shared memory
    public var name: String {
        switch self {
        case .zero: "zero"
        case .copy: "copy-on-write"
        case .protection: "protection"
        case .compressed: "compressed"
        case .swapped: "swapped"
        case .shared: "shared"
        }
    }
}

/// What `processInfo` and `processList` report.
public struct ProcessRecord: Sendable {
    public static let byteCount = 224
    public var pid: UInt32 = 0
    public var parent: UInt32 = 0           // pid of the process that started it, or of that one's parent; 0: the kernel
    public var state: UInt32 = 0            // 0 ready, 1 waiting (quiescent), 2 blocked in a call, 3 frozen, 4 ended
    public var exitReason: Int32 = 0        // ExitReason
    public var exitCode: Int32 = 0
    public var tabID: UInt32 = 0            // 0: not a tab
    public var lifecycle: Int32 = 0
    public var handles: UInt32 = 0
    public var objects: UInt32 = 0          // kernel objects it pays for
    public var queuedBytes: UInt32 = 0      // kernel memory of messages it sent that nobody has read
    public var pagesResident: UInt32 = 0, pagesCompressed: UInt32 = 0, pagesSwapped: UInt32 = 0, pagesShared: UInt32 = 0
    public var pagesFilled: UInt32 = 0      // every word the same; takes no frame
    public var instructions: UInt64 = 0
    public var nanoseconds: UInt64 = 0      // on the processor, kernel work for it included
    public var systemCalls: UInt64 = 0, contextSwitches: UInt64 = 0
    public var messagesSent: UInt64 = 0, messagesReceived: UInt64 = 0, bytesSent: UInt64 = 0, bytesReceived: UInt64 = 0
    public var faults: UInt64 = 0
    /// By `FaultKind`; accesses outside memory count in `faults` only when they were of no kind.
    public var faultsByKind = [UInt64](repeating: 0, count: FaultKind.allCases.count)
    public var name: InlineName = InlineName()
    public init() {}
    public var messages: UInt64 { messagesSent + messagesReceived }

    public func emit(_ w: inout ByteWriter) {
        w.u32(pid); w.u32(parent); w.u32(state); w.i32(exitReason); w.i32(exitCode); w.u32(tabID); w.i32(lifecycle)
        w.u32(handles); w.u32(objects); w.u32(queuedBytes)
        w.u32(pagesResident); w.u32(pagesCompressed); w.u32(pagesSwapped); w.u32(pagesShared); w.u32(pagesFilled); w.u32(0)
        w.u64(instructions); w.u64(nanoseconds); w.u64(systemCalls); w.u64(contextSwitches)
        w.u64(messagesSent); w.u64(messagesReceived); w.u64(bytesSent); w.u64(bytesReceived)
        w.u64(faults)
        for n in faultsByKind { w.u64(n) }
        w.u64(name.a); w.u64(name.b); w.u64(name.c)
        w.raw([UInt8](repeating: 0, count: 16))
    }
    public static func parse(_ r: inout ByteReader) -> ProcessRecord? {
        var p = ProcessRecord()
        guard r.remaining >= byteCount else { return nil }
        p.pid = r.u32()!; p.parent = r.u32()!; p.state = r.u32()!; p.exitReason = r.i32()!; p.exitCode = r.i32()!
        p.tabID = r.u32()!; p.lifecycle = r.i32()!; p.handles = r.u32()!; p.objects = r.u32()!; p.queuedBytes = r.u32()!
        p.pagesResident = r.u32()!; p.pagesCompressed = r.u32()!; p.pagesSwapped = r.u32()!; p.pagesShared = r.u32()!
        p.pagesFilled = r.u32()!; _ = r.u32()
        p.instructions = r.u64()!; p.nanoseconds = r.u64()!; p.systemCalls = r.u64()!; p.contextSwitches = r.u64()!
        p.messagesSent = r.u64()!; p.messagesReceived = r.u64()!; p.bytesSent = r.u64()!; p.bytesReceived = r.u64()!
        p.faults = r.u64()!
        for i in 0..<p.faultsByKind.count { p.faultsByKind[i] = r.u64()! }
        p.name.a = r.u64()!; p.name.b = r.u64()!; p.name.c = r.u64()!
        _ = r.u64(); _ = r.u64()
        return p
    }
}

/// A name of at most 24 UTF-8 bytes, zero-filled.
public struct InlineName: Sendable, Equatable {
    public var a: UInt64 = 0, b: UInt64 = 0, c: UInt64 = 0
    public init() {}
    public init(_ s: String) {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var i = 0
        for byte in s.utf8 where i < 24 {
            let v = UInt64(byte) << UInt64((i % 8) * 8)
            if i < 8 { words.0 |= v } else if i < 16 { words.1 |= v } else { words.2 |= v }
            i += 1
        }
        a = words.0; b = words.1; c = words.2
    }
    public var string: String {
        var bytes: [UInt8] = []
        for i in 0..<24 {
            let word = i < 8 ? a : (i < 16 ? b : c)
            let byte = UInt8(truncatingIfNeeded: word >> UInt64((i % 8) * 8))
            if byte == 0 { break }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What `memoryInfo` reports, in frames of 64 KiB unless named otherwise: 128 bytes.
public struct MemoryRecord: Sendable {
    public static let byteCount = 128
    public var framesTotal: UInt32 = 0, framesFree: UInt32 = 0, framesProcess: UInt32 = 0, framesShared: UInt32 = 0
    public var framesCompressedPool: UInt32 = 0, framesKernel: UInt32 = 0
    public var pagesCompressed: UInt32 = 0, pagesSwapped: UInt32 = 0
    public var bytesCompressed: UInt64 = 0
    public var pressureSome10: UInt32 = 0, pressureFull10: UInt32 = 0   // per mille of the last 10 s
    public var pressureSome60: UInt32 = 0, pressureSome300: UInt32 = 0, pressureFull60: UInt32 = 0, pressureFull300: UInt32 = 0
    public var pressureLevel = PressureLevel.none
    public var pagesFilled: UInt32 = 0                                  // of one repeated word; they take no frame
    public var swapSlots: UInt32 = 0, swapSlotsFree: UInt32 = 0, swapSlotsBad: UInt32 = 0
    /// Pages that were taken and asked for again, in the last 10 s.
    public var promotedPages10: UInt32 = 0
    /// Pages written to swap since boot: flash wear is this times 64 KiB.
    public var swapWrittenPages: UInt64 = 0
    /// Bytes that pages would take beyond what they take now, were they all resident.
    public var bytesSaved: UInt64 = 0
    /// Pages taken since boot; those that came back while they still belonged to the working set.
    public var evictions: UInt64 = 0, refaults: UInt64 = 0
    public init() {}
    public func emit(_ w: inout ByteWriter) {
        w.u32(framesTotal); w.u32(framesFree); w.u32(framesProcess); w.u32(framesShared)
        w.u32(framesCompressedPool); w.u32(framesKernel); w.u32(pagesCompressed); w.u32(pagesSwapped)
        w.u64(bytesCompressed); w.u32(pressureSome10); w.u32(pressureFull10)
        w.u32(pressureSome60); w.u32(pressureSome300); w.u32(pressureFull60); w.u32(pressureFull300)
        w.u32(pressureLevel.rawValue); w.u32(pagesFilled); w.u32(swapSlots); w.u32(swapSlotsFree); w.u32(swapSlotsBad); w.u32(promotedPages10)
        w.u64(swapWrittenPages); w.u64(bytesSaved); w.u64(evictions); w.u64(refaults)
        w.u64(0)
    }
    public static func parse(_ r: inout ByteReader) -> MemoryRecord? {
        guard r.remaining >= byteCount else { return nil }
        var m = MemoryRecord()
        m.framesTotal = r.u32()!; m.framesFree = r.u32()!; m.framesProcess = r.u32()!; m.framesShared = r.u32()!
        m.framesCompressedPool = r.u32()!; m.framesKernel = r.u32()!; m.pagesCompressed = r.u32()!; m.pagesSwapped = r.u32()!
        m.bytesCompressed = r.u64()!; m.pressureSome10 = r.u32()!; m.pressureFull10 = r.u32()!
        m.pressureSome60 = r.u32()!; m.pressureSome300 = r.u32()!; m.pressureFull60 = r.u32()!; m.pressureFull300 = r.u32()!
        m.pressureLevel = PressureLevel(rawValue: r.u32()!) ?? .none
        m.pagesFilled = r.u32()!; m.swapSlots = r.u32()!; m.swapSlotsFree = r.u32()!; m.swapSlotsBad = r.u32()!; m.promotedPages10 = r.u32()!
        m.swapWrittenPages = r.u64()!; m.bytesSaved = r.u64()!; m.evictions = r.u64()!; m.refaults = r.u64()!
        _ = r.u64()
        return m
    }
}

/// One input event as the VirtIO input device reports it (VirtIO 1.2 §5.8.6, Linux evdev types and codes): 8 bytes.
public struct InputEventRecord: Sendable, Equatable {
    public static let byteCount = 8
    public var type: UInt16, code: UInt16, value: Int32
    public init(type: UInt16, code: UInt16, value: Int32) { self.type = type; self.code = code; self.value = value }
    public func emit(_ w: inout ByteWriter) { w.u16(type); w.u16(code); w.i32(value) }
    public static let typeSync: UInt16 = 0, typeKey: UInt16 = 1, typeRelative: UInt16 = 2, typeAbsolute: UInt16 = 3
    public static let absX: UInt16 = 0, absY: UInt16 = 1, relWheel: UInt16 = 8
    public static let buttonLeft: UInt16 = 0x110, buttonRight: UInt16 = 0x111, buttonMiddle: UInt16 = 0x112
    /// Range of absolute coordinates of the tablet: 0…32767 over the whole screen.
    public static let absoluteMax: Int32 = 32767
}
