// Rules of "in body" (HTML §13.2.6.4.7). End tags stand in ModeBodyEnd.swift.
import DOM

extension TreeBuilder {
    func inBodyMode(_ t: inout Token) -> Step {
        switch t.kind {
        case .characters: charactersInBody(t)
        case .comment: insertComment(t)
        case .startTag: return startTagInBody(&t)
        case .endTag: return endTagInBody(&t)
        case .endOfFile:
            if !templateModes.isEmpty { return inTemplateMode(&t) }
            hasStopped = true
        case .doctype: break
        }
        return .done
    }

    private func charactersInBody(_ t: Token) {
        if t.text[0] == 0 { return }
        reconstructFormatting()
        insertText(t.text)
        if isFramesetOK && !isAllSpace(t.text) { isFramesetOK = false }
    }

    private func startTagInBody(_ t: inout Token) -> Step {
        switch t.name {
        case .html: if !open.contains(.template) { mergeAttributes(t, into: open[0].node) }
        case .base, .basefont, .bgsound, .link, .meta, .noframes, .script, .style, .template, .title: return inHeadMode(&t)
        case .body: startBody(t)
        case .frameset: startFrameset(t)
        case .address, .article, .aside, .blockquote, .center, .details, .dialog, .dir, .div, .dl, .fieldset, .figcaption,
             .figure, .footer, .header, .hgroup, .main, .menu, .nav, .ol, .p, .search, .section, .summary, .ul:
            closePInButtonScope()
            insertHTML(t)
        case .h1, .h2, .h3, .h4, .h5, .h6:
            closePInButtonScope()
            if isHeading(open.current) { open.pop() }
            insertHTML(t)
        case .pre, .listing:
            closePInButtonScope()
            insertHTML(t)
            skipsNewline = true
            isFramesetOK = false
        case .form: startForm(t)
        case .li: startItem(t, .li, .li)
        case .dd, .dt: startItem(t, .dd, .dt)
        case .plaintext:
            closePInButtonScope()
            insertHTML(t)
            tokenizer?.state = .plaintext
        case .button: startButton(t)
        case .a, .nobr, .b, .big, .code, .em, .font, .i, .s, .small, .strike, .strong, .tt, .u: startFormatting(t)
        case .applet, .marquee, .object:
            reconstructFormatting()
            insertHTML(t)
            formatting.pushMarker()
            isFramesetOK = false
        case .table:
            if !document.isQuirks { closePInButtonScope() }
            insertHTML(t)
            isFramesetOK = false
            mode = .inTable
        case .area, .br, .embed, .img, .keygen, .wbr:
            reconstructFormatting()
            insertVoid(t)
            isFramesetOK = false
        case .image:
            t.name = .img
            return .again
        case .param, .source, .track: insertVoid(t)
        case .caption, .col, .colgroup, .frame, .head, .tbody, .td, .tfoot, .th, .thead, .tr: break
        default: startOtherInBody(t)
        }
        return .done
    }

    private func startOtherInBody(_ t: Token) {
        switch t.name {
        case .input, .select, .option, .optgroup, .hr: startFormControl(t)
        case .textarea:
            insertHTML(t)
            skipsNewline = true
            isFramesetOK = false
            setTextMode(.rcdata)
        case .xmp:
            closePInButtonScope()
            reconstructFormatting()
            isFramesetOK = false
            insertHTML(t)
            setTextMode(.rawtext)
        case .iframe:
            isFramesetOK = false
            insertHTML(t)
            setTextMode(.rawtext)
        case .noembed:
            insertHTML(t)
            setTextMode(.rawtext)
        case .noscript where isScripting:
            insertHTML(t)
            setTextMode(.rawtext)
        case .rb, .rtc:
            if open.has(.ruby, in: .standard) { open.generateImpliedEndTags() }
            insertHTML(t)
        case .rp, .rt:
            if open.has(.ruby, in: .standard) { open.generateImpliedEndTags(except: .rtc) }
            insertHTML(t)
        case .math, .svg:
            reconstructFormatting()
            insertForeign(t, t.name == .svg ? .svg : .mathML)
        default:
            reconstructFormatting()
            insertHTML(t)
        }
    }

