// Properties that only elements of SVG have (SVG 2 §6.5). Style sheets keep them as text beside the custom properties; they take no
// part in computed styles, and are asked for when an svg element of a page is drawn.
import DOM
import Graphics

enum SVGProperties {
    static let names = NameTable("fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset clip-path clip-rule mask filter stop-color stop-opacity text-anchor dominant-baseline alignment-baseline shape-rendering vector-effect marker marker-start marker-mid marker-end paint-order")
}

extension CustomDeclaration {
    /// `--name`, not a property of SVG.
    var isVariable: Bool { name.utf8.first == 0x2D }
}

extension StyleEngine {
    /// What the page's rules declare for an element inside an svg element, weakest first: properties of SVG as written, with var()
    /// replaced, and those that SVG shares as computed.
    public func svgDeclarations(of node: NodeID) -> [(name: String, value: [UInt8])] {
        guard let matches = matches(of: node), let resolver else { return [] }
        return resolver.svgDeclarations(of: matches, style(of: node))
    }
}

extension StyleResolver {
    func svgDeclarations(of matches: [Int32], _ style: ComputedStyle) -> [(name: String, value: [UInt8])] {
        var result: [(name: String, value: [UInt8])] = [], shared: [PropertyID] = []
        forEachAuthorRule(matches) { sheet, rule, important in
            for i in rule.customs where sheet.customs[i].isImportant == important && !sheet.customs[i].isVariable {
                if let text = VariableResolver.substitute(sheet.customs[i].text, style.custom) { result.append((sheet.customs[i].name, text)) }
            }
            for i in rule.declarations where sheet.declarations[i].isImportant == important { shared.append(sheet.declarations[i].property) }
        }
        for (property, name) in StyleResolver.sharedWithSVG where shared.contains(property) {
            if let text = StyleResolver.text(property, style) { result.append((name, Array(text.utf8))) }
        }
        return result
    }

    private static let sharedWithSVG: [(PropertyID, String)] = [
        (.fontFamily, "font-family"), (.fontSize, "font-size"), (.fontWeight, "font-weight"), (.fontStyle, "font-style"), (.color, "color"),
        (.letterSpacing, "letter-spacing"), (.visibility, "visibility"), (.display, "display"), (.opacity, "opacity"),
    ]

    private static func text(_ property: PropertyID, _ s: ComputedStyle) -> String? {
        switch property {
        case .fontFamily: return s.fontFamilies.joined(separator: ",")
        case .fontSize: return pixels(s.fontSize)
        case .fontWeight: return String(s.fontWeight)
        case .fontStyle: return s.fontStyle == .normal ? "normal" : "italic"
        case .color: return "rgb(\(s.color.red),\(s.color.green),\(s.color.blue),\(decimal(Int(s.color.alpha) * 1_000_000 / 255)))"
        case .letterSpacing: return pixels(s.letterSpacing)
        case .visibility: return s.visibility == .visible ? "visible" : "hidden"
        case .display: return s.display == .none ? "none" : "inline"
        case .opacity: return decimal(Int(s.opacity) * 1_000_000 / 255)
        default: return nil
        }
    }
    private static func pixels(_ v: LayoutUnit) -> String { (v.raw < 0 ? "-" : "") + decimal(Int(v.raw.magnitude) * 15625) }
    /// Millionths as a decimal number.
    private static func decimal(_ millionths: Int) -> String {
        var fraction = String(millionths % 1_000_000)
        while fraction.utf8.count < 6 { fraction = "0" + fraction }
        return String(millionths / 1_000_000) + "." + fraction
    }
}
