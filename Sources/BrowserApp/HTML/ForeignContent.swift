// Foreign content: SVG and MathML inside HTML (HTML §13.2.6, §13.2.6.5).
import DOM

extension TreeBuilder {
    /// The current node, or the context element when only the root is open in the fragment case.
    var adjustedCurrent: OpenElement { open.count == 1 && isFragment ? context : open.current }

    var allowsCDATA: Bool { !open.isEmpty && adjustedCurrent.namespace != .html }

    /// The tree construction dispatcher.
    func usesForeignRules(_ t: Token) -> Bool {
        if open.isEmpty || t.kind == .endOfFile { return false }
        let e = adjustedCurrent
        if e.namespace == .html { return false }
        if e.isMathMLTextIntegrationPoint {
            if t.kind == .characters { return false }
            if t.kind == .startTag && t.name != .mglyph && t.name != .malignmark { return false }
        }
        if e.namespace == .mathML && e.name == .annotationXml && t.kind == .startTag && t.name == .svg { return false }
        if (t.kind == .startTag || t.kind == .characters) && isHTMLIntegrationPoint(e) { return false }
        return true
    }

    private func isHTMLIntegrationPoint(_ e: OpenElement) -> Bool {
        if e.namespace == .svg { return e.name == .foreignObject || e.name == .desc || e.name == .title }
        guard e.namespace == .mathML, e.name == .annotationXml, document.isElement(e.node),
              let encoding = document.attribute(e.node, .encoding) else { return false }
        return equalsIgnoringCase(encoding, "text/html") || equalsIgnoringCase(encoding, "application/xhtml+xml")
    }

    func foreignContent(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters: foreignCharacters(t)
        case .comment: insertComment(t)
        case .startTag: return foreignStartTag(&t)
        case .endTag: return foreignEndTag(&t)
        case .doctype, .endOfFile: break
        }
        return .done
    }

    private func foreignCharacters(_ t: Token) {
        if t.text[0] == 0 {
            let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
            return replacement.withUnsafeBufferPointer { insertText($0) }
        }
        insertText(t.text)
        if isFramesetOK && !isAllSpace(t.text) { isFramesetOK = false }
    }

    private func foreignStartTag(_ t: inout Token) -> Step {
        let breaksOut = ElementTraits.of(t.name).contains(.breaksOutOfForeign)
            || t.name == .font && (t.attribute(.color) != nil || t.attribute(.face) != nil || t.attribute(.size) != nil)
        if breaksOut { return breakOut(&t) }
        insertForeign(t, adjustedCurrent.namespace)
        return .done
    }

    private func breakOut(_ t: inout Token) -> Step {
        while open.count > 1, open.current.namespace != .html, !open.current.isMathMLTextIntegrationPoint,
              !isHTMLIntegrationPoint(open.current) { open.pop() }
        return apply(mode, &t)
    }

    private func foreignEndTag(_ t: inout Token) -> Step {
        if t.name == .br || t.name == .p { return breakOut(&t) }
        var i = open.count - 1
        while i > 0 {
            if open[i].tagName == t.name {
                open.truncate(i)
                return .done
            }
            i -= 1
            if open[i].namespace == .html { return apply(mode, &t) }
        }
        return .done
    }
}

/// Names of SVG and MathML whose case or namespace the tokenizer has lost.
enum ForeignNames {
    private static let svgElements = pairs("""
        altGlyph altGlyphDef altGlyphItem animateColor animateMotion animateTransform clipPath feBlend feColorMatrix \
        feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow \
        feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset \
        fePointLight feSpecularLighting feSpotLight feTile feTurbulence foreignObject glyphRef linearGradient \
        radialGradient textPath
        """)
    private static let svgAttributes = pairs("""
        attributeName attributeType baseFrequency baseProfile calcMode clipPathUnits diffuseConstant edgeMode filterUnits \
        glyphRef gradientTransform gradientUnits kernelMatrix kernelUnitLength keyPoints keySplines keyTimes lengthAdjust \
        limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits maskUnits numOctaves pathLength \
        patternContentUnits patternTransform patternUnits pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio \
        primitiveUnits refX refY repeatCount repeatDur requiredExtensions requiredFeatures specularConstant \
        specularExponent spreadMethod startOffset stdDeviation stitchTiles surfaceScale systemLanguage tableValues \
        targetX targetY textLength viewBox viewTarget xChannelSelector yChannelSelector zoomAndPan
        """)

    private static func pairs(_ names: StaticString) -> [(lower: Atom, proper: Atom)] {
        var result: [(lower: Atom, proper: Atom)] = []
        forEachWord(names) { word in
            var lower: [UInt8] = []
            for byte in word { lower.append(lowercased(byte)) }
            result.append((lower.withUnsafeBufferPointer { Atom(utf8: $0) }, Atom(utf8: word)))
        }
        return result
    }

    static func svgElement(_ name: Atom) -> Atom {
        for pair in svgElements where pair.lower == name { return pair.proper }
        return name
    }

    /// An attribute's adjusted name and namespace.
    static func attribute(_ name: Atom, _ namespace: Namespace) -> (Atom, AttributeNamespace) {
        switch name {
        case .xlinkActuate, .xlinkArcrole, .xlinkHref, .xlinkRole, .xlinkShow, .xlinkTitle, .xlinkType: return (name, .xlink)
        case .xmlLang, .xmlSpace: return (name, .xml)
        case .xmlns, .xmlnsXlink: return (name, .xmlns)
        case .definitionurl where namespace == .mathML: return (.definitionURL, .none)
        default: break
        }
        if namespace == .svg { for pair in svgAttributes where pair.lower == name { return (pair.proper, .none) } }
        return (name, .none)
    }
}
