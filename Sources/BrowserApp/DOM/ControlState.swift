// What the user did to form controls, as the document knows it (HTML §4.10.18.1): values with their dirty flag,
// checkedness and selectedness with theirs. Markup keeps the defaults, so a reset only forgets what is here.
// Invariant: nothing here is iterated; order never depends on it.

/// Values that differ from markup, by raw node id.
public struct ControlTable {
    var values: [UInt32: String] = [:]
    /// The form that the parser gave a control, by raw ids; counts where no form is around the control.
    var forms: [UInt32: UInt32] = [:]
    /// Paths of the files that were chosen.
    var files: [UInt32: [String]] = [:]
    public init() {}
    /// The node's record goes to another node.
    mutating func forget(_ n: NodeID) {
        if !values.isEmpty { values[n.raw] = nil }
        if !forms.isEmpty { forms[n.raw] = nil }
        if !files.isEmpty { files[n.raw] = nil }
    }
}

extension ElementState {
    /// Checkedness or selectedness is the user's: `.checked` counts, the attribute does not.
    public static let dirtyChecked = ElementState(rawValue: 256)
    /// The user's value is not empty; kept so that `:placeholder-shown` restyles.
    public static let filled = ElementState(rawValue: 512)
    /// The value is the user's.
    public static let dirtyValue = ElementState(rawValue: 1024)
}

extension Document {
    // MARK: Values

    /// The control's value: the user's, else the default from markup.
    public func controlValue(_ n: NodeID) -> String {
        if state(n).contains(.dirtyValue), let value = controls.values[n.raw] { return value }
        return defaultControlValue(n)
    }
    /// The `value` attribute, or a text area's own text.
    public func defaultControlValue(_ n: NodeID) -> String { isHTML(n, .textarea) ? textContent(n) : attribute(n, .value) ?? "" }

    public func setControlValue(_ n: NodeID, _ value: String) {
        controls.values[n.raw] = value
        var s = state(n).union(.dirtyValue)
        if value.isEmpty { s.remove(.filled) } else { s.insert(.filled) }
        setState(n, s)
    }

    /// Paths of the files that the user chose for a file control, in order.
    public func chosenFiles(_ n: NodeID) -> [String] { controls.files.isEmpty ? [] : controls.files[n.raw] ?? [] }
    public func setChosenFiles(_ n: NodeID, _ paths: [String]) { controls.files[n.raw] = paths.isEmpty ? nil : paths }

    /// Back to what markup says (HTML §4.10.22.5).
    public func resetControl(_ n: NodeID) {
        controls.values[n.raw] = nil
        if !controls.files.isEmpty { controls.files[n.raw] = nil }
        setState(n, state(n).subtracting([.dirtyValue, .filled, .dirtyChecked, .checked]))
    }

    // MARK: Forms

    public func setParserForm(_ n: NodeID, _ form: NodeID) { controls.forms[n.raw] = form.raw }
    /// The form whose tag was open when the parser met the control; none without one.
    public func parserForm(_ n: NodeID) -> NodeID { NodeID(raw: controls.forms[n.raw] ?? 0) }

    // MARK: Checkedness

    /// Checkedness of an input, selectedness of an option.
    public func isChecked(_ n: NodeID) -> Bool {
        let s = state(n)
        if s.contains(.dirtyChecked) { return s.contains(.checked) }
        return hasAttribute(n, isHTML(n, .option) ? .selected : .checked)
    }
    public func setChecked(_ n: NodeID, _ on: Bool) {
        var s = state(n).union(.dirtyChecked)
        if on { s.insert(.checked) } else { s.remove(.checked) }
        setState(n, s)
    }

    // MARK: Select elements (HTML §4.10.7)

    /// All options of a select in tree order.
    public func options(of select: NodeID) -> [NodeID] {
        var result: [NodeID] = []
        var n = next(select, within: select)
        while !n.isNone {
            if isHTML(n, .option) { result.append(n) }
            n = next(n, within: select)
        }
        return result
    }
    /// The option that a drop-down shows: the last selected one, else the first that is not disabled; none without options.
    public func shownOption(of select: NodeID) -> NodeID {
        var chosen = NodeID.none, first = NodeID.none
        for option in options(of: select) {
            if isChecked(option) { chosen = option }
            if first.isNone, !isDisabledOption(option) { first = option }
        }
        return chosen.isNone ? first : chosen
    }
    public func isDisabledOption(_ option: NodeID) -> Bool {
        hasAttribute(option, .disabled) || (isHTML(parent(option), .optgroup) && hasAttribute(parent(option), .disabled))
    }
    /// What an option submits (HTML §4.10.10).
    public func optionValue(_ option: NodeID) -> String { attribute(option, .value) ?? optionText(option) }
    /// An option's text without surplus white space.
    public func optionText(_ option: NodeID) -> String { collapsedText(textContent(option)) }

    // MARK: Disabled (HTML §4.10.18.5)

    public func isFormControl(_ n: NodeID) -> Bool {
        guard isElement(n), namespace(n) == .html else { return false }
        switch name(n) {
        case .input, .button, .select, .textarea: return true
        default: return false
        }
    }
    /// The control itself or a fieldset around it is disabled; a fieldset's first legend stays enabled.
    public func isDisabledControl(_ n: NodeID) -> Bool {
        if hasAttribute(n, .disabled) { return true }
        var inner = n, outer = parent(n)
        while !outer.isNone {
            if isHTML(outer, .fieldset), hasAttribute(outer, .disabled), !(isHTML(inner, .legend) && firstChild(outer, named: .legend) == inner) { return true }
            inner = outer
            outer = parent(outer)
        }
        return false
    }
}
