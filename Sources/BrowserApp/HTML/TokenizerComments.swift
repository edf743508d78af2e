// Markup declarations and comments (HTML §13.2.5.41–52).
import DOM

extension Tokenizer {
    func bogusCommentState() {
        while at < end {
            let c = bytes[at]
            at += 1
            if c == 0x3E { return emitComment() }
            if c == 0 { keepReplacement(in: &commentBytes) } else { keep(c, in: &commentBytes) }
        }
    }

    /// §13.2.5.42: needs up to seven bytes of look-ahead.
    func markupDeclarationOpenState() {
        if lookingAt("--") {
            at += 2
            commentBytes.removeAll(keepingCapacity: true)
            state = .commentStart
        } else if lookingAt("doctype") {
            at += 7
            state = .doctype
        } else if lookingAt("[CDATA[", exactCase: true) {
            at += 7
            if sink.allowsCDATA {
                state = .cdata
            } else {
                commentBytes.removeAll(keepingCapacity: true)
                for byte in "[CDATA[".utf8 { commentBytes.append(byte) }
                state = .bogusComment
            }
        } else if !isStarved {
            commentBytes.removeAll(keepingCapacity: true)
            state = .bogusComment
        }
    }

    /// Does the input go on with this word? Sets `isStarved` when it might, but input ended.
    func lookingAt(_ word: StaticString, exactCase: Bool = false) -> Bool {
        let count = word.utf8CodeUnitCount
        for i in 0..<count {
            if at + i == end {
                if !isFinal { isStarved = true }
                return false
            }
            let c = bytes[at + i]
            if (exactCase ? c : lowercased(c)) != word.utf8Start[i] { return false }
        }
        return true
    }

    func commentStates() {
        let c = bytes[at]
        switch state {
        case .commentStart:
            if c == 0x2D { at += 1; state = .commentStartDash } else if c == 0x3E { at += 1; emitComment() } else { state = .comment }
        case .commentStartDash:
            if c == 0x2D { at += 1; state = .commentEnd } else if c == 0x3E { at += 1; emitComment() } else {
                keep(0x2D, in: &commentBytes)
                state = .comment
            }
        case .comment: commentState()
        case .commentLessThan:
            if c == 0x21 {
                at += 1
                keep(c, in: &commentBytes)
                state = .commentLessThanBang
            } else if c == 0x3C {
                at += 1
                keep(c, in: &commentBytes)
            } else {
                state = .comment
            }
        case .commentLessThanBang:
            if c == 0x2D { at += 1; state = .commentLessThanBangDash } else { state = .comment }
        case .commentLessThanBangDash:
            if c == 0x2D { at += 1; state = .commentLessThanBangDashDash } else { state = .commentEndDash }
        case .commentLessThanBangDashDash: state = .commentEnd
        default: commentEndStates(c)
        }
    }

    private func commentState() {
        while at < end {
            let c = bytes[at]
            at += 1
            switch c {
            case 0x3C:
                keep(c, in: &commentBytes)
                state = .commentLessThan
                return
            case 0x2D:
                state = .commentEndDash
                return
            case 0: keepReplacement(in: &commentBytes)
            default: keep(c, in: &commentBytes)
            }
        }
    }

    private func commentEndStates(_ c: UInt8) {
        switch state {
        case .commentEndDash:
            if c == 0x2D { at += 1; state = .commentEnd; return }
            keep(0x2D, in: &commentBytes)
        case .commentEnd:
            if c == 0x3E { at += 1; return emitComment() }
            if c == 0x21 { at += 1; state = .commentEndBang; return }
            keep(0x2D, in: &commentBytes)
            if c == 0x2D { at += 1; return }
            keep(0x2D, in: &commentBytes)
        default: // comment end bang
            if c == 0x3E { at += 1; return emitComment() }
            keep(0x2D, in: &commentBytes); keep(0x2D, in: &commentBytes); keep(0x21, in: &commentBytes)
            if c == 0x2D { at += 1; state = .commentEndDash; return }
        }
        state = .comment
    }
}
