// Rules of the modes up to the body: initial, before html, before head, in head, in head noscript, after head, text
// (HTML §13.2.6.4.1–6, 8).
import DOM

extension TreeBuilder {
    func initialMode(_ t: inout Token) -> Step {
        if t.kind == .characters {
            _ = takeLeadingSpace(&t)
            if t.text.isEmpty { return .done }
        }
        if t.kind == .comment {
            insertComment(t, at: InsertionPlace(parent: document.root))
            return .done
        }
        document.quirksMode = .quirks
        mode = .beforeHTML
        return .again
    }

    func beforeHTMLMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t, at: InsertionPlace(parent: document.root))
            return .done
        case .characters:
            _ = takeLeadingSpace(&t)
            if t.text.isEmpty { return .done }
        case .startTag where t.name == .html:
            openRoot(t)
            mode = .beforeHead
            return .done
        case .endTag where !(t.name == .head || t.name == .body || t.name == .html || t.name == .br): return .done
        default: break
        }
        openRoot(Token(kind: .startTag, name: .html))
        mode = .beforeHead
        return .again
    }

    private func openRoot(_ t: Token) {
        let node = createElement(t, name: .html, namespace: .html)
        document.append(node, to: document.root)
        open.push(OpenElement(node: node, name: .html, tagName: .html, namespace: .html))
    }

    func beforeHeadMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t)
            return .done
        case .characters:
            _ = takeLeadingSpace(&t)
            if t.text.isEmpty { return .done }
        case .startTag where t.name == .html: return inBodyMode(&t)
        case .startTag where t.name == .head:
            headElement = insertHTML(t)
            mode = .inHead
            return .done
        case .endTag where !(t.name == .head || t.name == .body || t.name == .html || t.name == .br): return .done
        default: break
        }
        headElement = insertHTML(.head)
        mode = .inHead
        return .again
    }

    func inHeadMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t)
            return .done
        case .characters:
            insertText(takeLeadingSpace(&t))
            if t.text.isEmpty { return .done }
        case .startTag: if let step = startTagInHead(&t) { return step }
        case .endTag:
            switch t.name {
            case .head:
                open.pop()
                mode = .afterHead
                return .done
            case .template:
                endTemplate()
                return .done
            case .body, .html, .br: break
            default: return .done
            }
        default: break
        }
        open.pop()
        mode = .afterHead
        return .again
    }

    /// Nil: not a tag of the head.
    private func startTagInHead(_ t: inout Token) -> Step? {
        switch t.name {
        case .html: return inBodyMode(&t)
        case .base, .basefont, .bgsound, .link, .meta: insertVoid(t)
        case .title:
            insertHTML(t)
            setTextMode(.rcdata)
        case .noscript where !isScripting:
            insertHTML(t)
            mode = .inHeadNoscript
        case .noscript, .noframes, .style:
            insertHTML(t)
            setTextMode(.rawtext)
        case .script:
            let node = insertHTML(t)
            setTextMode(.scriptData)
            onElement?(node)
        case .template:
            insertHTML(t)
            formatting.pushMarker()
            isFramesetOK = false
            mode = .inTemplate
            templateModes.append(.inTemplate)
        case .head: break
        default: return nil
        }
        return .done
    }

    private func endTemplate() {
        guard open.contains(.template) else { return }
        open.generateImpliedEndTagsThoroughly()
        open.popThrough(.template)
        formatting.clearToMarker()
        _ = templateModes.popLast()
        resetInsertionMode()
    }

    func inHeadNoscriptMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment: return inHeadMode(&t)
        case .characters:
            insertText(takeLeadingSpace(&t))
            if t.text.isEmpty { return .done }
        case .startTag:
            switch t.name {
            case .html: return inBodyMode(&t)
            case .basefont, .bgsound, .link, .meta, .noframes, .style: return inHeadMode(&t)
            case .head, .noscript: return .done
            default: break
            }
        case .endTag:
            if t.name == .noscript {
                open.pop()
                mode = .inHead
                return .done
            }
            if t.name != .br { return .done }
        default: break
        }
        open.pop()
        mode = .inHead
        return .again
    }

    func afterHeadMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t)
            return .done
        case .characters:
            insertText(takeLeadingSpace(&t))
            if t.text.isEmpty { return .done }
        case .startTag: if let step = startTagAfterHead(&t) { return step }
        case .endTag:
            if t.name == .template { return inHeadMode(&t) }
            if !(t.name == .body || t.name == .html || t.name == .br) { return .done }
        default: break
        }
        insertHTML(.body)
        mode = .inBody
        return .again
    }

    private func startTagAfterHead(_ t: inout Token) -> Step? {
        switch t.name {
        case .html: return inBodyMode(&t)
        case .body:
            insertHTML(t)
            isFramesetOK = false
            mode = .inBody
        case .frameset:
            insertHTML(t)
            mode = .inFrameset
        case .base, .basefont, .bgsound, .link, .meta, .noframes, .script, .style, .template, .title:
            open.push(OpenElement(node: headElement, name: .head, tagName: .head, namespace: .html))
            let step = inHeadMode(&t)
            if let i = open.index(of: headElement) { open.remove(at: i) }
            return step
        case .head: break
        default: return nil
        }
        return .done
    }

    func textMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters:
            insertText(t.text)
            return .done
        case .endOfFile:
            closeText()
            return .again
        default:
            closeText()
            return .done
        }
    }

    private func closeText() {
        let e = open.pop()
        mode = originalMode
        if e.name == .style || e.name == .title { onElement?(e.node) }
    }
}
