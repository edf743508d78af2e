// Rules of "in template" and of the frameset modes (HTML §13.2.6.4.16, 18, 19, 21).
import DOM

extension TreeBuilder {
    func inTemplateMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters, .comment, .doctype: return inBodyMode(&t)
        case .startTag:
            switch t.name {
            case .base, .basefont, .bgsound, .link, .meta, .noframes, .script, .style, .template, .title: return inHeadMode(&t)
            case .caption, .colgroup, .tbody, .tfoot, .thead: return switchTemplate(.inTable)
            case .col: return switchTemplate(.inColumnGroup)
            case .tr: return switchTemplate(.inTableBody)
            case .td, .th: return switchTemplate(.inRow)
            default: return switchTemplate(.inBody)
            }
        case .endTag: return t.name == .template ? inHeadMode(&t) : .done
        case .endOfFile:
            guard open.contains(.template) else {
                hasStopped = true
                return .done
            }
            open.popThrough(.template)
            formatting.clearToMarker()
            _ = templateModes.popLast()
            resetInsertionMode()
            return .again
        }
    }

    private func switchTemplate(_ next: InsertionMode) -> Step {
        _ = templateModes.popLast()
        templateModes.append(next)
        mode = next
        return .again
    }

    func inFramesetMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters: insertSpaces(of: t)
        case .comment: insertComment(t)
        case .startTag:
            switch t.name {
            case .html: return inBodyMode(&t)
            case .frameset: insertHTML(t)
            case .frame: insertVoid(t)
            case .noframes: return inHeadMode(&t)
            default: break
            }
        case .endTag:
            guard t.name == .frameset, open.count > 1 else { return .done }
            open.pop()
            if !isFragment && !open.current.isHTML(.frameset) { mode = .afterFrameset }
        case .endOfFile: hasStopped = true
        case .doctype: break
        }
        return .done
    }

    func afterFramesetMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters: insertSpaces(of: t)
        case .comment: insertComment(t)
        case .startTag:
            if t.name == .html { return inBodyMode(&t) }
            if t.name == .noframes { return inHeadMode(&t) }
        case .endTag: if t.name == .html { mode = .afterAfterFrameset }
        case .endOfFile: hasStopped = true
        case .doctype: break
        }
        return .done
    }

    func afterAfterFramesetMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters:
            while !t.text.isEmpty {
                if spaceByBodyRules(&t) != nil { break }
                t.text = UnsafeBufferPointer(rebasing: t.text.dropFirst())
            }
        case .comment: insertComment(t, at: InsertionPlace(parent: document.root))
        case .startTag:
            if t.name == .html { return inBodyMode(&t) }
            if t.name == .noframes { return inHeadMode(&t) }
        case .endOfFile: hasStopped = true
        case .endTag, .doctype: break
        }
        return .done
    }

    /// Only the white space of a text counts here.
    func insertSpaces(of t: Token) {
        var spaces: [UInt8] = []
        for byte in t.text where isSpace(byte) { spaces.append(byte) }
        spaces.withUnsafeBufferPointer { insertText($0) }
    }
}
