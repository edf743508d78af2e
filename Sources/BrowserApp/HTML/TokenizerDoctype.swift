// DOCTYPE states (HTML §13.2.5.53–68).
import DOM

extension Tokenizer {
    func doctypeNameStates() {
        let c = bytes[at]
        switch state {
        case .doctype:
            doctypeToken = DoctypeToken()
            doctypeBytes.removeAll(keepingCapacity: true)
            if isSpace(c) { at += 1 }
            state = .beforeDoctypeName
        case .beforeDoctypeName:
            if isSpace(c) { at += 1; return }
            if c == 0x3E {
                at += 1
                doctypeToken.forceQuirks = true
                return emitDoctype()
            }
            state = .doctypeName
        case .doctypeName: doctypeNameState()
        case .afterDoctypeName: afterDoctypeNameState(c)
        default: // bogus DOCTYPE
            at += 1
            if c == 0x3E { emitDoctype() }
        }
    }

    private func doctypeNameState() {
        while at < end {
            let c = bytes[at]
            at += 1
            if c == 0x3E || isSpace(c) {
                doctypeToken.name = takeDoctypeBytes()
                if c == 0x3E { return emitDoctype() }
                state = .afterDoctypeName
                return
            }
            if c == 0 { keepReplacement(in: &doctypeBytes) } else { keep(lowercased(c), in: &doctypeBytes) }
        }
    }

    private func takeDoctypeBytes() -> String {
        let result = String(decoding: doctypeBytes, as: UTF8.self)
        doctypeBytes.removeAll(keepingCapacity: true)
        return result
    }

    private func afterDoctypeNameState(_ c: UInt8) {
        if isSpace(c) { at += 1; return }
        if c == 0x3E { at += 1; return emitDoctype() }
        if lookingAt("public") {
            at += 6
            state = .afterPublicKeyword
        } else if !isStarved, lookingAt("system") {
            at += 6
            state = .afterSystemKeyword
        } else if !isStarved {
            makeBogusDoctype()
        }
    }

    private func makeBogusDoctype() {
        doctypeToken.forceQuirks = true
        state = .bogusDoctype
    }

    func doctypePublicStates() {
        let c = bytes[at]
        switch state {
        case .publicIDDoubleQuoted: quotedID(c, 0x22, isPublic: true)
        case .publicIDSingleQuoted: quotedID(c, 0x27, isPublic: true)
        case .afterPublicKeyword, .beforePublicID:
            if isSpace(c) { at += 1; state = .beforePublicID } else { beginID(c, isPublic: true) }
        default: // after public identifier, between public and system identifiers
            if isSpace(c) { at += 1; state = .betweenIDs; return }
            if c == 0x3E { at += 1; return emitDoctype() }
            if c == 0x22 || c == 0x27 { beginID(c, isPublic: false) } else { makeBogusDoctype() }
        }
    }

    func doctypeSystemStates() {
        let c = bytes[at]
        switch state {
        case .systemIDDoubleQuoted: quotedID(c, 0x22, isPublic: false)
        case .systemIDSingleQuoted: quotedID(c, 0x27, isPublic: false)
        case .afterSystemKeyword, .beforeSystemID:
            if isSpace(c) { at += 1; state = .beforeSystemID } else { beginID(c, isPublic: false) }
        default: // after system identifier
            if isSpace(c) { at += 1; return }
            if c == 0x3E { at += 1; return emitDoctype() }
            state = .bogusDoctype
        }
    }

    private func beginID(_ c: UInt8, isPublic: Bool) {
        switch c {
        case 0x22:
            at += 1
            state = isPublic ? .publicIDDoubleQuoted : .systemIDDoubleQuoted
        case 0x27:
            at += 1
            state = isPublic ? .publicIDSingleQuoted : .systemIDSingleQuoted
        case 0x3E:
            at += 1
            doctypeToken.forceQuirks = true
            emitDoctype()
        default: makeBogusDoctype()
        }
    }

    private func quotedID(_ c: UInt8, _ quote: UInt8, isPublic: Bool) {
        at += 1
        if c == quote {
            storeID(isPublic: isPublic)
            state = isPublic ? .afterPublicID : .afterSystemID
        } else if c == 0x3E {
            storeID(isPublic: isPublic)
            doctypeToken.forceQuirks = true
            emitDoctype()
        } else if c == 0 {
            keepReplacement(in: &doctypeBytes)
        } else {
            keep(c, in: &doctypeBytes)
        }
    }

    private func storeID(isPublic: Bool) {
        let id = takeDoctypeBytes()
        if isPublic { doctypeToken.publicID = id } else { doctypeToken.systemID = id }
    }

    func endDoctypeAtEndOfInput() {
        switch state {
        case .doctype: doctypeToken = DoctypeToken()
        case .doctypeName: doctypeToken.name = takeDoctypeBytes()
        case .publicIDDoubleQuoted, .publicIDSingleQuoted: storeID(isPublic: true)
        case .systemIDDoubleQuoted, .systemIDSingleQuoted: storeID(isPublic: false)
        case .bogusDoctype: return emitDoctype()
        case .beforeDoctypeName, .afterDoctypeName, .afterPublicKeyword, .beforePublicID, .afterPublicID, .betweenIDs,
             .afterSystemKeyword, .beforeSystemID, .afterSystemID: break
        default: return
        }
        doctypeToken.forceQuirks = true
        emitDoctype()
    }
}
