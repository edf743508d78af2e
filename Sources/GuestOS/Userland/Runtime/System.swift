// Typed wrappers of the system calls. A `Handle` is an index into the process's handle table; 0 is "none".

import ABI

/// A handle of this process.
public struct Handle: Equatable, Hashable, Sendable {
    public let raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }
    public static let none = Handle(0)
    public var isNone: Bool { raw == 0 }
    public func close() { _ = rawSystemCall(.handleClose, Int64(raw)) }
    public func duplicate(_ rights: Rights) throws(SystemError) -> Handle {
        Handle(UInt32(try checked(rawSystemCall(.handleDuplicate, Int64(raw), Int64(rights.rawValue)))))
    }
    /// Closes every handle derived from this one, in whatever process or queue it is now; their number. The handle itself
    /// stays. Needs the right `duplicate`.
    @discardableResult
    public func revoke() throws(SystemError) -> Int { Int(try checked(rawSystemCall(.handleRevoke, Int64(raw)))) }
}

public enum System {
    public static func exit(_ code: Int32) { _ = rawSystemCall(.exit, Int64(code)) }
    public static var pid: UInt32 { UInt32(truncatingIfNeeded: rawSystemCall(.getPID)) }
    /// Nanoseconds since boot.
    public static var now: UInt64 { UInt64(bitPattern: rawSystemCall(.clock)) &+ clockOffset }
    /// What a restored program adds to the machine's clock: the time between its lives does not exist for it.
    nonisolated(unsafe) public private(set) static var clockOffset: UInt64 = 0
    /// The clock goes on at `nanoseconds`, where it stood when the program was saved.
    public static func continueClock(at nanoseconds: UInt64) { clockOffset = nanoseconds &- UInt64(bitPattern: rawSystemCall(.clock)) }
    /// An instant of `now` as system calls take it.
    public static func deadline(_ nanoseconds: UInt64) -> Int64 { Int64(bitPattern: nanoseconds &- clockOffset) }
    /// Nanoseconds since 1970.
    public static var wallClock: UInt64 { UInt64(bitPattern: rawSystemCall(.wallClock)) }
    /// One line to the machine's console.
    public static func log(_ line: String) {
        var utf8 = Array(line.utf8)
        if utf8.count > Limits.messageByteCountMax { utf8.removeLast(utf8.count - Limits.messageByteCountMax) }
        utf8.withUnsafeBufferPointer { p in
            _ = rawSystemCall(.printDebug, addressOf(p.baseAddress), Int64(p.count))
        }
    }
    public static func random(_ byteCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBufferPointer { p in _ = rawSystemCall(.random, addressOf(UnsafeRawPointer(p.baseAddress)), Int64(p.count)) }
        return bytes
    }
    public static func random64() -> UInt64 {
        var v: UInt64 = 0
        for b in random(8) { v = v << 8 | UInt64(b) }
        return v
    }
    public static func yield() { _ = rawSystemCall(.yield) }
    public static func mark(_ kind: MarkKind, _ a: Int64, _ b: Int64 = 0) { _ = rawSystemCall(.mark, Int64(kind.rawValue), a, b) }

