// `glyf` outlines, simple and composite, walked as lines and quadratic curves. OpenType 1.9 glyf.
// Invariant: hostile outlines end early (bounded depth, components and points); what was read until then may be drawn.

/// A point of an outline in 1/64 font unit, y upwards.
struct OutlinePoint { var x: Int32, y: Int32, onCurve: Bool }

/// A glyph's outline: points of all contours and the index after the last point of each.
struct GlyphOutline {
    var points: [OutlinePoint] = []
    var contourEnds: [Int] = []
    var isEmpty: Bool { contourEnds.isEmpty }

    static let pointCountMax = 8192, componentCountMax = 64, depthMax = 6
    private static let coordinateMax: Int64 = 1 << 24

    init(_ face: FontFace, _ glyph: UInt16) {
        var components = 0
        append(face, glyph, depth: 0, &components)
    }

    private mutating func append(_ face: FontFace, _ glyph: UInt16, depth: Int, _ components: inout Int) {
        guard depth < Self.depthMax, let data = face.glyphData(glyph) else { return }
        let contours = Int(face.reader.i16(data.offset))
        if contours >= 0 { appendSimple(face.reader, data, contours) } else { appendComposite(face, data, depth, &components) }
    }

    private mutating func appendSimple(_ r: FontReader, _ data: FontTable, _ contours: Int) {
        guard contours > 0, contours <= 1024, data.byteCount >= 12 + contours * 2 else { return }
        let first = points.count
        var ends: [Int] = [], last = -1
        for i in 0..<contours {
            let end = Int(r.u16(data.offset + 10 + i * 2))
            guard end >= last else { return }
            last = end
            ends.append(first + end + 1)
        }
        let count = last + 1
        guard count > 0, first + count <= Self.pointCountMax else { return }
        var at = data.offset + 10 + contours * 2
        at += 2 + Int(r.u16(at))
        // Flags, run-length encoded.
        var flags: [UInt8] = []
        flags.reserveCapacity(count)
        while flags.count < count {
            guard at < data.end else { return }
            let flag = r.u8(at)
            at += 1
            flags.append(flag)
            if flag & 8 != 0 {
                var repeats = Int(r.u8(at))
                at += 1
                while repeats > 0 && flags.count < count { flags.append(flag); repeats -= 1 }
            }
        }
        var x: Int32 = 0, y: Int32 = 0
        points.reserveCapacity(first + count)
        for flag in flags {
            x = Self.step(x, Self.delta(r, &at, short: flag & 2 != 0, same: flag & 16 != 0))
            points.append(OutlinePoint(x: x &* 64, y: 0, onCurve: flag & 1 != 0))
        }
        for i in 0..<count {
            y = Self.step(y, Self.delta(r, &at, short: flags[i] & 4 != 0, same: flags[i] & 32 != 0))
            points[first + i].y = y &* 64
        }
        contourEnds += ends
    }
    @inline(__always)
    private static func delta(_ r: FontReader, _ at: inout Int, short: Bool, same: Bool) -> Int32 {
        if short { let v = Int32(r.u8(at)); at += 1; return same ? v : -v }
        if same { return 0 }
        let v = Int32(r.i16(at)); at += 2; return v
    }
    @inline(__always)
    private static func step(_ v: Int32, _ d: Int32) -> Int32 { max(-65535, min(65535, v + d)) }

    private mutating func appendComposite(_ face: FontFace, _ data: FontTable, _ depth: Int, _ components: inout Int) {
        let r = face.reader
        var at = data.offset + 10
        while at < data.end && components < Self.componentCountMax {
            components += 1
            let flags = r.u16(at), glyph = r.u16(at + 2)
            at += 4
            var dx: Int64 = 0, dy: Int64 = 0
            if flags & 1 != 0 { dx = Int64(r.i16(at)); dy = Int64(r.i16(at + 2)); at += 4 } else {
                dx = Int64(Int8(bitPattern: r.u8(at))); dy = Int64(Int8(bitPattern: r.u8(at + 1))); at += 2
            }
            if flags & 2 == 0 { dx = 0; dy = 0 }            // point matching: not supported, placed at the origin
            var a: Int64 = 0x4000, b: Int64 = 0, c: Int64 = 0, d: Int64 = 0x4000     // 2.14
            if flags & 8 != 0 { a = Int64(r.i16(at)); d = a; at += 2 } else if flags & 0x40 != 0 {
                a = Int64(r.i16(at)); d = Int64(r.i16(at + 2)); at += 4
            } else if flags & 0x80 != 0 {
                a = Int64(r.i16(at)); b = Int64(r.i16(at + 2)); c = Int64(r.i16(at + 4)); d = Int64(r.i16(at + 6)); at += 8
            }
            let first = points.count
            append(face, glyph, depth: depth + 1, &components)
            for i in first..<points.count {
                let px = Int64(points[i].x), py = Int64(points[i].y)
                points[i].x = Self.clamp((a * px + c * py) >> 14 + dx * 64)
                points[i].y = Self.clamp((b * px + d * py) >> 14 + dy * 64)
            }
            if flags & 0x20 == 0 { return }
        }
    }
    @inline(__always)
    private static func clamp(_ v: Int64) -> Int32 { Int32(max(-coordinateMax, min(coordinateMax, v))) }
}

/// Font units to pixels: size, slant and subpixel position of one glyph.
struct OutlineScale {
    /// Slant of made italics, in 1/256: about 12 degrees.
    static let slant: Int64 = 54
    let sizeOverEm: Int64       // multiplies 1/64 units; the divisor is 16 × unitsPerEm
    let divisor: Int64
    let isSlanted: Bool
    let shiftX: Int64           // 24.8

    init(face: FontFace, size: Int32, slanted: Bool, subpixel: Int32) {
        sizeOverEm = Int64(size)
        divisor = Int64(face.unitsPerEm) * 16
        isSlanted = slanted
        shiftX = Int64(subpixel) * 64
    }
    /// 24.8 pixels, y downwards.
    @inline(__always)
    func apply(_ p: OutlinePoint) -> (x: Int32, y: Int32) {
        var ux = Int64(p.x)
        if isSlanted { ux += (Int64(p.y) * Self.slant) >> 8 }
        return (Self.clamp(Self.divide(ux * sizeOverEm, divisor) + shiftX), Self.clamp(Self.divide(-Int64(p.y) * sizeOverEm, divisor)))
    }
    @inline(__always)
    private static func divide(_ n: Int64, _ d: Int64) -> Int64 { (n >= 0 ? n + d / 2 : n - d / 2) / d }
    @inline(__always)
    private static func clamp(_ v: Int64) -> Int32 { Int32(max(-(1 << 22), min(1 << 22, v))) }
}
