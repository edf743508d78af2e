// Text states: data, RCDATA, RAWTEXT, PLAINTEXT, script data with its escapes, and CDATA sections
// (HTML §13.2.5.1–5, 9–31, 69–71).
import DOM

extension Tokenizer {
    /// §13.2.5.1. A run that ends at a tag and has no pending text before it goes out without a copy.
    func dataState() {
        let start = at, end = self.end, p = bytes
        var i = at
        while i < end {
            let c = p[i]
            if c == 0x3C || c == 0x26 || c == 0 { break }
            i += 1
        }
        at = i
        let stop = i < end ? p[i] : 0xFF
        if i > start {
            let run = UnsafeBufferPointer(start: p + start, count: i - start)
            if text.isEmpty && stop != 0x26 { emitRun(run) } else { text.append(contentsOf: run) }
        }
        if i == end { return }
        at += 1
        switch stop {
        case 0x3C: state = .tagOpen
        case 0x26: beginReference(.data)
        default: emitNull()
        }
    }

    /// §13.2.5.2–5: text whose only markup is its end tag (and references in RCDATA).
    func textRunState() {
        let start = at, p = bytes
        let hasMarkup = state != .plaintext, hasReferences = state == .rcdata
        while at < end {
            let c = p[at]
            if c == 0 || (c == 0x3C && hasMarkup) || (c == 0x26 && hasReferences) { break }
            at += 1
        }
        if at > start { text.append(contentsOf: slice(from: start)) }
        if at == end { return }
        at += 1
        switch p[at - 1] {
        case 0x3C:
            textState = state
            state = .textLessThan
        case 0x26: beginReference(.rcdata)
        default: emitReplacement()
        }
    }

    func textLessThanState() {
        if bytes[at] == 0x2F {
            at += 1
            temporary.removeAll(keepingCapacity: true)
            state = .textEndTagOpen
        } else if bytes[at] == 0x21 && textState == .scriptData {
            at += 1
            emit(0x3C); emit(0x21)
            state = .scriptEscapeStart
        } else {
            emit(0x3C)
            state = textState
        }
    }

    func textEndTagOpenState() {
        if isLetter(bytes[at]) {
            beginTag(isEnd: true)
            state = .textEndTagName
        } else {
            emit(0x3C); emit(0x2F)
            state = textState
        }
    }

    func textEndTagNameState() {
        let c = bytes[at]
        if isLetter(c) {
            at += 1
            keep(lowercased(c), in: &nameBytes)
            keep(c, in: &temporary)
            return
        }
        if c == 0x2F || c == 0x3E || isSpace(c), isAppropriateEndTag {
            at += 1
            switch c {
            case 0x2F: state = .selfClosingStartTag
            case 0x3E: emitTag()
            default: state = .beforeAttributeName
            }
            return
        }
        flushFailedEndTag()
        state = textState
    }

    func flushFailedEndTag() {
        emit(0x3C); emit(0x2F)
        emit(temporary)
    }

    private var isAppropriateEndTag: Bool {
        nameBytes.withUnsafeBufferPointer { Atom(existingUTF8: $0) } == lastStartTag
    }

    // MARK: Script escapes

    /// §13.2.5.18–19.
    func scriptEscapeStartState() {
        if bytes[at] == 0x2D {
            at += 1
            emit(0x2D)
            state = state == .scriptEscapeStart ? .scriptEscapeStartDash : .scriptEscapedDashDash
        } else {
            state = .scriptData
        }
    }

    /// §13.2.5.20–22.
    func scriptEscapedState() {
        let c = bytes[at]
        at += 1
        switch c {
        case 0x2D:
            emit(c)
            state = state == .scriptEscaped ? .scriptEscapedDash : .scriptEscapedDashDash
        case 0x3C: state = .scriptEscapedLessThan
        case 0x3E where state == .scriptEscapedDashDash:
            emit(c)
            state = .scriptData
        case 0:
            emitReplacement()
            state = .scriptEscaped
        default:
            emit(c)
            state = .scriptEscaped
        }
    }

