// Typed wrappers of the console and of the data disk.

import ABI

/// The machine's console: raw bytes in both directions. Watch `handle` for `readable` to hear of typed input.
public struct Console: Sendable {
    public let handle: Handle
    public init(_ handle: Handle) { self.handle = handle }
    public static func open(system: Handle) throws(SystemError) -> Console { Console(try System.openDevice(.console, system: system)) }

    /// Typed bytes that wait; nil when none do.
    public func read(capacity: Int = Limits.consoleByteCountMax) throws(SystemError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: capacity)
        let result = bytes.withUnsafeMutableBufferPointer { p in
            rawSystemCall(.consoleRead, Int64(handle.raw), addressOf(UnsafeRawPointer(p.baseAddress)), Int64(p.count))
        }
        if result == -Int64(SystemError.wouldBlock.rawValue) { return nil }
        bytes.removeLast(bytes.count - Int(try checked(result)))
        return bytes
    }
    /// Writes all bytes, in pieces; waits while the device has no room.
    public func write(_ bytes: [UInt8]) throws(SystemError) {
        var offset = 0
        while offset < bytes.count {
            let count = min(Limits.consoleByteCountMax, bytes.count - offset)
            let result = bytes.withUnsafeBufferPointer { p in
                rawSystemCall(.consoleWrite, Int64(handle.raw), addressOf(p.baseAddress.map { UnsafeRawPointer($0 + offset) }), Int64(count))
            }
            if result == -Int64(SystemError.wouldBlock.rawValue) {
                try System.wait(handle, .writable)
            } else {
                _ = try checked(result)
                offset += count
            }
        }
    }
    public func write(_ text: String) throws(SystemError) { try write(Array(text.utf8)) }
}

/// The data disk, in sectors of 512 bytes. Every transfer waits for the disk; throws `ioError` when it reports one.
public struct BlockDisk: Sendable {
    public let handle: Handle
    public let sectorCount: UInt64
    public let sectorByteCount: Int

    public init(_ handle: Handle) throws(SystemError) {
        var out: [UInt64] = [0, 0]
        let result = out.withUnsafeMutableBufferPointer { p in rawSystemCall(.blockInfo, Int64(handle.raw), addressOf(UnsafeRawPointer(p.baseAddress))) }
        _ = try checked(result)
        self.handle = handle
        sectorCount = out[0]
        sectorByteCount = Int(out[1])
    }
    public static func open(system: Handle) throws(SystemError) -> BlockDisk { try BlockDisk(try System.openDevice(.block, system: system)) }

    /// Fills `buffer`, whose size is a multiple of a sector, in transfers of at most 64 KiB.
    public func read(sector: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) {
        try transfer(.blockRead, sector, addressOf(UnsafeRawPointer(buffer.baseAddress)), buffer.count)
    }
    /// Writes `buffer`, whose size is a multiple of a sector. Durable after `flush`.
    public func write(sector: UInt64, from buffer: UnsafeRawBufferPointer) throws(SystemError) {
        try transfer(.blockWrite, sector, addressOf(buffer.baseAddress), buffer.count)
    }
    public func flush() throws(SystemError) { _ = try checked(rawSystemCall(.blockFlush, Int64(handle.raw))) }

    private func transfer(_ call: SystemCall, _ sector: UInt64, _ address: Int64, _ byteCount: Int) throws(SystemError) {
        var offset = 0
        while offset < byteCount {
            let count = min(Limits.blockByteCountMax, byteCount - offset)
            let at = Int64(bitPattern: sector &+ UInt64(offset / Limits.sectorByteCount))
            _ = try checked(rawSystemCall(call, Int64(handle.raw), at, address + Int64(offset), Int64(count)))
            offset += count
        }
    }
}

extension System {
    /// Waits until one of `signals` holds on `handle`. For programs that do one thing; others use the reactor.
    public static func wait(_ handle: Handle, _ signals: Signals, deadline: Int64 = -1) throws(SystemError) {
        var item: [UInt32] = [handle.raw, signals.rawValue, 0]
        let result = item.withUnsafeMutableBufferPointer { p in rawSystemCall(.waitMany, addressOf(UnsafeRawPointer(p.baseAddress)), 1, deadline) }
        if try checked(result) == 0 { throw .timedOut }
    }
}
