// How the boot programs receive their first capabilities, and what the rights of a `system` handle mean.
//
// Kernel -> init: `start(bootstrap)` receives the `system` handle itself, with every right.
// init -> everybody else: `start(bootstrap)` receives one end of a channel. The first message on it is a
// `BootstrapMessage`: bytes [kind: u8][text: u16 byte count + UTF-8], and the handles in the order listed at each kind.
// The message is in the queue before `start` runs, so a program may receive it there at once. Init keeps the other end
// open for the program's life: `peerClosed` on it means that init is gone.
//
// The boot archive may hold a file `boot.conf`, lines `name=value`; init reads:
//   url=…      start page, handed to the browser (absent: empty text)
//   start=…    comma-separated boot programs instead of `files,net,wm,browser`, each with its arguments after a blank
// and everybody may read:
//   programs=… comma-separated names of the image's programs

/// Rights of a `system` handle, by the name of what they permit.
public enum SystemRights {
    public static let listProcesses = Rights.read       // processList
    public static let registerServices = Rights.write   // serviceRegister
    public static let openDevices = Rights.map          // deviceOpen
    public static let spawn = Rights.send               // spawn
    public static let killAnyProcess = Rights.manage    // killPID
    // `duplicate` and `transfer` mean what they mean on every handle.
}

/// Rights of a process handle, by the name of what they permit.
public enum ProcessRights {
    public static let inspect = Rights.read             // processInfo, waiting for `terminated`
    public static let control = Rights.manage           // kill, clone, tabRegister, tabUpdate
}

/// Rights of a device handle, by the name of what they permit.
public enum DeviceRights {
    public static let receive = Rights.read             // pollEvent, netReceive, consoleRead, blockRead, fbInfo, netInfo, blockInfo
    public static let send = Rights.write               // netSend, fbFlush, consoleWrite, blockWrite, blockFlush
    public static let mapPixels = Rights.map            // fbMap
}

/// What a bootstrap message is for. The handles of each kind, in order:
public enum BootstrapKind: UInt8, Sendable {
    case network = 1        // [network device, system: registerServices]
    case windowManager = 2  // [framebuffer device, input device, system: registerServices, launcher channel]
    case terminal = 3       // [system: listProcesses, killAnyProcess]
    case browser = 4        // [system: spawn, listProcesses]; text: the start URL
    case program = 5        // []: any other program that init launches; text: its arguments
    case files = 6          // [system: registerServices, the data disk's device when the machine has one]
    case shell = 7          // [console device, system: spawn, listProcesses, killAnyProcess, registerServices]; text: the first command
}

/// The first message on a boot program's bootstrap channel.
public struct BootstrapMessage: Sendable {
    public var kind: BootstrapKind
    public var text: String
    public init(kind: BootstrapKind, text: String = "") { self.kind = kind; self.text = text }

    public func bytes() -> [UInt8] {
        var w = ByteWriter()
        w.u8(kind.rawValue); w.string(text)
        return w.bytes
    }
    public static func parse(_ bytes: [UInt8]) -> BootstrapMessage? {
        var r = ByteReader(bytes)
        guard let raw = r.u8(), let kind = BootstrapKind(rawValue: raw), let text = r.string() else { return nil }
        return BootstrapMessage(kind: kind, text: text)
    }
}

/// Requests of the window manager to init over the launcher channel: [code: u8][text: string].
public enum LauncherRequest: UInt8, Sendable {
    case launch = 1         // text: program name, e.g. "terminal" or "browser"

    public func bytes(_ text: String) -> [UInt8] {
        var w = ByteWriter()
        w.u8(rawValue); w.string(text)
        return w.bytes
    }
    public static func parse(_ bytes: [UInt8]) -> (LauncherRequest, String)? {
        var r = ByteReader(bytes)
        guard let raw = r.u8(), let request = LauncherRequest(rawValue: raw), let text = r.string() else { return nil }
        return (request, text)
    }
}