    func isHeading(_ e: OpenElement) -> Bool {
        guard e.namespace == .html else { return false }
        switch e.name {
        case .h1, .h2, .h3, .h4, .h5, .h6: return true
        default: return false
        }
    }

    private func startBody(_ t: Token) {
        guard open.count > 1, open[1].isHTML(.body), !open.contains(.template) else { return }
        isFramesetOK = false
        mergeAttributes(t, into: open[1].node)
    }

    private func startFrameset(_ t: Token) {
        guard open.count > 1, open[1].isHTML(.body), isFramesetOK else { return }
        document.remove(open[1].node)
        open.truncate(1)
        insertHTML(t)
        mode = .inFrameset
    }

    private func startForm(_ t: Token) {
        let inTemplate = open.contains(.template)
        if !formElement.isNone && !inTemplate { return }
        closePInButtonScope()
        let node = insertHTML(t)
        if !inTemplate { formElement = node }
    }

    /// li, dd and dt close an open item of their kind.
    private func startItem(_ t: Token, _ a: Atom, _ b: Atom) {
        isFramesetOK = false
        var i = open.count
        while i > 0 {
            i -= 1
            let e = open[i]
            if e.isHTML(a) || e.isHTML(b) {
                open.generateImpliedEndTags(except: e.name)
                open.popThrough(e.name)
                break
            }
            if e.isSpecial, !(e.isHTML(.address) || e.isHTML(.div) || e.isHTML(.p)) { break }
        }
        closePInButtonScope()
        insertHTML(t)
    }

    private func startButton(_ t: Token) {
        if open.has(.button, in: .standard) {
            open.generateImpliedEndTags()
            open.popThrough(.button)
        }
        reconstructFormatting()
        insertHTML(t)
        isFramesetOK = false
    }

    private func startFormatting(_ t: Token) {
        if t.name == .a, let i = formatting.lastIndex(of: .a) {
            let node = formatting[i].node
            if !adoptionAgency(.a) { anyOtherEndTag(.a) }
            if let i = formatting.index(of: node) { formatting.remove(at: i) }
            if let i = open.index(of: node) { open.remove(at: i) }
        }
        reconstructFormatting()
        if t.name == .nobr, open.has(.nobr, in: .standard) {
            if !adoptionAgency(.nobr) { anyOtherEndTag(.nobr) }
            reconstructFormatting()
        }
        insertFormatting(t)
    }

    /// input, select, option, optgroup and hr, which know an open select element.
    private func startFormControl(_ t: Token) {
        let isFragmentOfSelect = isFragment && context.isHTML(.select)
        let inSelect = open.has(.select, in: .standard)
        switch t.name {
        case .input:
            if isFragmentOfSelect { return }
            if inSelect { open.popThrough(.select) }
            reconstructFormatting()
            insertVoid(t)
            if !isHiddenInput(t) { isFramesetOK = false }
        case .select:
            if isFragmentOfSelect { return }
            if inSelect { return open.popThrough(.select) }
            reconstructFormatting()
            insertHTML(t)
            isFramesetOK = false
        case .hr:
            closePInButtonScope()
            if inSelect { open.generateImpliedEndTags() }
            insertVoid(t)
            isFramesetOK = false
        default:
            if inSelect {
                open.generateImpliedEndTags(except: t.name == .option ? .optgroup : .empty)
            } else if open.current.isHTML(.option) {
                open.pop()
            }
            reconstructFormatting()
            insertHTML(t)
        }
    }

    func isHiddenInput(_ t: Token) -> Bool {
        guard let type = t.attribute(.type) else { return false }
        return equalsIgnoringCase(type, "hidden")
    }
}
