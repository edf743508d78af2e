// From JPEG components to pixels: transform of what progressive scans collected, upsampling, colour conversion (JFIF),
// Exif orientation.

extension JPEGReader {
    /// The rows that the first scans gave; the others stay transparent.
    mutating func picture() -> StraightPicture {
        var ready = 0
        for i in 0..<components.count {
            ready = max(ready, components[i].rowsDone * 8 * vMax / components[i].v)
            if isProgressive { transform(&components[i]) }
        }
        ready = min(ready, height)
        var picture = StraightPicture(width: width, height: height)
        convert(ready, &picture)
        return Exif.turned(picture, orientation)
    }

    /// Makes samples of the coefficients and drops them.
    private func transform(_ c: inout JPEGComponent) {
        guard let source = c.coefficients else { return }
        let table = c.table ?? JPEGStore(repeating: 1, count: 64), samples = JPEGStore<UInt8>(repeating: 128, count: source.count)
        for row in 0..<c.rows {
            for column in 0..<c.columns {
                JPEGTransform.inverse(source.base + (row * c.columns + column) * 64, table.base, 63,
                                      samples.base + (row * 8 * c.stride + column * 8), c.stride)
            }
        }
        c.samples = samples
        c.coefficients = nil
    }

    private enum ColorSpace { case gray, yCbCr, rgb, cmyk, ycck }

    /// As every decoder guesses: JFIF means YCbCr, else Adobe's marker says, else the component ids.
    private var colorSpace: ColorSpace {
        switch components.count {
        case 1: return .gray
        case 3:
            if hasJFIF { return .yCbCr }
            if adobeTransform >= 0 { return adobeTransform == 0 ? .rgb : .yCbCr }
            return components[0].id == 0x52 && components[1].id == 0x47 && components[2].id == 0x42 ? .rgb : .yCbCr
        default: return adobeTransform > 0 ? .ycck : .cmyk
        }
    }

    private func convert(_ rows: Int, _ picture: inout StraightPicture) {
        let space = colorSpace
        var buffers = components.map { _ in [UInt8](repeating: 0, count: width + 8) }
        var sums = [UInt16](repeating: 0, count: width + 8)
        for y in 0..<rows {
            for i in 0..<components.count {
                let component = components[i]
                buffers[i].withUnsafeMutableBufferPointer { out in
                    sums.withUnsafeMutableBufferPointer { sums in JPEGUpsampling.row(y, component, self, out.baseAddress!, sums.baseAddress!) }
                }
            }
            picture.pixels.withUnsafeMutableBufferPointer { out in
                let line = out.baseAddress! + y * width
                buffers[0].withUnsafeBufferPointer { a in
                    if space == .gray { return JPEGColors.gray(a.baseAddress!, line, width) }
                    buffers[1].withUnsafeBufferPointer { b in
                        buffers[2].withUnsafeBufferPointer { c in
                            let (a, b, c) = (a.baseAddress!, b.baseAddress!, c.baseAddress!)
                            if space == .yCbCr || space == .ycck { JPEGColors.yCbCr(a, b, c, line, width) } else { JPEGColors.rgb(a, b, c, line, width) }
                        }
                    }
                }
                if components.count == 4 { buffers[3].withUnsafeBufferPointer { JPEGColors.multiply(line, $0.baseAddress!, width, inverted: space == .ycck) } }
            }
        }
    }
}

enum JPEGColors {
    static func gray(_ a: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        for x in 0..<count { out[x] = 0xFF00_0000 | UInt32(a[x]) &* 0x01_0101 }
    }

    static func rgb(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ c: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        for x in 0..<count { out[x] = 0xFF00_0000 | UInt32(a[x]) << 16 | UInt32(b[x]) << 8 | UInt32(c[x]) }
    }

    /// JFIF: full-range BT.601 in 16-bit fixed point.
    static func yCbCr(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ c: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        for x in 0..<count {
            let y = Int32(a[x]), u = Int32(b[x]) &- 128, v = Int32(c[x]) &- 128
            let red = y &+ (91881 &* v &+ 32768) >> 16
            let green = y &+ (32768 &- 22554 &* u &- 46802 &* v) >> 16
            let blue = y &+ (116130 &* u &+ 32768) >> 16
            out[x] = 0xFF00_0000 | clamp(red) &<< 16 | clamp(green) &<< 8 | clamp(blue)
        }
    }

    /// Inks are stored inverted, so that each times black gives light. YCCK codes the complement of the first three.
    static func multiply(_ out: UnsafeMutablePointer<UInt32>, _ black: UnsafePointer<UInt8>, _ count: Int, inverted: Bool) {
        for x in 0..<count {
            let p = inverted ? ~out[x] : out[x], k = UInt32(black[x])
            out[x] = 0xFF00_0000 | ((p >> 16 & 255) * k / 255) << 16 | ((p >> 8 & 255) * k / 255) << 8 | (p & 255) * k / 255
        }
    }

    @inline(__always)
    private static func clamp(_ v: Int32) -> UInt32 { UInt32(truncatingIfNeeded: max(0, min(255, v))) }
}