    // Services
    public static func connect(_ service: String) throws(SystemError) -> Channel {
        Channel(Handle(UInt32(try withName(service) { p, n in rawSystemCall(.serviceConnect, p, n) })))
    }
    /// Registers a service; each message on the channel carries one new client endpoint.
    public static func register(_ service: String, system: Handle) throws(SystemError) -> Channel {
        Channel(Handle(UInt32(try withName(service) { p, n in rawSystemCall(.serviceRegister, Int64(system.raw), p, n) })))
    }
    // Processes
    public static func spawn(_ program: String, system: Handle, bootstrap: Handle = .none) throws(SystemError) -> ProcessHandle {
        ProcessHandle(Handle(UInt32(try withName(program) { p, n in rawSystemCall(.spawn, Int64(system.raw), p, n, Int64(bootstrap.raw)) })))
    }
    public static func processes(system: Handle, capacity: Int = 128) throws(SystemError) -> [ProcessRecord] {
        var bytes = [UInt8](repeating: 0, count: capacity * ProcessRecord.byteCount)
        let result = bytes.withUnsafeMutableBufferPointer { p in
            rawSystemCall(.processList, Int64(system.raw), addressOf(UnsafeRawPointer(p.baseAddress)), Int64(capacity))
        }
        let count = Int(try checked(result))
        var reader = ByteReader(bytes)
        var list: [ProcessRecord] = []
        for _ in 0..<count { if let r = ProcessRecord.parse(&reader) { list.append(r) } }
        return list
    }
    public static func kill(pid: UInt32, system: Handle) throws(SystemError) {
        _ = try checked(rawSystemCall(.killPID, Int64(system.raw), Int64(pid)))
    }
    /// An event that is signaled whenever the level of memory pressure (`memory.pressureLevel`) rises. Whoever has seen it
    /// clears it.
    public static func pressureEvent() throws(SystemError) -> Handle { Handle(UInt32(try checked(rawSystemCall(.pressureEvent)))) }
    public static func clear(_ event: Handle) { _ = rawSystemCall(.eventSignal, Int64(event.raw), 0) }
    public static var memory: MemoryRecord {
        var bytes = [UInt8](repeating: 0, count: MemoryRecord.byteCount)
        bytes.withUnsafeMutableBufferPointer { p in _ = rawSystemCall(.memoryInfo, addressOf(UnsafeRawPointer(p.baseAddress))) }
        var reader = ByteReader(bytes)
        return MemoryRecord.parse(&reader) ?? MemoryRecord()
    }
    public static func openDevice(_ kind: DeviceKind, system: Handle) throws(SystemError) -> Handle {
        Handle(UInt32(try checked(rawSystemCall(.deviceOpen, Int64(system.raw), Int64(kind.rawValue)))))
    }

    static func withName(_ name: String, _ body: (Int64, Int64) -> Int64) throws(SystemError) -> Int64 {
        let utf8 = Array(name.utf8)
        let result = utf8.withUnsafeBufferPointer { p in body(addressOf(p.baseAddress), Int64(p.count)) }
        return try checked(result)
    }
}

/// A process this one started or was handed.
public struct ProcessHandle: Sendable {
    public let handle: Handle
    public init(_ handle: Handle) { self.handle = handle }
    public func kill() { _ = rawSystemCall(.kill, Int64(handle.raw)) }
    /// A warm copy of a quiescent process; its `cloned(bootstrap)` export runs.
    public func clone(bootstrap: Handle) throws(SystemError) -> ProcessHandle {
        ProcessHandle(Handle(UInt32(try checked(rawSystemCall(.clone, Int64(handle.raw), Int64(bootstrap.raw))))))
    }
    /// A frozen process as bytes: page -1 is its `ProcessImageHeader`, the others are those of the header's list.
    /// `wouldBlock`: the page is being read from swap.
    public func save(page: Int64) throws(SystemError) -> [UInt8] {
        let capacity = page < 0 ? ProcessImageHeader.byteCountMax : PageImageKind.byteCountMax
        var result: Int64 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
            result = rawSystemCall(.processSave, Int64(handle.raw), page, addressOf(UnsafeRawPointer(target.baseAddress)), Int64(capacity))
            count = Int(max(0, result))
        }
        _ = try checked(result)
        return bytes
    }
    /// A frozen process from the header of an image of this process's program; the bootstrap handle moves to it. Its pages
    /// follow, and its `cloned(bootstrap)` export runs when it is woken.
    public func restore(header: [UInt8], bootstrap: Handle) throws(SystemError) -> ProcessHandle {
        let result = header.withUnsafeBufferPointer { p in
            rawSystemCall(.processRestore, Int64(handle.raw), Int64(bootstrap.raw), addressOf(UnsafeRawPointer(p.baseAddress)), Int64(header.count))
        }
        return ProcessHandle(Handle(UInt32(try checked(result))))
    }
    public func load(page: UInt32, _ contents: [UInt8]) throws(SystemError) {
        _ = try checked(contents.withUnsafeBufferPointer { p in
            rawSystemCall(.processLoadPage, Int64(handle.raw), Int64(page), addressOf(UnsafeRawPointer(p.baseAddress)), Int64(contents.count))
        })
    }
    public var info: ProcessRecord? {
        var bytes = [UInt8](repeating: 0, count: ProcessRecord.byteCount)
        let result = bytes.withUnsafeMutableBufferPointer { p in
            rawSystemCall(.processInfo, Int64(handle.raw), addressOf(UnsafeRawPointer(p.baseAddress)))
        }
        if result < 0 { return nil }
        var reader = ByteReader(bytes)
        return ProcessRecord.parse(&reader)
    }
    public func registerTab(id: UInt32) { _ = rawSystemCall(.tabRegister, Int64(handle.raw), Int64(id)) }
    /// `loadNanoseconds`: how long its page took to load; 0: not known, or as before.
    public func updateTab(_ state: LifecycleState, _ flags: TabFlags, loadNanoseconds: UInt64 = 0) {
        _ = rawSystemCall(.tabUpdate, Int64(handle.raw), Int64(state.rawValue), Int64(flags.rawValue), Int64(loadNanoseconds))
    }
}

