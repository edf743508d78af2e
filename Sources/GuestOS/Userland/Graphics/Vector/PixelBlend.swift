// What filters do to pairs of pixels, to single pixels and to their channels (Filter Effects 1 §9, Compositing 1 §9). Integer
// arithmetic; a result is never brighter than its alpha.

/// Arithmetic on premultiplied pixels.
public enum PixelBlend {
    public static func over(_ a: UInt32, _ b: UInt32) -> UInt32 { sourceOver(a, b) }
    /// All channels times `alpha` of 255.
    public static func scaled(_ p: UInt32, _ alpha: UInt32) -> UInt32 { scalePixel(p, alpha) }

    @inline(__always) private static func part(_ p: UInt32, _ shift: UInt32) -> Int64 { Int64(p >> shift & 255) }
    private static func packed(_ a: Int64, _ r: Int64, _ g: Int64, _ b: Int64) -> UInt32 {
        let alpha = max(0, min(255, a))
        func limited(_ v: Int64) -> UInt32 { UInt32(max(0, min(alpha, v))) }
        return UInt32(alpha) << 24 | limited(r) << 16 | limited(g) << 8 | limited(b)
    }

    /// §9.5 with the modes of Compositing 1 §9; `a` lies on top.
    public static func blend(_ a: UInt32, _ b: UInt32, _ mode: String) -> UInt32 {
        if mode == "normal" { return sourceOver(a, b) }
        let qa = part(a, 24), qb = part(b, 24)
        func channel(_ shift: UInt32) -> Int64 {
            let ca = part(a, shift), cb = part(b, shift)
            switch mode {
            case "multiply": return ((255 - qa) * cb + (255 - qb) * ca + ca * cb + 127) / 255
            case "screen": return cb + ca - (ca * cb + 127) / 255
            case "darken": return min((255 - qa) * cb + 255 * ca, (255 - qb) * ca + 255 * cb) / 255
            case "lighten": return max((255 - qa) * cb + 255 * ca, (255 - qb) * ca + 255 * cb) / 255
            default: return ca + ((255 - qa) * cb + 127) / 255
            }
        }
        return packed(qa + qb - (qa * qb + 127) / 255, channel(16), channel(8), channel(0))
    }

    /// §9.8.
    public static func composite(_ a: UInt32, _ b: UInt32, _ name: String, _ k: [Fixed]) -> UInt32 {
        let qa = part(a, 24), qb = part(b, 24)
        let fa: Int64, fb: Int64
        switch name {
        case "in": (fa, fb) = (qb, 0)
        case "out": (fa, fb) = (255 - qb, 0)
        case "atop": (fa, fb) = (qb, 255 - qa)
        case "xor": (fa, fb) = (255 - qb, 255 - qa)
        case "arithmetic":
            let c = k.map { max(-(1 << 24), min(1 << 24, $0.raw >> 16)) }
            func channel(_ shift: UInt32) -> Int64 {
                let x = part(a, shift), y = part(b, shift)
                return (c[0] * x * y / 255 + c[1] * x + c[2] * y + c[3] * 255 + 32768) >> 16
            }
            return packed(channel(24), channel(16), channel(8), channel(0))
        default: return sourceOver(a, b)
        }
        func channel(_ shift: UInt32) -> Int64 { (part(a, shift) * fa + part(b, shift) * fb + 127) / 255 }
        return packed(channel(24), channel(16), channel(8), channel(0))
    }