    func scriptEscapedLessThanState() {
        let c = bytes[at]
        temporary.removeAll(keepingCapacity: true)
        if c == 0x2F {
            at += 1
            textState = .scriptEscaped
            state = .textEndTagOpen
        } else if isLetter(c) {
            emit(0x3C)
            state = .scriptDoubleEscapeStart
        } else {
            emit(0x3C)
            state = .scriptEscaped
        }
    }

    /// §13.2.5.26 and 31: the word "script" begins or ends double escaping.
    func scriptDoubleEscapeNameState() {
        let c = bytes[at]
        let isStart = state == .scriptDoubleEscapeStart
        if isSpace(c) || c == 0x2F || c == 0x3E {
            at += 1
            emit(c)
            let isScript = temporary == [0x73, 0x63, 0x72, 0x69, 0x70, 0x74]
            state = isScript == isStart ? .scriptDoubleEscaped : .scriptEscaped
        } else if isLetter(c) {
            at += 1
            emit(c)
            if temporary.count < 16 { temporary.append(lowercased(c)) }
        } else {
            state = isStart ? .scriptEscaped : .scriptDoubleEscaped
        }
    }

    /// §13.2.5.27–29.
    func scriptDoubleEscapedState() {
        let c = bytes[at]
        at += 1
        switch c {
        case 0x2D:
            emit(c)
            state = state == .scriptDoubleEscaped ? .scriptDoubleEscapedDash : .scriptDoubleEscapedDashDash
        case 0x3C:
            emit(c)
            state = .scriptDoubleEscapedLessThan
        case 0x3E where state == .scriptDoubleEscapedDashDash:
            emit(c)
            state = .scriptData
        case 0:
            emitReplacement()
            state = .scriptDoubleEscaped
        default:
            emit(c)
            state = .scriptDoubleEscaped
        }
    }

    func scriptDoubleEscapedLessThanState() {
        if bytes[at] == 0x2F {
            at += 1
            emit(0x2F)
            temporary.removeAll(keepingCapacity: true)
            state = .scriptDoubleEscapeEnd
        } else {
            state = .scriptDoubleEscaped
        }
    }

    // MARK: CDATA

    func cdataStates() {
        let c = bytes[at]
        switch state {
        case .cdata:
            at += 1
            if c == 0x5D { state = .cdataBracket } else if c == 0 { emitNull() } else { emit(c) }
        case .cdataBracket:
            if c == 0x5D {
                at += 1
                state = .cdataEnd
            } else {
                emit(0x5D)
                state = .cdata
            }
        default:
            if c == 0x5D {
                at += 1
                emit(0x5D)
            } else if c == 0x3E {
                at += 1
                state = .data
            } else {
                emit(0x5D); emit(0x5D)
                state = .cdata
            }
        }
    }

    // MARK: End of input

    /// What each state does when input ends, short of the end-of-file token itself.
    func endOfInput() {
        switch state {
        case .tagOpen, .scriptEscapedLessThan: emit(0x3C)
        case .textLessThan: emit(0x3C)
        case .endTagOpen, .textEndTagOpen: emit(0x3C); emit(0x2F)
        case .textEndTagName: flushFailedEndTag()
        case .bogusComment, .commentStart, .commentStartDash, .comment, .commentLessThan, .commentLessThanBang,
             .commentLessThanBangDash, .commentLessThanBangDashDash, .commentEndDash, .commentEnd, .commentEndBang:
            emitComment()
        case .markupDeclarationOpen:
            commentBytes.removeAll()
            emitComment()
        case .cdataBracket: emit(0x5D)
        case .cdataEnd: emit(0x5D); emit(0x5D)
        case .reference, .numericReference, .hexReferenceStart, .hexReference, .decimalReference:
            endReferenceAtEndOfInput()
        default: endDoctypeAtEndOfInput()
        }
    }
}
