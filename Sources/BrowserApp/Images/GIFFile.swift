// GIF (GIF89a specification): the index of a file's frames. Nothing is decompressed here, so that a long animation costs
// its bytes and a few words a frame; GIFFrameDecoder.swift makes pixels of one frame.

enum GIFDecoder {
    /// The first frame on the logical screen.
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        let file = try GIFFile(bytes, limits: limits, frameCountMax: 1)
        var picture = StraightPicture(width: file.width, height: file.height)
        guard let frame = file.frames.first else { throw .truncated }
        try file.draw(frame, into: &picture, limits)
        return picture
    }
}

struct GIFFrame {
    var left = 0, top = 0, width = 0, height = 0
    var isInterlaced = false
    /// Where the colours and the compressed data begin in the file.
    var paletteAt = 0, paletteCount = 0, dataAt = 0
    /// Palette index that is not drawn; -1: none.
    var transparentIndex = -1
    var disposal = FrameDisposal.keep
    var delayMilliseconds = 0
}

struct GIFFile {
    let bytes: [UInt8]
    private(set) var width = 0, height = 0
    private(set) var frames: [GIFFrame] = []
    /// How often the animation plays; 0: for ever.
    private(set) var playCount = 1
    private var paletteAt = 0, paletteCount = 0
    private var at = 13
    /// Frames past this are not shown: bounds the index of a hostile file.
    static let frameCountMax = 8192

    /// Reads up to the trailer, the end of the bytes, or the first thing that cannot be; throws when there is no frame.
    init(_ bytes: [UInt8], limits: ImageLimits, frameCountMax: Int = GIFFile.frameCountMax) throws(ImageError) {
        self.bytes = bytes
        guard bytes.count >= 13 else { throw .truncated }
        width = bytes.little16(6)
        height = bytes.little16(8)
        let flags = Int(bytes[10])
        if flags & 0x80 != 0 {
            paletteAt = at
            paletteCount = 2 << (flags & 7)
            at += paletteCount * 3
        }
        try readBlocks(limits, frameCountMax)
        if width == 0 || height == 0 { throw .malformed(.header) }
    }

    /// §15–26.
    private mutating func readBlocks(_ limits: ImageLimits, _ frameCountMax: Int) throws(ImageError) {
        var control = GIFFrame()
        while at < bytes.count, frames.count < frameCountMax {
            let introducer = bytes[at]
            at += 1
            switch introducer {
            case 0x21: readExtension(&control)
            case 0x2C:
                guard at + 9 <= bytes.count else { return try finish() }
                if frames.isEmpty && (width == 0 || height == 0) { (width, height) = (bytes.little16(at + 4), bytes.little16(at + 6)) }
                guard width > 0, height > 0 else { throw .malformed(.header) }
                guard limits.allows(width, height) else { throw .tooLarge }
                readFrame(control)
                control = GIFFrame()
            case 0x00: continue
            case 0x3B: return try finish()
            default:
                if frames.isEmpty { throw .malformed(.frame) }
                return
            }
        }
        try finish()
    }

    private func finish() throws(ImageError) { if frames.isEmpty { throw .truncated } }

    private mutating func readExtension(_ control: inout GIFFrame) {
        guard at < bytes.count else { return }
        let label = bytes[at]
        at += 1
        let isLooping = label == 0xFF && at < bytes.count && bytes[at] == 11
            && (bytes.spells("NETSCAPE2.0", at: at + 1) || bytes.spells("ANIMEXTS1.0", at: at + 1))
        var isFirst = true
        while at < bytes.count, bytes[at] != 0 {
            let count = Int(bytes[at]), start = at + 1
            if label == 0xF9 && isFirst && count >= 4 && start + 4 <= bytes.count { readControl(&control, start) }
            if isLooping && !isFirst && count >= 3 && start + 3 <= bytes.count && bytes[start] == 1 {
                let loops = bytes.little16(start + 1)
                playCount = loops == 0 ? 0 : loops + 1
            }
            isFirst = false
            at = start + count
        }
        at += 1
    }

    /// §23. A delay of a hundredth or less means a tenth of a second, as in every browser.
    private func readControl(_ control: inout GIFFrame, _ start: Int) {
        let flags = bytes[start]
        switch flags >> 2 & 7 {
        case 2: control.disposal = .background
        case 3, 4: control.disposal = .previous
        default: control.disposal = .keep
        }
        control.transparentIndex = flags & 1 == 1 ? Int(bytes[start + 3]) : -1
        control.delayMilliseconds = FrameTiming.effective(bytes.little16(start + 1) * 10)
    }

    private mutating func readFrame(_ control: GIFFrame) {
        var frame = control
        if frame.delayMilliseconds == 0 { frame.delayMilliseconds = FrameTiming.effective(0) }
        (frame.left, frame.top) = (bytes.little16(at), bytes.little16(at + 2))
        (frame.width, frame.height) = (bytes.little16(at + 4), bytes.little16(at + 6))
        let flags = Int(bytes[at + 8])
        frame.isInterlaced = flags & 0x40 != 0
        (frame.paletteAt, frame.paletteCount) = (paletteAt, paletteCount)
        at += 9
        if flags & 0x80 != 0 {
            frame.paletteAt = at
            frame.paletteCount = 2 << (flags & 7)
            at += frame.paletteCount * 3
        }
        frame.dataAt = at
        guard at < bytes.count else { return }
        at += 1
        while at < bytes.count, bytes[at] != 0 { at += 1 + Int(bytes[at]) }
        at += 1
        frames.append(frame)
    }

    /// The colours of a frame; entries past the end of the file are opaque black.
    func palette(of frame: GIFFrame) -> [UInt32] {
        var colors = [UInt32](repeating: 0xFF00_0000, count: 256)
        for i in 0..<min(256, frame.paletteCount) {
            let p = frame.paletteAt + i * 3
            if p + 3 > bytes.count { break }
            colors[i] = 0xFF00_0000 | UInt32(bytes[p]) << 16 | UInt32(bytes[p + 1]) << 8 | UInt32(bytes[p + 2])
        }
        return colors
    }
}
