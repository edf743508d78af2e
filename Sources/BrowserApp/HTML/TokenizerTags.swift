// Tag and attribute states (HTML §13.2.5.6–8, 32–40).
import DOM

extension Tokenizer {
    func beginTag(isEnd: Bool) {
        isEndTag = isEnd
        isSelfClosing = false
        nameBytes.removeAll(keepingCapacity: true)
        attributeBytes.removeAll(keepingCapacity: true)
        attributeRanges.removeAll(keepingCapacity: true)
    }

    func tagOpenState() {
        let c = bytes[at]
        if isLetter(c) {
            beginTag(isEnd: false)
            state = .tagName
            return
        }
        switch c {
        case 0x21:
            at += 1
            state = .markupDeclarationOpen
        case 0x2F:
            at += 1
            state = .endTagOpen
        case 0x3F:
            commentBytes.removeAll(keepingCapacity: true)
            state = .bogusComment
        default:
            emit(0x3C)
            state = .data
        }
    }

    func endTagOpenState() {
        let c = bytes[at]
        if isLetter(c) {
            beginTag(isEnd: true)
            state = .tagName
        } else if c == 0x3E {
            at += 1
            state = .data
        } else {
            commentBytes.removeAll(keepingCapacity: true)
            state = .bogusComment
        }
    }

    func tagNameState() {
        while at < end {
            let c = bytes[at]
            at += 1
            if c == 0x3E { return emitTag() }
            if c == 0x2F { state = .selfClosingStartTag; return }
            if isSpace(c) { state = .beforeAttributeName; return }
            if c == 0 { keepReplacement(in: &nameBytes) } else { keep(lowercased(c), in: &nameBytes) }
        }
    }

    func beforeAttributeNameState() {
        let c = bytes[at]
        if isSpace(c) { at += 1; return }
        if c == 0x2F || c == 0x3E { state = .afterAttributeName; return }
        beginAttribute()
        if c == 0x3D {
            at += 1
            keep(c, in: &attributeBytes)
        }
        state = .attributeName
    }

    private func beginAttribute() {
        let start = attributeBytes.count
        attributeRanges.append(AttributeRange(nameStart: start, nameEnd: start, valueStart: start, valueEnd: start))
    }

    private func endAttributeName() {
        let last = attributeRanges.count - 1, count = attributeBytes.count
        attributeRanges[last].nameEnd = count
        attributeRanges[last].valueStart = count
        attributeRanges[last].valueEnd = count
    }

    private func endAttributeValue() { attributeRanges[attributeRanges.count - 1].valueEnd = attributeBytes.count }

    func attributeNameState() {
        while at < end {
            let c = bytes[at]
            if isSpace(c) || c == 0x2F || c == 0x3E {
                endAttributeName()
                state = .afterAttributeName
                return
            }
            at += 1
            if c == 0x3D {
                endAttributeName()
                state = .beforeAttributeValue
                return
            }
            if c == 0 { keepReplacement(in: &attributeBytes) } else { keep(lowercased(c), in: &attributeBytes) }
        }
    }

    func afterAttributeNameState() {
        let c = bytes[at]
        if isSpace(c) { at += 1; return }
        switch c {
        case 0x2F:
            at += 1
            state = .selfClosingStartTag
        case 0x3D where !attributeRanges.isEmpty:
            at += 1
            state = .beforeAttributeValue
        case 0x3E:
            at += 1
            emitTag()
        default:
            beginAttribute()
            state = .attributeName
        }
    }

    func beforeAttributeValueState() {
        let c = bytes[at]
        if isSpace(c) { at += 1; return }
        switch c {
        case 0x22:
            at += 1
            state = .valueDoubleQuoted
        case 0x27:
            at += 1
            state = .valueSingleQuoted
        case 0x3E:
            at += 1
            emitTag()
        default: state = .valueUnquoted
        }
    }

    func quotedValueState(_ quote: UInt8) {
        let start = at, p = bytes, end = self.end
        var i = at
        while i < end {
            let c = p[i]
            if c == quote || c == 0x26 || c == 0 { break }
            i += 1
        }
        at = i
        if i > start { keep(slice(from: start), in: &attributeBytes) }
        if i == end { return }
        at += 1
        switch p[i] {
        case quote:
            endAttributeValue()
            state = .afterValueQuoted
        case 0x26: beginReference(state)
        default: keepReplacement(in: &attributeBytes)
        }
    }

    func unquotedValueState() {
        while at < end {
            let c = bytes[at]
            at += 1
            if isSpace(c) {
                endAttributeValue()
                state = .beforeAttributeName
                return
            }
            switch c {
            case 0x26: return beginReference(.valueUnquoted)
            case 0x3E:
                endAttributeValue()
                return emitTag()
            case 0: keepReplacement(in: &attributeBytes)
            default: keep(c, in: &attributeBytes)
            }
        }
    }

    func afterValueQuotedState() {
        let c = bytes[at]
        if isSpace(c) {
            at += 1
            state = .beforeAttributeName
        } else if c == 0x2F {
            at += 1
            state = .selfClosingStartTag
        } else if c == 0x3E {
            at += 1
            emitTag()
        } else {
            state = .beforeAttributeName
        }
    }

    func selfClosingStartTagState() {
        if bytes[at] == 0x3E {
            at += 1
            isSelfClosing = true
            emitTag()
        } else {
            state = .beforeAttributeName
        }
    }
}
