// The screen: the framebuffer device mapped into this program.

import ABI
import Graphics
import Runtime

struct Framebuffer {
    let device: Handle
    let surface: Surface

    init?(device: Handle) {
        var info: [UInt32] = [0, 0, 0, 0]
        let result = info.withUnsafeMutableBufferPointer { p in
            rawSystemCall(.fbInfo, Int64(device.raw), Int64(Int(bitPattern: p.baseAddress!)))
        }
        let address = rawSystemCall(.fbMap, Int64(device.raw))
        guard result >= 0, address > 0, info[0] > 0, info[1] > 0, info[0] <= 8192, info[1] <= 8192, info[2] / 4 >= info[0],
              let base = UnsafeMutablePointer<UInt32>(bitPattern: Int(address)) else { return nil }
        self.device = device
        surface = Surface(base: base, width: Int(info[0]), height: Int(info[1]), strideWords: Int(info[2] / 4))
    }
    func flush(_ r: Rect) { _ = rawSystemCall(.fbFlush, Int64(device.raw), Int64(r.x), Int64(r.y), Int64(r.width), Int64(r.height)) }
}
