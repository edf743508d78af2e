// Colour syntax (CSS Color 4 §4–§9): names, hex, rgb()/rgba(), hsl()/hsla(), hwb(), transparent, currentColor.
import Graphics

extension TokenCursor {
    mutating func color() -> SpecifiedColor? {
        let t = token
        switch t.kind {
        case .ident: return namedColor()
        case .hash:
            guard let color = hexColor(buffer.text(t)) else { return nil }
            advance()
            return .color(color)
        case .function: return colorFunction()
        default: return nil
        }
    }
    private mutating func namedColor() -> SpecifiedColor? {
        if let index = NamedColors.names.index(of: token, in: buffer) {
            advance()
            return .color(Color(rgb: NamedColors.values[index]))
        }
        if take(.transparent) { return .color(.transparent) }
        if take(.currentcolor) { return .currentColor }
        if let system = systemColor(buffer.lowercaseString(token)) { advance(); return .color(system) }
        return nil
    }
    private func systemColor(_ name: String) -> Color? {                // §6.2, the ones pages use
        switch name {
        case "canvas", "field", "window": return .white
        case "canvastext", "fieldtext", "buttontext", "windowtext", "marktext", "activetext": return .black
        case "linktext": return Color(rgb: 0x0000EE)
        case "visitedtext": return Color(rgb: 0x551A8B)
        case "buttonface": return Color(rgb: 0xEFEFEF)
        case "buttonborder": return Color(rgb: 0x767676)
        case "graytext": return Color(rgb: 0x6D6D6D)
        case "highlight": return Color(rgb: 0x3584E4)
        case "highlighttext": return .white
        case "mark": return Color(rgb: 0xFFFF00)
        default: return nil
        }
    }

    private mutating func colorFunction() -> SpecifiedColor? {
        guard let name = functionName else { return nil }
        var copy = self
        var inner = copy.enterBlock()
        let result: Color?
        switch name {
        case .rgb, .rgba: result = inner.rgb()
        case .hsl, .hsla: result = inner.hueColor { hue, s, l in hslToRGB(hue, s, l) }
        case .hwb: result = inner.hueColor { hue, w, b in hwbToRGB(hue, w, b) }
        default: result = nil
        }
        guard let result, inner.isAtEnd else { return nil }
        self = copy
        return .color(result)
    }
    private mutating func rgb() -> Color? {
        var channels: [UInt8] = []
        var hasCommas = false
        for i in 0..<3 {
            if i == 1 { hasCommas = take(.comma) } else if i == 2, hasCommas, !take(.comma) { return nil }
            guard let channel = rgbChannel() else { return nil }
            channels.append(channel)
        }
        guard let alpha = optionalAlpha(hasCommas) else { return nil }
        return Color(channels[0], channels[1], channels[2], alpha)
    }
    private mutating func rgbChannel() -> UInt8? {
        if take(.none) { return 0 }
        if token.kind == .percentage { let p = token.number; advance(); return toByte(multiplyFixed(p, 255, 100)) }
        return number().map { toByte($0) }
    }
    private mutating func optionalAlpha(_ hasCommas: Bool) -> UInt8? {
        if isAtEnd { return 255 }
        guard hasCommas ? take(.comma) : takeDelimiter(0x2F) else { return nil }
        return alpha()
    }
    /// An <alpha-value> as 0…255.
    mutating func alpha() -> UInt8? {
        if take(.none) { return 0 }
        if token.kind == .percentage { let p = token.number; advance(); return toByte(multiplyFixed(p, 255, 100)) }
        return number().map { toByte(multiplyFixed($0, 255, 1)) }
    }
    private mutating func hueColor(_ convert: (Int64, Int64, Int64) -> (UInt8, UInt8, UInt8)) -> Color? {
        guard let hue = take(.none) ? 0 : angle() ?? number() else { return nil }
        let hasCommas = take(.comma)
        guard let first = fraction() else { return nil }
        if hasCommas, !take(.comma) { return nil }
        guard let second = fraction(), let alpha = optionalAlpha(hasCommas) else { return nil }
        let (r, g, b) = convert(hue, first, second)
        return Color(r, g, b, alpha)
    }
    /// A percentage (or plain number of percent) as 0…65536.
    private mutating func fraction() -> Int64? {
        if take(.none) { return 0 }
        var value: Int64
        if token.kind == .percentage { value = token.number; advance() } else { guard let n = number() else { return nil }; value = n }
        value = Swift.max(0, Swift.min(100 << 16, value))
        return value / 100
    }
}

private func toByte(_ fixed: Int64) -> UInt8 { UInt8(Swift.max(0, Swift.min(255, (fixed + 32768) >> 16))) }

/// #rgb, #rgba, #rrggbb, #rrggbbaa; `text` without the #.
func hexColor(_ text: [UInt8]) -> Color? {
    var digits: [UInt8] = []
    guard text.count <= 8 else { return nil }
    for byte in text { guard let digit = hexValue(byte) else { return nil }; digits.append(digit) }
    switch digits.count {
    case 3, 4:
        let alpha = digits.count == 4 ? digits[3] * 17 : 255
        return Color(digits[0] * 17, digits[1] * 17, digits[2] * 17, alpha)
    case 6, 8:
        let alpha = digits.count == 8 ? digits[6] << 4 | digits[7] : 255
        return Color(digits[0] << 4 | digits[1], digits[2] << 4 | digits[3], digits[4] << 4 | digits[5], alpha)
    default: return nil
    }
}

/// §7.1: hue in 1/65536 degree, the rest 0…65536.
private func hslToRGB(_ hue: Int64, _ saturation: Int64, _ lightness: Int64) -> (UInt8, UInt8, UInt8) {
    func channel(_ n: Int64) -> UInt8 {
        let full: Int64 = 360 << 16
        let h = (hue % full + full) % full
        let k = (n * 65536 + h / 30) % (12 << 16)
        let a = (saturation * Swift.min(lightness, 65536 - lightness)) >> 16
        let t = Swift.max(-65536, Swift.min(Swift.min(k - 3 * 65536, 9 * 65536 - k), 65536))
        return toByte((lightness - ((a * t) >> 16)) * 255)
    }
    return (channel(0), channel(8), channel(4))
}
private func hwbToRGB(_ hue: Int64, _ white: Int64, _ black: Int64) -> (UInt8, UInt8, UInt8) {
    if white + black >= 65536 { let gray = toByte(white * 255 * 65536 / (white + black)); return (gray, gray, gray) }
    let (r, g, b) = hslToRGB(hue, 65536, 32768)
    func mix(_ c: UInt8) -> UInt8 { toByte(Int64(c) * (65536 - white - black) + white * 255) }
    return (mix(r), mix(g), mix(b))
}
