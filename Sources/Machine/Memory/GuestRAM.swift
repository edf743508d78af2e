// Guest RAM: one memfd, mapped linearly and prefaulted (the first 512 MiB). A frame is 64 KiB; a task's page is the same bytes mapped a
// second time (`AddressSpace` below maps them by offset in the memfd). Invariant: `byteCount` = `frameCount` × 64 KiB.

import CHost
import Glibc

/// The machine's memory. The kernel sees all of it at `base`; devices address it from `physicalBase`.
public final class GuestRAM {
    public static let physicalBase: UInt64 = 0x4000_0000
    public static let frameByteCount = 65536

    public let byteCount: Int
    public let frameCount: Int
    public let base: UnsafeMutableRawPointer
    /// The memfd behind it; frame n lies at n × 64 KiB.
    let fileDescriptor: Int32

    /// Reserves `byteCount` bytes of zeros, the first 512 MiB of them prefaulted. Throws when it is not a multiple of 64 KiB or not available.
    public init(byteCount: Int) throws(MachineError) {
        guard byteCount > 0, byteCount % GuestRAM.frameByteCount == 0, byteCount <= 64 << 30 else {
            throw MachineError("RAM of \(byteCount) bytes is not a multiple of 64 KiB between 64 KiB and 64 GiB.")
        }
        var address: UnsafeMutableRawPointer?
        let fd = terrarium_ram_create(UInt64(byteCount), &address)
        guard fd >= 0, let address else {
            throw MachineError("Cannot allocate \(byteCount >> 20) MiB of guest RAM: \(String(cString: strerror(errno))).")
        }
        self.byteCount = byteCount
        frameCount = byteCount / GuestRAM.frameByteCount
        base = address
        fileDescriptor = fd
    }

    deinit { terrarium_ram_destroy(fileDescriptor, base, UInt64(byteCount)) }

    /// Host address of `count` bytes at a physical address; nil when they are not wholly in RAM.
    public func pointer(physical: UInt64, count: Int) -> UnsafeMutableRawPointer? {
        guard count >= 0, physical >= GuestRAM.physicalBase else { return nil }
        let offset = physical - GuestRAM.physicalBase
        guard offset <= UInt64(byteCount), UInt64(count) <= UInt64(byteCount) - offset else { return nil }
        return base + Int(offset)
    }

    /// Host address of a frame's first byte. The frame must exist.
    public func frameAddress(_ frame: UInt32) -> UnsafeMutableRawPointer {
        precondition(Int(frame) < frameCount, "frame \(frame) of \(frameCount)")
        return base + Int(frame) * GuestRAM.frameByteCount
    }
}
