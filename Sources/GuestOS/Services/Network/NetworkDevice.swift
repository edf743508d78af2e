// The network device as the service sees it: whole Ethernet frames through the kernel.

import ABI
import NetStack
import Runtime

final class NetworkDevice {
    let handle: Handle
    let hardwareAddress: HardwareAddress
    private static let frameByteCountMax = 2048

    init(_ handle: Handle) {
        self.handle = handle
        var mac = [UInt8](repeating: 0, count: 6)
        mac.withUnsafeMutableBufferPointer { p in
            _ = rawSystemCall(.netInfo, Int64(handle.raw), Int64(Int(bitPattern: p.baseAddress!)))
        }
        var raw: UInt64 = 0
        for b in mac { raw = raw << 8 | UInt64(b) }
        hardwareAddress = HardwareAddress(raw)
    }
    /// The next frame; nil when none waits.
    func receive() -> [UInt8]? {
        let frame = [UInt8](unsafeUninitializedCapacity: NetworkDevice.frameByteCountMax) { p, count in
            let n = rawSystemCall(.netReceive, Int64(handle.raw), Int64(Int(bitPattern: p.baseAddress!)), Int64(NetworkDevice.frameByteCountMax))
            count = Int(max(0, n))
        }
        return frame.isEmpty ? nil : frame
    }
    enum Sent { case done, full }
    /// A frame the device refuses for any other reason than a full queue is lost, as on a wire.
    func send(_ frame: [UInt8]) -> Sent {
        let result = frame.withUnsafeBufferPointer { p in
            rawSystemCall(.netSend, Int64(handle.raw), Int64(Int(bitPattern: p.baseAddress!)), Int64(p.count))
        }
        return result == -Int64(SystemError.wouldBlock.rawValue) ? .full : .done
    }
}
