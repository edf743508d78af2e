// The one table of system calls. The kernel's rights check, the tracer and the reference page
// (docs/reference/system-calls.md) are made from it; nothing else says what a call needs.

/// Kinds of kernel objects that a handle may name.
public enum ObjectKind: UInt8, CaseIterable, Sendable {
    case channel, sharedMemory, timer, event, process, device, system
    public var name: String {
        switch self {
        case .channel: "channel"
        case .sharedMemory: "shared memory"
        case .timer: "timer"
        case .event: "event"
        case .process: "process"
        case .device: "device"
        case .system: "system"
        }
    }
}

/// One system call: what it is called, what it takes and gives, and what its first argument must be a handle of.
public struct SystemCallRow: Sendable {
    public let name: String
    /// `(argument, argument: type, …) -> result`.
    public let signature: String
    public let summary: String
    /// Kind of the object that the first argument must name. Nil: the call takes no handle first, or one of any kind.
    public let kind: ObjectKind?
    /// Rights that this handle must carry.
    public let rights: Rights

    init(_ name: String, _ signature: String, _ summary: String) {
        self.init(name, signature, nil, [], summary)
    }
    init(_ name: String, _ signature: String, _ kind: ObjectKind?, _ rights: Rights, _ summary: String) {
        self.name = name
        self.signature = signature
        self.summary = summary
        self.kind = kind
        self.rights = rights
    }
    /// The arguments' names, in order, without their types.
    public var argumentNames: [String] {
        var names: [String] = [], name: [UInt8] = [], isName = true
        for c in signature.utf8.dropFirst() {
            if c == UInt8(ascii: ",") || c == UInt8(ascii: ")") {
                if !name.isEmpty { names.append(String(decoding: name, as: UTF8.self)) }
                name = []
                isName = true
                if c == UInt8(ascii: ")") { break }
            } else if c == UInt8(ascii: ":") {
                isName = false
            } else if isName, c != UInt8(ascii: " ") {
                name.append(c)
            }
        }
        return names
    }
}

