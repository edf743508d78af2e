// Numbers, errors, rights and signals of the system calls. What each call takes and needs stands in SystemCallTable.swift.
//
// Convention: a program calls the import `kernel.syscall(number: i32, a0…a5: i64) -> i64`. A result ≥ 0 is the
// value; a negative one is `-SystemError.rawValue`. Pointers are offsets in the caller's linear memory.

/// Numbers of the system calls. What each takes, gives and needs: `SystemCall.row` (SystemCallTable.swift).
public enum SystemCall: Int32, CaseIterable, Sendable {
    // Process itself
    case exit = 0, printDebug = 1, getPID = 2, clock = 3, wallClock = 4, random = 5, yield = 6, pageRelease = 7
    // Handles
    case handleClose = 10, handleDuplicate = 11
    // Channels
    case channelCreate = 12, channelSend = 13, channelReceive = 14
    case handleRevoke = 16
    // Shared memory
    case shmCreate = 20, shmMap = 21, shmUnmap = 22, shmSize = 23, archiveOpen = 24
    // Time, events, waiting
    case timerCreate = 30, timerSet = 31, eventCreate = 32, eventSignal = 33, waitMany = 34, subscribe = 35
    // Services
    case serviceRegister = 40, serviceConnect = 41
    // Processes
    case spawn = 50, clone = 51, kill = 52, processInfo = 53, processList = 54, killPID = 55
    case processSave = 56, processRestore = 57, processLoadPage = 58
    // Devices
    case deviceOpen = 60, fbInfo = 61, fbMap = 62, fbFlush = 63, pollEvent = 64, netSend = 65, netReceive = 66, netInfo = 67
    case consoleRead = 68, consoleWrite = 69
    // Memory management and measurement
    case tabRegister = 70, tabUpdate = 71, memoryInfo = 72, mark = 73, pressureEvent = 74
    // The data disk
    case blockInfo = 80, blockRead = 81, blockWrite = 82, blockFlush = 83
}

/// Why a system call did not succeed. Values are stable.
public enum SystemError: Int32, Error, Sendable {
    case badHandle = 1, accessDenied, wouldBlock, peerClosed, notFound, invalidArgument, outOfMemory
    case badAddress, bufferTooSmall, limitReached, wrongState, alreadyExists, notSupported, timedOut, killed, ioError

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
        case .ioError: "input/output error"
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
    public static let readable = Signals(rawValue: 1)     // channel: a message waits; device: an event, packet or typed byte waits
    public static let writable = Signals(rawValue: 2)     // channel: the peer's queue has room; device: it takes more
    public static let peerClosed = Signals(rawValue: 4)
    public static let signaled = Signals(rawValue: 8)     // event set; timer expired
    public static let terminated = Signals(rawValue: 16)  // process ended
}

/// Devices that `deviceOpen` knows.
public enum DeviceKind: Int32, Sendable { case framebuffer = 1, input = 2, network = 3, console = 4, block = 5 }

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

/// How short memory is, as programs are told (`pressureEvent`, `MemoryRecord.pressureLevel`). Moderate comes before any
/// policy acts: who has caches drops what is cheap to make again. Critical: everything that can be made again.
public enum PressureLevel: UInt32, Sendable {
    case none = 0, moderate, critical
    public var name: String {
        switch self {
        case .none: "none"
        case .moderate: "moderate"
        case .critical: "critical"
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
    case tabSaved = 7          // the image of a sleeping tab is on the disk
    case tabRestored = 8       // a tab wakes from its image
}

/// Why a process ended (in `ProcessRecord.exitReason`).
public enum ExitReason: Int32, Sendable {
    case running = 0, exited, trapped, killed, outOfMemory, discarded, badAccess, stackOverflow, swapFailed
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
        case .swapFailed: "a page could not be read back from swap"
        }
    }
}

/// WebAssembly traps and the machine's own: the exit code of a process that trapped.
public enum TrapCode: Int32, Sendable {
    case none = 0, outOfBounds, unreachable, integerOverflow, divideByZero, invalidConversion
    case indirectCall, tableBounds, stackOverflow, memoryLimit, unknown
    public var name: String {
        switch self {
        case .none: "none"
        case .outOfBounds: "out-of-bounds access"
        case .unreachable: "unreachable executed"
        case .integerOverflow: "integer overflow"
        case .divideByZero: "division by zero"
        case .invalidConversion: "invalid conversion"
        case .indirectCall: "indirect call mismatch"
        case .tableBounds: "table index out of bounds"
        case .stackOverflow: "stack overflow"
        case .memoryLimit: "memory limit"
        case .unknown: "unknown trap"
        }
    }
}
