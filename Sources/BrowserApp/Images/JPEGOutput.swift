// From JPEG coefficients to pixels: dequantisation, inverse DCT in 13-bit fixed point, colour conversion
// (ITU-T T.81 A.3.3; JFIF). Wrapping arithmetic: hostile coefficients give noise, not traps.

extension JPEGReader {
    func picture() -> StraightPicture {
        var planes: [[UInt8]] = []
        for component in components { planes.append(JPEGUpsampling.full(plane(component), component, self)) }
        var picture = StraightPicture(width: width, height: height)
        for i in 0..<(width * height) { picture.pixels[i] = pixel(planes, i) }
        return picture
    }

    private func plane(_ c: JPEGComponent) -> [UInt8] {
        let table = quantization[c.quantization].isEmpty ? [UInt16](repeating: 1, count: 64) : quantization[c.quantization]
        let stride = c.columns * 8
        var samples = [UInt8](repeating: 0, count: stride * c.rows * 8)
        var block = [Int32](repeating: 0, count: 64)
        for row in 0..<c.rows {
            for column in 0..<c.columns {
                let base = (row * c.columns + column) * 64
                for k in 0..<64 { block[k] = Int32(c.coefficients[base + k]) &* Int32(table[k]) }
                JPEGTransform.inverse(&block)
                for k in 0..<64 { samples[(row * 8 + k >> 3) * stride + column * 8 + k & 7] = clamp(block[k] &+ 128) }
            }
        }
        return samples
    }

    private func pixel(_ planes: [[UInt8]], _ i: Int) -> UInt32 {
        let a = Int32(planes[0][i])
        if components.count == 1 { return 0xFF00_0000 | UInt32(a) &* 0x01_0101 }
        let b = Int32(planes[1][i]), c = Int32(planes[2][i])
        let isRGB = adobeTransform == 0 || adobeTransform < 0 && components.count == 4
            || adobeTransform < 0 && components[0].id == 0x52 && components[1].id == 0x47 && components[2].id == 0x42
        let (red, green, blue) = isRGB ? (a, b, c) : JPEGReader.fromYCbCr(a, b, c)
        if components.count == 3 { return pack(red, green, blue) }
        let k = Int32(planes[3][i]) // Adobe stores inks inverted
        return pack(red * k / 255, green * k / 255, blue * k / 255)
    }

    private static func fromYCbCr(_ y: Int32, _ cb: Int32, _ cr: Int32) -> (Int32, Int32, Int32) {
        let u = cb - 128, v = cr - 128
        let red = y + (91881 * v + 32768) >> 16
        let green = y + (32768 - 22554 * u - 46802 * v) >> 16
        let blue = y + (116130 * u + 32768) >> 16
        return (Int32(clampToByte(red)), Int32(clampToByte(green)), Int32(clampToByte(blue)))
    }

    private func pack(_ r: Int32, _ g: Int32, _ b: Int32) -> UInt32 { 0xFF00_0000 | UInt32(r) << 16 | UInt32(g) << 8 | UInt32(b) }
    private func clamp(_ v: Int32) -> UInt8 { JPEGReader.clampToByte(v) }
    private static func clampToByte(_ v: Int32) -> UInt8 { v < 0 ? 0 : v > 255 ? 255 : UInt8(v) }
}

/// The 8×8 inverse DCT after Loeffler, Ligtenberg and Moschytz (1989): rows, then columns.
enum JPEGTransform {
    static func inverse(_ block: inout [Int32]) {
        block.withUnsafeMutableBufferPointer { b in
            for row in 0..<8 { transform(b.baseAddress! + row * 8, 1, 11) }
            for column in 0..<8 { transform(b.baseAddress! + column, 8, 18) }
        }
    }

    private static func transform(_ p: UnsafeMutablePointer<Int32>, _ s: Int, _ shift: Int32) {
        let (e0, e1, e2, e3) = even(p[0], p[2 * s], p[4 * s], p[6 * s])
        let (o0, o1, o2, o3) = odd(p[s], p[3 * s], p[5 * s], p[7 * s])
        let half: Int32 = 1 << (shift - 1)
        p[0] = (e0 &+ o3 &+ half) >> shift
        p[7 * s] = (e0 &- o3 &+ half) >> shift
        p[s] = (e1 &+ o2 &+ half) >> shift
        p[6 * s] = (e1 &- o2 &+ half) >> shift
        p[2 * s] = (e2 &+ o1 &+ half) >> shift
        p[5 * s] = (e2 &- o1 &+ half) >> shift
        p[3 * s] = (e3 &+ o0 &+ half) >> shift
        p[4 * s] = (e3 &- o0 &+ half) >> shift
    }

    private static func even(_ x0: Int32, _ x2: Int32, _ x4: Int32, _ x6: Int32) -> (Int32, Int32, Int32, Int32) {
        let z = (x2 &+ x6) &* 4433
        let t2 = z &- x6 &* 15137, t3 = z &+ x2 &* 6270
        let t0 = (x0 &+ x4) << 13, t1 = (x0 &- x4) << 13
        return (t0 &+ t3, t1 &+ t2, t1 &- t2, t0 &- t3)
    }

    private static func odd(_ x1: Int32, _ x3: Int32, _ x5: Int32, _ x7: Int32) -> (Int32, Int32, Int32, Int32) {
        let z5 = (x7 &+ x3 &+ x5 &+ x1) &* 9633
        let z1 = (x7 &+ x1) &* -7373, z2 = (x5 &+ x3) &* -20995
        let z3 = (x7 &+ x3) &* -16069 &+ z5, z4 = (x5 &+ x1) &* -3196 &+ z5
        return (x7 &* 2446 &+ z1 &+ z3, x5 &* 16819 &+ z2 &+ z4, x3 &* 25172 &+ z2 &+ z3, x1 &* 12299 &+ z1 &+ z4)
    }
}