extension SystemCall {
    /// The call's line of the table.
    public var row: SystemCallRow {
        switch self {
        case .exit: SystemCallRow("exit", "(code) -> never", "Ends the process.")
        case .printDebug: SystemCallRow("printDebug", "(pointer, byteCount) -> 0", "One line to the machine's console, behind `[pid name]`; at most 4096 bytes.")
        case .getPID: SystemCallRow("getPID", "() -> pid", "The caller's process id.")
        case .clock: SystemCallRow("clock", "() -> nanoseconds", "Time since boot.")
        case .wallClock: SystemCallRow("wallClock", "() -> nanoseconds", "Time since 1970; its base is part of a trace.")
        case .random: SystemCallRow("random", "(pointer, byteCount) -> 0", "Random bytes that follow from the machine's seed; at most 65,536.")
        case .yield: SystemCallRow("yield", "() -> 0", "Gives the rest of the timeslice away.")
        case .pageRelease: SystemCallRow("pageRelease", "(pointer, byteCount) -> pageCount", "Gives the pages that lie wholly in the range back; they read as zero. Shared memory mapped writable is given back for everybody.")

        case .handleClose: SystemCallRow("handleClose", "(handle) -> 0", "Closes a handle.")
        case .handleDuplicate: SystemCallRow("handleDuplicate", "(handle, rights) -> handle", "A second handle with the rights that both have; needs `duplicate`. At most 64 generations deep.")
        case .handleRevoke: SystemCallRow("handleRevoke", "(handle) -> closedCount", "Closes every handle derived from this one, wherever it is; needs `duplicate`. The handle itself stays. Mappings made through a closed handle are unmapped.")

        case .channelCreate: SystemCallRow("channelCreate", "(out: u32[2]) -> 0", "A channel: the handles of its two ends.")
        case .channelSend: SystemCallRow("channelSend", "(channel, pointer, byteCount, handles: u32[], handleCount) -> 0", .channel, .send, "Sends a message of at most 4096 bytes and 8 handles, which move; each needs `transfer`. wouldBlock when the queue is full, limitReached when the caller has too much unread.")
        case .channelReceive: SystemCallRow("channelReceive", "(channel, pointer, capacity, handlesOut: u32[8], handleCountOut: u32) -> byteCount", .channel, .receive, "The next message; wouldBlock when none waits, peerClosed when none will come. A handle that was revoked on its way arrives as 0.")

        case .shmCreate: SystemCallRow("shmCreate", "(byteCount) -> handle", "Shared memory, zeroed; its pages are allocated when they are touched.")
        case .shmMap: SystemCallRow("shmMap", "(memory, isWritable) -> address", .sharedMemory, .map, "Maps shared memory between 1 and 2 GiB. Writable mappings need `write` too.")
        case .shmUnmap: SystemCallRow("shmUnmap", "(address) -> 0", "Takes a mapping away; the address is the one that `shmMap` gave.")
        case .shmSize: SystemCallRow("shmSize", "(memory) -> byteCount", .sharedMemory, .read, "The exact size.")
        case .archiveOpen: SystemCallRow("archiveOpen", "(name, byteCount) -> handle", "A file of the boot archive as read-only shared memory.")

        case .timerCreate: SystemCallRow("timerCreate", "() -> handle", "A timer, disarmed.")
        case .timerSet: SystemCallRow("timerSet", "(timer, deadline) -> 0", .timer, .write, "Signals at `deadline` nanoseconds since boot; -1 disarms.")
        case .eventCreate: SystemCallRow("eventCreate", "() -> handle", "An event, not signaled.")
        case .eventSignal: SystemCallRow("eventSignal", "(event, isSignaled) -> 0", .event, .write, "Sets or clears the event.")
        case .waitMany: SystemCallRow("waitMany", "(items: WaitItem[], count, deadline) -> readyCount", "Waits for signals on at most 64 handles until `deadline` (-1: for ever); 0 on timeout. Each handle needs `read`, `send` or `receive`.")
        case .subscribe: SystemCallRow("subscribe", "(handle, key, signals) -> 0", "Whenever a signal holds, the kernel calls `handle(key, signals)`; signals 0 ends it. The handle needs `read`, `send` or `receive`.")

        case .serviceRegister: SystemCallRow("serviceRegister", "(system, name, byteCount) -> channel", .system, SystemRights.registerServices, "Registers a name. Each message on the channel carries one new client's endpoint.")
        case .serviceConnect: SystemCallRow("serviceConnect", "(name, byteCount) -> channel", "A new channel to the service of this name; notFound without one.")

        case .spawn: SystemCallRow("spawn", "(system, name, byteCount, bootstrap) -> process", .system, SystemRights.spawn, "Starts a program. The bootstrap handle (0: none) moves to it and needs `transfer`.")
        case .clone: SystemCallRow("clone", "(process, bootstrap) -> process", .process, ProcessRights.control, "A copy-on-write copy of a process that waits for events: its memory, none of its handles.")
        case .processSave: SystemCallRow("processSave", "(process, page, out, capacity) -> byteCount", .process, ProcessRights.control, "A frozen process as bytes: page -1 is the `ProcessImageHeader`, others are pages of its list (`PageImageKind`). wouldBlock: the page is being read from swap, ask again.")
        case .processRestore: SystemCallRow("processRestore", "(source, bootstrap, header, byteCount) -> process", .process, ProcessRights.control, "A frozen process from the header of an image of the source's program, without handles; its pages follow, and `cloned` runs when it is woken.")
        case .processLoadPage: SystemCallRow("processLoadPage", "(process, page, pointer, byteCount) -> 0", .process, ProcessRights.control, "A page of a restored process that has not run yet.")
        case .kill: SystemCallRow("kill", "(process) -> 0", .process, ProcessRights.control, "Ends a process.")
        case .processInfo: SystemCallRow("processInfo", "(process, out: ProcessRecord) -> 0", .process, ProcessRights.inspect, "What the kernel counts of one process.")
        case .processList: SystemCallRow("processList", "(system, out: ProcessRecord[], capacity) -> count", .system, SystemRights.listProcesses, "All living processes, by ascending pid.")
        case .killPID: SystemCallRow("killPID", "(system, pid) -> 0", .system, SystemRights.killAnyProcess, "Ends the process of this number.")

        case .deviceOpen: SystemCallRow("deviceOpen", "(system, kind) -> device", .system, SystemRights.openDevices, "A handle of a device; notFound when the machine has none.")
        case .fbInfo: SystemCallRow("fbInfo", "(device, out: u32[4]) -> 0", .device, DeviceRights.receive, "Width, height, bytes in a row, format (1: 0xAARRGGBB) of the framebuffer.")
        case .fbMap: SystemCallRow("fbMap", "(device) -> address", .device, DeviceRights.mapPixels, "Maps the pixels, writable.")
        case .fbFlush: SystemCallRow("fbFlush", "(device, x, y, width, height) -> 0", .device, DeviceRights.send, "Shows a rectangle of the framebuffer.")
        case .pollEvent: SystemCallRow("pollEvent", "(device, out: InputEventRecord[], capacity) -> count", .device, DeviceRights.receive, "Input events that wait.")
        case .netSend: SystemCallRow("netSend", "(device, pointer, byteCount) -> 0", .device, DeviceRights.send, "Sends an Ethernet frame; wouldBlock when the device is busy.")
        case .netReceive: SystemCallRow("netReceive", "(device, pointer, capacity) -> byteCount", .device, DeviceRights.receive, "The next Ethernet frame; wouldBlock when none waits.")
        case .netInfo: SystemCallRow("netInfo", "(device, out: u8[6]) -> 0", .device, DeviceRights.receive, "The hardware address.")
        case .consoleRead: SystemCallRow("consoleRead", "(device, pointer, capacity) -> byteCount", .device, DeviceRights.receive, "Typed bytes that wait, as they came; wouldBlock when none do.")
        case .consoleWrite: SystemCallRow("consoleWrite", "(device, pointer, byteCount) -> 0", .device, DeviceRights.send, "Raw bytes to the console, at most 4096; wouldBlock while the device has no room for all of them.")

        case .tabRegister: SystemCallRow("tabRegister", "(process, tabID) -> 0", .process, ProcessRights.control, "The process is a tab, which memory policies see.")
        case .tabUpdate: SystemCallRow("tabUpdate", "(process, state: LifecycleState, flags: TabFlags, loadNanoseconds) -> 0", .process, ProcessRights.control, "What the user sees of a tab; frozen, hibernated and discarded are requests. The last argument is how long its page took to load; 0: not known, or as before.")
        case .memoryInfo: SystemCallRow("memoryInfo", "(out: MemoryRecord) -> 0", "Who has the machine's frames.")
        case .pressureEvent: SystemCallRow("pressureEvent", "() -> event", "An event that the kernel signals whenever the level of memory pressure rises (`MemoryRecord.pressureLevel`); clear it with `eventSignal`.")
        case .mark: SystemCallRow("mark", "(kind: MarkKind, a, b) -> 0", "A point that measurements see, with its time.")

        case .blockInfo: SystemCallRow("blockInfo", "(device, out: u64[2]) -> 0", .device, DeviceRights.receive, "Sectors of the data disk, bytes in a sector (512).")
        case .blockRead: SystemCallRow("blockRead", "(device, sector, pointer, byteCount) -> byteCount", .device, DeviceRights.receive, "Reads whole sectors, at most 64 KiB; waits for the disk. ioError when the disk reports one.")
        case .blockWrite: SystemCallRow("blockWrite", "(device, sector, pointer, byteCount) -> byteCount", .device, DeviceRights.send, "Writes whole sectors, at most 64 KiB; waits for the disk. Durable after `blockFlush`.")
        case .blockFlush: SystemCallRow("blockFlush", "(device) -> 0", .device, DeviceRights.send, "Waits until everything written before is durable.")
        }
    }
    public var name: String { row.name }
}
