// The system-call table: the one list of numbers, names and rights that the kernel's dispatcher, the tracer, the
// program-side stubs and the reference page follow.
//
// Convention: a program calls the import `kernel.syscall(number: i32, a0…a5: i64) -> i64`. A result ≥ 0 is the
// value; a negative one is `-SystemError.rawValue`. Pointers are offsets in the caller's linear memory.

/// Numbers of the system calls. Signatures stand beside each: `(arguments) -> result`.
public enum SystemCall: Int32, CaseIterable, Sendable {
    // Process itself
    case exit = 0              // (code) -> never returns
    case printDebug = 1        // (pointer, byteCount) -> 0; one line to the console
    case getPID = 2            // () -> pid
    case clock = 3             // () -> nanoseconds since boot
    case wallClock = 4         // () -> nanoseconds since 1970 (base recorded in the trace)
    case random = 5            // (pointer, byteCount) -> 0
    case yield = 6             // () -> 0
    case pageRelease = 7       // (pointer, byteCount) -> pages given back; contents become zero
    // Handles
    case handleClose = 10      // (handle) -> 0
    case handleDuplicate = 11  // (handle, rights) -> handle; rights can only shrink
    // Channels
    case channelCreate = 12    // (out: u32[2]) -> 0
    case channelSend = 13      // (handle, pointer, byteCount, handles: u32[], handleCount) -> 0; handles move; wouldBlock when full
    case channelReceive = 14   // (handle, pointer, capacity, handlesOut: u32[8], handleCountOut: u32*) -> byteCount; wouldBlock when empty
    // Shared memory
    case shmCreate = 20        // (byteCount) -> handle
    case shmMap = 21           // (handle, writable 0|1) -> address in the window from 1 GiB
    case shmUnmap = 22         // (address) -> 0
    case shmSize = 23          // (handle) -> exact byte count
    case archiveOpen = 24      // (name, byteCount) -> read-only shared-memory handle of a boot-archive file
    // Time, events, waiting
    case timerCreate = 30      // () -> handle
    case timerSet = 31         // (handle, deadline nanoseconds; -1 disarms) -> 0
    case eventCreate = 32      // () -> handle
    case eventSignal = 33      // (handle, 0|1) -> 0
    case waitMany = 34         // (items: WaitItem[], count, deadline nanoseconds; -1 forever) -> number ready; 0 on timeout
    case subscribe = 35        // (handle, key, signals; 0 ends it) -> 0; ready handles make the kernel call `handle(key, signals)`
    // Services
    case serviceRegister = 40  // (system, name, byteCount) -> channel on which each message carries one new client endpoint
    case serviceConnect = 41   // (name, byteCount) -> client endpoint; notFound
    // Processes
    case spawn = 50            // (system, name, byteCount, bootstrapHandle or 0) -> process handle
    case clone = 51            // (process handle of a quiescent process, bootstrapHandle or 0) -> process handle
    case kill = 52             // (process handle) -> 0
    case processInfo = 53      // (process handle, out: ProcessRecord) -> 0
    case processList = 54      // (system, out: ProcessRecord[], capacity) -> count
    case killPID = 55          // (system, pid) -> 0
    // Devices
    case deviceOpen = 60       // (system, DeviceKind) -> device handle
    case fbInfo = 61           // (device, out: u32[4] width, height, strideBytes, format) -> 0
    case fbMap = 62            // (device) -> address of 0xAARRGGBB pixels
    case fbFlush = 63          // (device, x, y, width, height) -> 0
    case pollEvent = 64        // (device, out: InputEventRecord[], capacity) -> count
    case netSend = 65          // (device, pointer, byteCount) -> 0; wouldBlock
    case netReceive = 66       // (device, pointer, capacity) -> byteCount; wouldBlock
    case netInfo = 67          // (device, out: 6 bytes MAC) -> 0
    // Memory management and measurement
    case tabRegister = 70      // (process handle, tabID) -> 0; the process is a tab that policies see
    case tabUpdate = 71        // (process handle, LifecycleState, TabFlags) -> 0
    case memoryInfo = 72       // (out: MemoryRecord) -> 0
    case mark = 73             // (MarkKind, a, b) -> 0; a measurement point with the tick, seen by benchmarks
}

