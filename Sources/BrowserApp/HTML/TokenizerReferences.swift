// Character references (HTML §13.2.5.72–80). The ampersand has been consumed when these states begin.
import DOM

extension Tokenizer {
    func beginReference(_ from: State) {
        returnState = from
        state = .reference
    }

    private var isInAttribute: Bool {
        returnState == .valueDoubleQuoted || returnState == .valueSingleQuoted || returnState == .valueUnquoted
    }

    private func put(_ byte: UInt8) {
        if isInAttribute { keep(byte, in: &attributeBytes) } else { emit(byte) }
    }

    private func put(_ run: UnsafeBufferPointer<UInt8>) {
        if isInAttribute { keep(run, in: &attributeBytes) } else { text.append(contentsOf: run) }
    }

    /// §13.2.5.72–73. Looks ahead over a possible name, at most its maximal length.
    func referenceState() {
        let c = bytes[at]
        if c == 0x23 {
            at += 1
            temporary.removeAll(keepingCapacity: true)
            temporary.append(0x26); temporary.append(0x23)
            referenceCode = 0
            state = .numericReference
        } else if isLetter(c) || isDigit(c) {
            namedReference()
        } else {
            put(0x26)
            state = returnState
        }
    }

    private func namedReference() {
        var count = 0
        let countMax = NamedReferences.nameByteCountMax
        while at + count < end, count < countMax, isLetter(bytes[at + count]) || isDigit(bytes[at + count]) { count += 1 }
        if at + count == end && count < countMax && !isFinal {
            isStarved = true
            return
        }
        if at + count < end, count < countMax, bytes[at + count] == 0x3B { count += 1 }
        let run = UnsafeBufferPointer(start: UnsafePointer(bytes + at), count: count)
        guard let found = NamedReferences.shared.match(run) else { return abandonName() }
        let hasSemicolon = bytes[at + found.byteCount - 1] == 0x3B
        if !hasSemicolon && isInAttribute && at + found.byteCount == end && !isFinal {
            isStarved = true
            return
        }
        if !hasSemicolon && isInAttribute && at + found.byteCount < end {
            let next = bytes[at + found.byteCount]
            if next == 0x3D || isLetter(next) || isDigit(next) { return abandonName() }
        }
        at += found.byteCount
        put(found.value)
        state = returnState
    }

    /// No reference: the ampersand is text, and so is what follows.
    private func abandonName() {
        put(0x26)
        state = returnState
    }

    /// §13.2.5.75–79.
    func numericReferenceStates() {
        let c = bytes[at]
        switch state {
        case .numericReference:
            if c | 0x20 == 0x78 {
                at += 1
                temporary.append(c)
                state = .hexReferenceStart
            } else if isDigit(c) {
                state = .decimalReference
            } else {
                abandonNumber()
            }
        case .hexReferenceStart:
            if hexValue(c) != nil { state = .hexReference } else { abandonNumber() }
        case .hexReference:
            if let digit = hexValue(c) { addDigit(digit, 16) } else { endNumber(c) }
        default:
            if isDigit(c) { addDigit(UInt32(c - 0x30), 10) } else { endNumber(c) }
        }
    }

    private func hexValue(_ c: UInt8) -> UInt32? {
        if isDigit(c) { return UInt32(c - 0x30) }
        let lower = c | 0x20
        return lower >= 0x61 && lower <= 0x66 ? UInt32(lower - 0x57) : nil
    }

    private func addDigit(_ digit: UInt32, _ base: UInt32) {
        at += 1
        if referenceCode <= 0x10FFFF { referenceCode = referenceCode * base + digit }
    }

    private func abandonNumber() {
        temporary.withUnsafeBufferPointer { put($0) }
        state = returnState
    }

    private func endNumber(_ c: UInt8) {
        if c == 0x3B { at += 1 }
        finishNumber()
    }

    /// §13.2.5.80.
    private func finishNumber() {
        var code = referenceCode
        if code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF) { code = 0xFFFD }
        if code >= 0x80 && code <= 0x9F { code = windows1252Scalar(UInt8(code)) }
        var encoded: [UInt8] = []
        appendUTF8(code, to: &encoded)
        encoded.withUnsafeBufferPointer { put($0) }
        state = returnState
    }

    func endReferenceAtEndOfInput() {
        switch state {
        case .reference: put(0x26)
        case .numericReference, .hexReferenceStart: abandonNumber()
        default: finishNumber()
        }
        state = returnState
    }
}

/// Encodes a scalar value.
func appendUTF8(_ code: UInt32, to list: inout [UInt8]) {
    if code < 0x80 {
        list.append(UInt8(code))
    } else if code < 0x800 {
        list.append(UInt8(0xC0 | code >> 6))
        list.append(UInt8(0x80 | code & 0x3F))
    } else if code < 0x10000 {
        list.append(UInt8(0xE0 | code >> 12))
        list.append(UInt8(0x80 | (code >> 6) & 0x3F))
        list.append(UInt8(0x80 | code & 0x3F))
    } else {
        list.append(UInt8(0xF0 | code >> 18))
        list.append(UInt8(0x80 | (code >> 12) & 0x3F))
        list.append(UInt8(0x80 | (code >> 6) & 0x3F))
        list.append(UInt8(0x80 | code & 0x3F))
    }
}
