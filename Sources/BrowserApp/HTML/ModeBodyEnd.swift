// End tags "in body" (HTML §13.2.6.4.7), and the modes after the body (§13.2.6.4.17, 20).
import DOM

extension TreeBuilder {
    func endTagInBody(_ t: inout Token) -> Step {
        switch t.name {
        case .template: return inHeadMode(&t)
        case .body, .html:
            guard open.has(.body, in: .standard) else { return .done }
            mode = .afterBody
            return t.name == .html ? .again : .done
        case .address, .article, .aside, .blockquote, .button, .center, .details, .dialog, .dir, .div, .dl, .fieldset, .figcaption,
             .figure, .footer, .header, .hgroup, .listing, .main, .menu, .nav, .ol, .pre, .search, .section, .select, .summary, .ul:
            guard open.has(t.name, in: .standard) else { return .done }
            open.generateImpliedEndTags()
            open.popThrough(t.name)
        case .form: endForm()
        case .p:
            if !open.has(.p, in: .button) { insertHTML(.p) }
            closeP()
        case .li:
            guard open.has(.li, in: .listItem) else { return .done }
            open.generateImpliedEndTags(except: .li)
            open.popThrough(.li)
        case .dd, .dt:
            guard open.has(t.name, in: .standard) else { return .done }
            open.generateImpliedEndTags(except: t.name)
            open.popThrough(t.name)
        case .h1, .h2, .h3, .h4, .h5, .h6: endHeading()
        case .a, .b, .big, .code, .em, .font, .i, .nobr, .s, .small, .strike, .strong, .tt, .u:
            if !adoptionAgency(t.name) { anyOtherEndTag(t.name) }
        case .applet, .marquee, .object:
            guard open.has(t.name, in: .standard) else { return .done }
            open.generateImpliedEndTags()
            open.popThrough(t.name)
            formatting.clearToMarker()
        case .br:
            reconstructFormatting()
            insertVoid(Token(kind: .startTag, name: .br))
            isFramesetOK = false
        default: anyOtherEndTag(t.name)
        }
        return .done
    }

    private func endForm() {
        if open.contains(.template) {
            guard open.has(.form, in: .standard) else { return }
            open.generateImpliedEndTags()
            open.popThrough(.form)
            return
        }
        let node = formElement
        formElement = .none
        guard !node.isNone, open.hasNode(node) else { return }
        open.generateImpliedEndTags()
        if let i = open.index(of: node) { open.remove(at: i) }
    }

    private func endHeading() {
        guard open.has(in: .standard, where: { isHeading($0) }) else { return }
        open.generateImpliedEndTags()
        while !isHeading(open.pop()) {}
    }

    func anyOtherEndTag(_ name: Atom) {
        var i = open.count
        while i > 0 {
            i -= 1
            let e = open[i]
            if e.isHTML(name) {
                open.generateImpliedEndTags(except: name)
                open.truncate(i)
                return
            }
            if e.isSpecial { return }
        }
    }

    // MARK: After the body

    func afterBodyMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t, at: InsertionPlace(parent: open[0].node))
            return .done
        case .characters: if let step = spaceByBodyRules(&t) { return step }
        case .startTag where t.name == .html: return inBodyMode(&t)
        case .endTag where t.name == .html:
            if !isFragment { mode = .afterAfterBody }
            return .done
        case .endOfFile:
            hasStopped = true
            return .done
        default: break
        }
        mode = .inBody
        return .again
    }

    func afterAfterBodyMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .comment:
            insertComment(t, at: InsertionPlace(parent: document.root))
            return .done
        case .characters: if let step = spaceByBodyRules(&t) { return step }
        case .startTag where t.name == .html: return inBodyMode(&t)
        case .endOfFile:
            hasStopped = true
            return .done
        default: break
        }
        mode = .inBody
        return .again
    }

    /// Leading white space goes by the rules of "in body"; nil when other text remains.
    func spaceByBodyRules(_ t: inout Token) -> Step? {
        let space = takeLeadingSpace(&t)
        if !space.isEmpty {
            var part = Token(kind: .characters, text: space)
            _ = inBodyMode(&part)
        }
        return t.text.isEmpty ? .done : nil
    }
}
