// Owns one host-side 2D resource of the GPU and its backing in guest RAM (VirtIO 1.2 §5.7.6.8).
// Invariant: transfers read only bytes of the attached backing and write only pixels of the resource.
import Machine

/// A 2D image on the host, filled from scattered guest memory.
struct GPUResource {
    struct Backing { var start: Int; var pointer: UnsafeMutableRawPointer; var count: Int }   // start: offset in the whole
    let width: Int
    let height: Int
    let swapsRedAndBlue: Bool
    var pixels: [UInt32]
    var backing: [Backing] = []
    var backingByteCount = 0

    init(width: Int, height: Int, swapsRedAndBlue: Bool) {
        self.width = width
        self.height = height
        self.swapsRedAndBlue = swapsRedAndBlue
        pixels = [UInt32](repeating: 0, count: width * height)
    }

    var bounds: FrameRect { FrameRect(x: 0, y: 0, width: width, height: height) }

    mutating func attach(_ pointer: UnsafeMutableRawPointer, count: Int) {
        backing.append(Backing(start: backingByteCount, pointer: pointer, count: count))
        backingByteCount += count
    }

    mutating func detach() { backing = []; backingByteCount = 0 }

    /// Copies `rect` from the backing, whose byte `offset` is the rectangle's first pixel. False when it does not fit.
    mutating func transfer(_ rect: FrameRect, offset: UInt64) -> Bool {
        let stride = width * 4
        guard offset < UInt64(backingByteCount) else { return false }
        let last = Int(offset) + (rect.height - 1) * stride + rect.width * 4
        guard last <= backingByteCount else { return false }
        var segment = 0
        let backing = self.backing
        pixels.withUnsafeMutableBytes { target in
            for row in 0..<rect.height {
                let from = Int(offset) + row * stride
                let to = ((rect.y + row) * width + rect.x) * 4
                Self.copy(backing, &segment, from: from, to: target.baseAddress! + to, count: rect.width * 4)
            }
        }
        if swapsRedAndBlue { swapChannels(rect) }
        return true
    }

    /// Copies out of the backing; `segment` is a hint that only moves forward.
    private static func copy(
        _ backing: [Backing], _ segment: inout Int, from: Int, to target: UnsafeMutableRawPointer, count: Int
    ) {
        var done = 0
        while done < count {
            while from + done >= backing[segment].start + backing[segment].count { segment += 1 }
            let position = from + done - backing[segment].start
            let length = min(count - done, backing[segment].count - position)
            (target + done).copyMemory(from: backing[segment].pointer + position, byteCount: length)
            done += length
        }
    }

    private mutating func swapChannels(_ rect: FrameRect) {
        for row in rect.y..<(rect.y + rect.height) {
            for index in (row * width + rect.x)..<(row * width + rect.x + rect.width) {
                let pixel = pixels[index]
                pixels[index] = pixel & 0xff00_ff00 | (pixel & 0xff) << 16 | (pixel >> 16) & 0xff
            }
        }
    }
}