/// Why a system call did not succeed. Values are stable.
public enum SystemError: Int32, Error, Sendable {
    case badHandle = 1, accessDenied, wouldBlock, peerClosed, notFound, invalidArgument, outOfMemory
    case badAddress, bufferTooSmall, limitReached, wrongState, alreadyExists, notSupported, timedOut, killed

    /// The error's stable name for logs.
    public var name: String {
        switch self {
        case .badHandle: "bad handle"
        case .accessDenied: "access denied"
        case .wouldBlock: "would block"
        case .peerClosed: "peer closed"
        case .notFound: "not found"
        case .invalidArgument: "invalid argument"
        case .outOfMemory: "out of memory"
        case .badAddress: "bad address"
        case .bufferTooSmall: "buffer too small"
        case .limitReached: "limit reached"
        case .wrongState: "wrong state"
        case .alreadyExists: "already exists"
        case .notSupported: "not supported"
        case .timedOut: "timed out"
        case .killed: "killed"
        }
    }
}

/// What a handle's holder may do. Rights only ever shrink.
public struct Rights: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let read = Rights(rawValue: 1)
    public static let write = Rights(rawValue: 2)
    public static let map = Rights(rawValue: 4)
    public static let send = Rights(rawValue: 8)
    public static let receive = Rights(rawValue: 16)
    public static let duplicate = Rights(rawValue: 32)
    public static let transfer = Rights(rawValue: 64)
    public static let manage = Rights(rawValue: 128)
    public static let all = Rights(rawValue: 255)
}

/// Conditions of a kernel object that can be waited for. Level-triggered.
public struct Signals: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let readable = Signals(rawValue: 1)     // channel: a message waits; device: an event or packet waits
    public static let writable = Signals(rawValue: 2)     // channel: the peer's queue has room
    public static let peerClosed = Signals(rawValue: 4)
    public static let signaled = Signals(rawValue: 8)     // event set; timer expired
    public static let terminated = Signals(rawValue: 16)  // process ended
}

/// Devices that `deviceOpen` knows.
public enum DeviceKind: Int32, Sendable { case framebuffer = 1, input = 2, network = 3 }

/// Page Lifecycle names (WICG) plus hibernated.
public enum LifecycleState: Int32, Sendable, CaseIterable {
    case active = 0, passive, hidden, frozen, hibernated, discarded
    public var name: String {
        switch self {
        case .active: "active"
        case .passive: "passive"
        case .hidden: "hidden"
        case .frozen: "frozen"
        case .hibernated: "hibernated"
        case .discarded: "discarded"
        }
    }
}

/// What the browser tells the kernel about a tab beside its state.
public struct TabFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let audible = TabFlags(rawValue: 1)
    public static let pinned = TabFlags(rawValue: 2)
    public static let unsavedForm = TabFlags(rawValue: 4)
    public static let loading = TabFlags(rawValue: 8)
}

/// Measurement points (`SystemCall.mark`). `a` is the tab, `b` is free.
public enum MarkKind: Int32, Sendable {
    case switchRequested = 1   // the user asked for tab a
    case frameShown = 2        // first frame with content of tab a after the request is handed to the window manager
    case navigationStarted = 3
    case pageLoaded = 4
    case tabDiscarded = 5
    case tabReloaded = 6       // a discarded tab is loaded again
}

/// Why a process ended (in `ProcessRecord.exitReason`).
public enum ExitReason: Int32, Sendable {
    case running = 0, exited, trapped, killed, outOfMemory, discarded, badAccess, stackOverflow
    public var name: String {
        switch self {
        case .running: "running"
        case .exited: "exited"
        case .trapped: "trapped"
        case .killed: "killed"
        case .outOfMemory: "out of memory"
        case .discarded: "discarded"
        case .badAccess: "bad access"
        case .stackOverflow: "stack overflow"
        }
    }
}
