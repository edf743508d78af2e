// Specified values: what a declaration holds after parsing, before an element's context makes it absolute.
import Graphics

/// How a longhand's value is written.
enum Grammar {
    case keywords([Keyword])
    case length(LengthOptions)
    case borderWidth, color, alignment, custom
}

struct LengthOptions: OptionSet {
    let rawValue: UInt8
    static let auto = LengthOptions(rawValue: 1), negative = LengthOptions(rawValue: 2), sizes = LengthOptions(rawValue: 4)
    static let noneIsAuto = LengthOptions(rawValue: 8), normalIsZero = LengthOptions(rawValue: 16), content = LengthOptions(rawValue: 32)
    static let noPercent = LengthOptions(rawValue: 64)
}

enum Value {
    case inherit, initial, unset, revert
    /// Raw value of the property's enum.
    case enumeration(UInt8)
    case keyword(Keyword)
    case length(SpecifiedLength)
    case math(MathNode)
    /// 1/65536.
    case number(Int64)
    case integer(Int32)
    case color(SpecifiedColor)
    case string(String)
    case families(FamilyList)
    case image(SpecifiedImage)
    case list([Value])
    case content(Content)
    case counters([CounterChange])
    case quotes([QuotePair])
    case shadows([SpecifiedShadow])
    case tracks(SpecifiedTemplate)
    case areas([[String]])
    case gridLine(GridLine)
    /// Contains var(): parsed when the element's custom properties are known.
    case pending(PendingValue)
}

enum LengthUnit: UInt8 {
    case px, percent, em, rem, ex, ch, lh, rlh, vw, vh, vmin, vmax
}

extension Value {
    /// Contains vw, vh, vmin or vmax, directly or in calc().
    var usesViewport: Bool {
        switch self {
        case .length(let length): return length.unit.rawValue >= LengthUnit.vw.rawValue
        case .math(let node): return node.usesViewport
        case .list(let values):
            for value in values where value.usesViewport { return true }
            return false
        default: return false
        }
    }
}

/// A number (1/65536) of a unit; absolute units are converted to px by the parser.
struct SpecifiedLength: Equatable {
    var value: Int64
    var unit: LengthUnit
    static let zero = SpecifiedLength(value: 0, unit: .px)
}

enum SpecifiedColor: Equatable {
    case color(Color)
    case currentColor
}

struct FamilyList {
    var names: [String]
    /// Exactly the generic family `monospace`: browsers then start from a smaller default size.
    var isMonospaceOnly: Bool
}

/// Values with var() keep their text. `shorthand` is the property as written; `longhand` is asked of its expansion.
final class PendingValue {
    let text: [UInt8]
    let written: PropertyID
    let baseURL: String
    init(text: [UInt8], written: PropertyID, baseURL: String) { self.text = text; self.written = written; self.baseURL = baseURL }
}

struct SpecifiedStop {
    var color: SpecifiedColor
    var position: Value?
}

enum SpecifiedImage {
    case none
    case url(String)
    case gradient(angle: Int32, stops: [SpecifiedStop])
}

struct SpecifiedShadow {
    var x: Value, y: Value, blur: Value, spread: Value
    var color: SpecifiedColor?, inset = false, hasSpread = false
}

struct Declaration {
    var property: PropertyID
    var isImportant: Bool
    var value: Value
}

/// `--name: tokens`.
struct CustomDeclaration {
    var name: String
    var isImportant: Bool
    var text: [UInt8]
}

/// Limits of the style system; a page that exceeds one loses the excess, never more.
enum CSSLimits {
    static let ruleCountMax = 100_000
    static let selectorPartCountMax = 256
    static let selectorDepthMax = 8
    static let mathDepthMax = 32
    static let blockDepthMax = 32
    static let valueTokenCountMax = 4096
    static let listCountMax = 256
    static let substitutedByteCountMax = 16_384
    static let variableDepthMax = 32
    static let siblingStepCountMax = 20_000_000
    static let sheetCountMax = 1024
    static let conditionCountMax = 4096
    static let inlineStyleCacheCountMax = 4096
}