/// Shared memory mapped into this process.
public struct SharedMemory {
    public let handle: Handle
    public let base: UnsafeMutableRawPointer
    public let byteCount: Int
    public static func create(byteCount: Int) throws(SystemError) -> SharedMemory {
        let h = Handle(UInt32(try checked(rawSystemCall(.shmCreate, Int64(byteCount)))))
        return try map(h, writable: true)
    }
    public static func map(_ handle: Handle, writable: Bool) throws(SystemError) -> SharedMemory {
        let size = Int(try checked(rawSystemCall(.shmSize, Int64(handle.raw))))
        let address = Int(try checked(rawSystemCall(.shmMap, Int64(handle.raw), writable ? 1 : 0)))
        guard let base = UnsafeMutableRawPointer(bitPattern: address) else { throw .badAddress }
        return SharedMemory(handle: handle, base: base, byteCount: size)
    }
    /// A file of the boot archive, read-only.
    public static func archive(_ name: String) throws(SystemError) -> SharedMemory {
        let h = Handle(UInt32(try System.withName(name) { p, n in rawSystemCall(.archiveOpen, p, n) }))
        return try map(h, writable: false)
    }
    public func unmap() { _ = rawSystemCall(.shmUnmap, addressOf(UnsafeRawPointer(base))) }
}

/// A channel endpoint. Messages of at most 4 KiB plus at most 8 handles, in order.
public struct Channel: Equatable, Hashable, Sendable {
    public let handle: Handle
    public init(_ handle: Handle) { self.handle = handle }

    public struct Message {
        public var bytes: [UInt8]
        public var handles: [Handle]
    }

    public static func create() throws(SystemError) -> (Channel, Channel) {
        var pair: [UInt32] = [0, 0]
        let result = pair.withUnsafeMutableBufferPointer { p in rawSystemCall(.channelCreate, addressOf(UnsafeRawPointer(p.baseAddress))) }
        _ = try checked(result)
        return (Channel(Handle(pair[0])), Channel(Handle(pair[1])))
    }
    /// Handles move to the receiver when this succeeds.
    public func send(_ bytes: [UInt8], handles: [Handle] = []) throws(SystemError) {
        let raws = handles.map { $0.raw }
        let result = bytes.withUnsafeBufferPointer { b in
            raws.withUnsafeBufferPointer { h in
                rawSystemCall(.channelSend, Int64(handle.raw), addressOf(b.baseAddress), Int64(b.count), addressOf(h.baseAddress), Int64(h.count))
            }
        }
        _ = try checked(result)
    }
    /// The next message; nil when none waits. Throws `peerClosed` when none waits and the peer is gone.
    public func receive() throws(SystemError) -> Message? {
        var bytes = [UInt8](repeating: 0, count: Limits.messageByteCountMax)
        var raws = [UInt32](repeating: 0, count: Limits.messageHandleCountMax)
        var handleCount: [UInt32] = [0]
        let result = bytes.withUnsafeMutableBufferPointer { b in
            raws.withUnsafeMutableBufferPointer { h in
                handleCount.withUnsafeMutableBufferPointer { c in
                    rawSystemCall(.channelReceive, Int64(handle.raw), addressOf(UnsafeRawPointer(b.baseAddress)), Int64(b.count),
                                  addressOf(UnsafeRawPointer(h.baseAddress)), addressOf(UnsafeRawPointer(c.baseAddress)))
                }
            }
        }
        if result == -Int64(SystemError.wouldBlock.rawValue) { return nil }
        let n = Int(try checked(result))
        bytes.removeLast(bytes.count - n)
        var handles: [Handle] = []
        for i in 0..<Int(handleCount[0]) { handles.append(Handle(raws[i])) }
        return Message(bytes: bytes, handles: handles)
    }
    public func close() { handle.close() }
}