    /// Light of each sRGB value, 65535 for white (IEC 61966-2-1): v / 12.92 up to 0.04045, else ((v + 0.055) / 1.055)^2.4.
    private static let light: [Int64] = [
        0, 20, 40, 60, 80, 99, 119, 139, 159, 179, 199, 219, 241, 264, 288, 313,
        340, 367, 396, 427, 458, 491, 526, 562, 599, 637, 677, 718, 761, 805, 851, 898,
        947, 997, 1048, 1101, 1156, 1212, 1270, 1330, 1391, 1453, 1517, 1583, 1651, 1720, 1790, 1863,
        1937, 2013, 2090, 2170, 2250, 2333, 2418, 2504, 2592, 2681, 2773, 2866, 2961, 3058, 3157, 3258,
        3360, 3464, 3570, 3678, 3788, 3900, 4014, 4129, 4247, 4366, 4488, 4611, 4736, 4864, 4993, 5124,
        5257, 5392, 5530, 5669, 5810, 5953, 6099, 6246, 6395, 6547, 6700, 6856, 7014, 7174, 7335, 7500,
        7666, 7834, 8004, 8177, 8352, 8528, 8708, 8889, 9072, 9258, 9445, 9635, 9828, 10022, 10219, 10417,
        10619, 10822, 11028, 11235, 11446, 11658, 11873, 12090, 12309, 12530, 12754, 12980, 13209, 13440, 13673, 13909,
        14146, 14387, 14629, 14874, 15122, 15371, 15623, 15878, 16135, 16394, 16656, 16920, 17187, 17456, 17727, 18001,
        18277, 18556, 18837, 19121, 19407, 19696, 19987, 20281, 20577, 20876, 21177, 21481, 21787, 22096, 22407, 22721,
        23038, 23357, 23678, 24002, 24329, 24658, 24990, 25325, 25662, 26001, 26344, 26688, 27036, 27386, 27739, 28094,
        28452, 28813, 29176, 29542, 29911, 30282, 30656, 31033, 31412, 31794, 32179, 32567, 32957, 33350, 33745, 34143,
        34544, 34948, 35355, 35764, 36176, 36591, 37008, 37429, 37852, 38278, 38706, 39138, 39572, 40009, 40449, 40891,
        41337, 41785, 42236, 42690, 43147, 43606, 44069, 44534, 45002, 45473, 45947, 46423, 46903, 47385, 47871, 48359,
        48850, 49344, 49841, 50341, 50844, 51349, 51858, 52369, 52884, 53401, 53921, 54445, 54971, 55500, 56032, 56567,
        57105, 57646, 58190, 58737, 59287, 59840, 60396, 60955, 61517, 62082, 62650, 63221, 63795, 64372, 64952, 65535,
    ]
    /// The sRGB value whose light comes next to `v`.
    private static func value(ofLight v: Int64) -> Int64 {
        var low = 0, high = 255
        while low < high { let middle = (low + high) / 2; if light[middle] < v { low = middle + 1 } else { high = middle } }
        return Int64(low > 0 && v - light[low - 1] < light[low] - v ? low - 1 : low)
    }

    /// §9.6: on straight colours, of their light where `isLinear`.
    public static func matrix(_ p: UInt32, _ m: [Int64], isLinear: Bool) -> UInt32 {
        let s = straight(p)
        if isLinear {
            let r = light[Int(s.red)], g = light[Int(s.green)], b = light[Int(s.blue)], a = s.alpha * 257
            func row(_ i: Int) -> Int64 {
                let at = i * 5
                return max(0, min(65535, (m[at] * r + m[at + 1] * g + m[at + 2] * b + m[at + 3] * a + m[at + 4] * 65535 + 32768) >> 16))
            }
            return premultiplied(value(ofLight: row(0)), value(ofLight: row(1)), value(ofLight: row(2)), (row(3) + 128) / 257)
        }
        func row(_ i: Int) -> Int64 {
            let at = i * 5
            return max(0, min(255, (m[at] * s.red + m[at + 1] * s.green + m[at + 2] * s.blue + m[at + 3] * s.alpha + m[at + 4] * 255 + 32768) >> 16))
        }
        return premultiplied(row(0), row(1), row(2), row(3))
    }
    /// §9.7: tables of 256 values for red, green, blue and alpha; nil is identity.
    public static func transfer(_ p: UInt32, _ tables: [[Int64]?], isLinear: Bool) -> UInt32 {
        let s = straight(p)
        func changed(_ i: Int, _ v: Int64) -> Int64 {
            guard let table = tables[i] else { return v }
            return isLinear && i < 3 ? value(ofLight: table[Int((light[Int(v)] + 128) / 257)] * 257) : table[Int(v)]
        }
        return premultiplied(changed(0, s.red), changed(1, s.green), changed(2, s.blue), changed(3, s.alpha))
    }
    private static func straight(_ p: UInt32) -> (red: Int64, green: Int64, blue: Int64, alpha: Int64) {
        let a = part(p, 24)
        if a == 0 { return (0, 0, 0, 0) }
        func value(_ shift: UInt32) -> Int64 { min(255, (part(p, shift) * 255 + a / 2) / a) }
        return (value(16), value(8), value(0), a)
    }
    private static func premultiplied(_ r: Int64, _ g: Int64, _ b: Int64, _ a: Int64) -> UInt32 { packed(a, (r * a + 127) / 255, (g * a + 127) / 255, (b * a + 127) / 255) }
}
