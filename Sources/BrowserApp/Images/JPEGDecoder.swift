// JPEG (ITU-T T.81): baseline, extended and progressive Huffman pictures of 8 bits with one, three or four components,
// turned as their Exif data says. This file reads markers and owns samples and coefficients; JPEGScan.swift fills them,
// JPEGOutput.swift makes pixels of them.

enum JPEGDecoder {
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        var reader = JPEGReader(bytes: bytes)
        try reader.readMarkers(limits)
        return reader.picture()
    }
}

struct JPEGComponent {
    var id: UInt8 = 0
    var h = 1, v = 1, quantization = 0
    /// Blocks in store (whole MCUs) and blocks that a scan of this component alone has.
    var columns = 0, rows = 0, ownColumns = 0, ownRows = 0
    /// Samples of the whole component, `columns * 8` a row; made while a sequential scan is read.
    var samples: JPEGStore<UInt8>?
    /// Progressive only.
    var coefficients: JPEGStore<Int16>?
    /// The table at the time of the first scan.
    var table: JPEGStore<UInt16>?
    /// Block rows that the first scan of this component has given.
    var rowsDone = 0
    var dcTable = 0, acTable = 0
    var stride: Int { columns * 8 }
}

struct JPEGReader {
    let bytes: [UInt8]
    var at = 2
    var width = 0, height = 0
    var isProgressive = false
    var components: [JPEGComponent] = []
    var hMax = 1, vMax = 1
    var quantization = [[UInt16]](repeating: [], count: 4)
    var dcTables = [JPEGHuffman?](repeating: nil, count: 4), acTables = [JPEGHuffman?](repeating: nil, count: 4)
    var restartInterval = 0
    var hasJFIF = false
    var adobeTransform = -1
    /// Exif orientation, 1 to 8.
    var orientation = 1
    /// Scans past this are not read: bounds the work of a small file.
    static let scanCountMax = 128

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads all segments (B.2). A picture whose data ends early keeps what was read.
    mutating func readMarkers(_ limits: ImageLimits) throws(ImageError) {
        var scanCount = 0
        while at + 3 < bytes.count {
            guard bytes[at] == 0xFF else { at += 1; continue }
            let marker = bytes[at + 1]
            if marker == 0xFF { at += 1; continue }
            if marker == 0xD9 { break }
            if marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8) { at += 2; continue }
            let start = at + 4, stop = max(start, at + 2 + bytes.big16(at + 2)) // a length too small means nothing to skip
            if stop > bytes.count { break }
            at = stop
            switch marker {
            case 0xC0, 0xC1, 0xC2: try frame(start, stop, isProgressive: marker == 0xC2, limits)
            case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: throw .unsupported
            case 0xC4: try huffmanTables(start, stop)
            case 0xDB: try quantizationTables(start, stop)
            case 0xDD: if stop - start >= 2 { restartInterval = bytes.big16(start) }
            case 0xE0: if bytes.spells("JFIF", at: start) { hasJFIF = true }
            case 0xE1: if bytes.spells("Exif", at: start) { orientation = Exif.orientation(bytes, start + 6, stop) ?? orientation }
            case 0xEE: if stop - start >= 12, bytes.spells("Adobe", at: start) { adobeTransform = Int(bytes[start + 11]) }
            case 0xDA:
                if components.isEmpty { throw .malformed(.chunkOrder) }
                scanCount += 1
                if scanCount > JPEGReader.scanCountMax { return }
                try scan(start, stop)
            default: break
            }
        }
        if components.isEmpty || scanCount == 0 { throw .truncated }
    }

    private mutating func frame(_ start: Int, _ stop: Int, isProgressive: Bool, _ limits: ImageLimits) throws(ImageError) {
        guard components.isEmpty, stop - start >= 6 else { throw .malformed(.frame) }
        guard bytes[start] == 8 else { throw .unsupported }
        height = bytes.big16(start + 1)
        width = bytes.big16(start + 3)
        let count = Int(bytes[start + 5])
        guard width > 0, height > 0 else { throw height == 0 ? .unsupported : .malformed(.frame) }
        guard limits.allows(width, height) else { throw .tooLarge }
        guard count == 1 || count == 3 || count == 4 else { throw .unsupported }
        guard stop - start >= 6 + 3 * count else { throw .malformed(.frame) }
        self.isProgressive = isProgressive
        var list: [JPEGComponent] = []
        for i in 0..<count {
            let p = start + 6 + 3 * i
            let component = JPEGComponent(id: bytes[p], h: Int(bytes[p + 1] >> 4), v: Int(bytes[p + 1] & 15), quantization: Int(bytes[p + 2]))
            guard (1...4).contains(component.h), (1...4).contains(component.v), component.quantization < 4 else { throw .malformed(.frame) }
            hMax = max(hMax, component.h)
            vMax = max(vMax, component.v)
            list.append(component)
        }
        allocate(&list)
        components = list
    }

    private func allocate(_ list: inout [JPEGComponent]) {
        let across = (width + 8 * hMax - 1) / (8 * hMax), down = (height + 8 * vMax - 1) / (8 * vMax)
        for i in 0..<list.count {
            let (h, v) = (list[i].h, list[i].v)
            list[i].columns = across * h
            list[i].rows = down * v
            list[i].ownColumns = ((width * h + hMax - 1) / hMax + 7) / 8
            list[i].ownRows = ((height * v + vMax - 1) / vMax + 7) / 8
            let count = list[i].columns * list[i].rows * 64
            if isProgressive { list[i].coefficients = JPEGStore(repeating: 0, count: count) } else { list[i].samples = JPEGStore(repeating: 128, count: count) }
        }
    }

    private mutating func huffmanTables(_ start: Int, _ stop: Int) throws(ImageError) {
        var p = start
        while p + 17 <= stop {
            let kind = bytes[p] >> 4, slot = Int(bytes[p] & 15)
            var total = 0
            for i in 1...16 { total += Int(bytes[p + i]) }
            guard kind <= 1, slot < 4, total <= 256, p + 17 + total <= stop,
                  let table = JPEGHuffman(counts: bytes.copied(p + 1, p + 17), symbols: bytes.copied(p + 17, p + 17 + total)) else { throw .malformed(.huffmanTable) }
            if kind == 0 { dcTables[slot] = table } else { acTables[slot] = table }
            p += 17 + total
        }
    }

    private mutating func quantizationTables(_ start: Int, _ stop: Int) throws(ImageError) {
        var p = start
        while p < stop {
            let isWide = bytes[p] >> 4 == 1, slot = Int(bytes[p] & 15)
            guard bytes[p] >> 4 <= 1, slot < 4, p + 1 + (isWide ? 128 : 64) <= stop else { throw .malformed(.quantizationTable) }
            p += 1
            var table = [UInt16](repeating: 1, count: 64)
            for k in 0..<64 {
                table[Int(jpegZigzag[k])] = isWide ? UInt16(bytes.big16(p)) : UInt16(bytes[p])
                p += isWide ? 2 : 1
            }
            quantization[slot] = table
        }
    }
}
