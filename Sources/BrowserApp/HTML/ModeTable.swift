// Rules of the table modes (HTML §13.2.6.4.9–15).
import DOM

extension TreeBuilder {
    func inTableMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters:
            guard isTableContext(open.current) else { return fosterByBodyRules(&t) }
            pendingTableText.removeAll(keepingCapacity: true)
            originalMode = mode
            mode = .inTableText
            return .again
        case .comment: insertComment(t)
        case .startTag: return startTagInTable(&t)
        case .endTag: return endTagInTable(&t)
        case .endOfFile: return inBodyMode(&t)
        case .doctype: break
        }
        return .done
    }

    private func isTableContext(_ e: OpenElement) -> Bool {
        guard e.namespace == .html else { return false }
        switch e.name {
        case .table, .tbody, .template, .tfoot, .thead, .tr: return true
        default: return false
        }
    }

    private func fosterByBodyRules(_ t: inout Token) -> Step {
        isFosterParenting = true
        let step = inBodyMode(&t)
        isFosterParenting = false
        return step
    }

    private func startTagInTable(_ t: inout Token) -> Step {
        switch t.name {
        case .caption:
            open.clear(to: .table)
            formatting.pushMarker()
            insertHTML(t)
            mode = .inCaption
        case .colgroup:
            open.clear(to: .table)
            insertHTML(t)
            mode = .inColumnGroup
        case .col:
            open.clear(to: .table)
            insertHTML(.colgroup)
            mode = .inColumnGroup
            return .again
        case .tbody, .tfoot, .thead:
            open.clear(to: .table)
            insertHTML(t)
            mode = .inTableBody
        case .td, .th, .tr:
            open.clear(to: .table)
            insertHTML(.tbody)
            mode = .inTableBody
            return .again
        case .table:
            guard open.has(.table, in: .table) else { return .done }
            open.popThrough(.table)
            resetInsertionMode()
            return .again
        case .style, .script, .template: return inHeadMode(&t)
        case .input where isHiddenInput(t): insertVoid(t)
        case .form:
            guard formElement.isNone, !open.contains(.template) else { return .done }
            formElement = insertHTML(t)
            open.pop()
        default: return fosterByBodyRules(&t)
        }
        return .done
    }

    private func endTagInTable(_ t: inout Token) -> Step {
        switch t.name {
        case .table:
            guard open.has(.table, in: .table) else { return .done }
            open.popThrough(.table)
            resetInsertionMode()
            return .done
        case .body, .caption, .col, .colgroup, .html, .tbody, .td, .tfoot, .th, .thead, .tr: return .done
        case .template: return inHeadMode(&t)
        default: return fosterByBodyRules(&t)
        }
    }

    func inTableTextMode(_ t: inout Token) -> Step {
        if t.kind == .characters {
            if t.text[0] != 0 { pendingTableText.append(contentsOf: t.text) }
            return .done
        }
        flushTableText()
        return .again
    }

    /// White space stays in the table; anything else is moved in front of it, by the rules of "in body".
    func flushTableText() {
        mode = originalMode
        if pendingTableText.isEmpty { return }
        let pending = pendingTableText
        pendingTableText.removeAll(keepingCapacity: true)
        pending.withUnsafeBufferPointer { text in
            if isAllSpace(text) { return insertText(text) }
            var t = Token(kind: .characters, text: text)
            _ = fosterByBodyRules(&t)
        }
    }

    func inCaptionMode(_ t: inout Token) -> Step {
        if t.kind == .startTag {
            switch t.name {
            case .caption, .col, .colgroup, .tbody, .td, .tfoot, .th, .thead, .tr: return closeCaption() ? .again : .done
            default: break
            }
        }
        if t.kind == .endTag {
            switch t.name {
            case .caption:
                _ = closeCaption()
                return .done
            case .table: return closeCaption() ? .again : .done
            case .body, .col, .colgroup, .html, .tbody, .td, .tfoot, .th, .thead, .tr: return .done
            default: break
            }
        }
        return inBodyMode(&t)
    }

    private func closeCaption() -> Bool {
        guard open.has(.caption, in: .table) else { return false }
        open.generateImpliedEndTags()
        open.popThrough(.caption)
        formatting.clearToMarker()
        mode = .inTable
        return true
    }

    func inColumnGroupMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters:
            insertText(takeLeadingSpace(&t))
            if t.text.isEmpty { return .done }
            // In a template nothing ends the group: what is no space is ignored character by character, spaces behind it stay.
            if !open.current.isHTML(.colgroup) {
                insertSpaces(of: t)
                return .done
            }
        case .comment:
            insertComment(t)
            return .done
        case .startTag:
            switch t.name {
            case .html: return inBodyMode(&t)
            case .col:
                insertVoid(t)
                return .done
            case .template: return inHeadMode(&t)
            default: break
            }
        case .endTag:
            switch t.name {
            case .colgroup:
                guard open.current.isHTML(.colgroup) else { return .done }
                open.pop()
                mode = .inTable
                return .done
            case .col: return .done
            case .template: return inHeadMode(&t)
            default: break
            }
        case .endOfFile: return inBodyMode(&t)
        case .doctype: return .done
        }
        guard open.current.isHTML(.colgroup) else { return .done }
        open.pop()
        mode = .inTable
        return .again
    }

    func inTableBodyMode(_ t: inout Token) -> Step {
        if t.kind == .startTag {
            switch t.name {
            case .tr:
                open.clear(to: .tbody, .tfoot, .thead)
                insertHTML(t)
                mode = .inRow
                return .done
            case .th, .td:
                open.clear(to: .tbody, .tfoot, .thead)
                insertHTML(.tr)
                mode = .inRow
                return .again
            case .caption, .col, .colgroup, .tbody, .tfoot, .thead: return closeTableBody() ? .again : .done
            default: break
            }
        }
        if t.kind == .endTag {
            switch t.name {
            case .tbody, .tfoot, .thead:
                if open.has(t.name, in: .table) { popTableBody() }
                return .done
            case .table: return closeTableBody() ? .again : .done
            case .body, .caption, .col, .colgroup, .html, .td, .th, .tr: return .done
            default: break
            }
        }
        return inTableMode(&t)
    }

    private func closeTableBody() -> Bool {
        guard open.has(.tbody, in: .table) || open.has(.thead, in: .table) || open.has(.tfoot, in: .table) else { return false }
        popTableBody()
        return true
    }

    private func popTableBody() {
        open.clear(to: .tbody, .tfoot, .thead)
        open.pop()
        mode = .inTable
    }

    func inRowMode(_ t: inout Token) -> Step {
        if t.kind == .startTag {
            switch t.name {
            case .th, .td:
                open.clear(to: .tr)
                insertHTML(t)
                mode = .inCell
                formatting.pushMarker()
                return .done
            case .caption, .col, .colgroup, .tbody, .tfoot, .thead, .tr: return closeRow() ? .again : .done
            default: break
            }
        }
        if t.kind == .endTag {
            switch t.name {
            case .tr:
                _ = closeRow()
                return .done
            case .table: return closeRow() ? .again : .done
            case .tbody, .tfoot, .thead: return open.has(t.name, in: .table) && closeRow() ? .again : .done
            case .body, .caption, .col, .colgroup, .html, .td, .th: return .done
            default: break
            }
        }
        return inTableMode(&t)
    }

    private func closeRow() -> Bool {
        guard open.has(.tr, in: .table) else { return false }
        open.clear(to: .tr)
        open.pop()
        mode = .inTableBody
        return true
    }

    func inCellMode(_ t: inout Token) -> Step {
        if t.kind == .startTag {
            switch t.name {
            case .caption, .col, .colgroup, .tbody, .td, .tfoot, .th, .thead, .tr: return closeCell() ? .again : .done
            default: break
            }
        }
        if t.kind == .endTag {
            switch t.name {
            case .td, .th:
                guard open.has(t.name, in: .table) else { return .done }
                open.generateImpliedEndTags()
                open.popThrough(t.name)
                formatting.clearToMarker()
                mode = .inRow
                return .done
            case .body, .caption, .col, .colgroup, .html: return .done
            case .table, .tbody, .tfoot, .thead, .tr: return open.has(t.name, in: .table) && closeCell() ? .again : .done
            default: break
            }
        }
        return inBodyMode(&t)
    }

    private func closeCell() -> Bool {
        guard open.has(.td, in: .table) || open.has(.th, in: .table) else { return false }
        open.generateImpliedEndTags()
        while true {
            let e = open.pop()
            if e.isHTML(.td) || e.isHTML(.th) { break }
        }
        formatting.clearToMarker()
        mode = .inRow
        return true
    }
}
