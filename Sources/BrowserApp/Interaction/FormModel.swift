// Forms and their controls as markup describes them (HTML §4.10): types, owners, groups, labels. Reads the document,
// changes nothing.

import DOM

/// Type of an input element; unknown types and those without a picker of ours are text fields (HTML §4.10.5).
public enum InputType: UInt8, Sendable {
    case text, search, password, email, url, telephone, number
    /// A picker's value typed as text: date, time, month, week, datetime-local, color, range.
    case picker
    case checkbox, radio, file, hidden, submit, image, reset, button

    var isText: Bool { rawValue <= InputType.picker.rawValue }
    var isButton: Bool { self == .submit || self == .image || self == .reset || self == .button }
}

extension Document {
    public func inputType(_ n: NodeID) -> InputType {
        switch asciiLowercased(attribute(n, .type) ?? "text") {
        case "search": .search
        case "password": .password
        case "email": .email
        case "url": .url
        case "tel": .telephone
        case "number": .number
        case "date", "time", "month", "week", "datetime-local", "color", "range": .picker
        case "checkbox": .checkbox
        case "radio": .radio
        case "file": .file
        case "hidden": .hidden
        case "submit": .submit
        case "image": .image
        case "reset": .reset
        case "button": .button
        default: .text
        }
    }
    /// A control in which the user types. A range slider is none: it has no text box.
    public func isTextControl(_ n: NodeID) -> Bool {
        if isHTML(n, .textarea) { return true }
        return isHTML(n, .input) && inputType(n).isText && asciiLowercased(attribute(n, .type) ?? "") != "range"
    }
    public func isReadOnly(_ n: NodeID) -> Bool { hasAttribute(n, .readonly) }
    public func isCheckable(_ n: NodeID) -> Bool {
        guard isHTML(n, .input) else { return false }
        let type = inputType(n)
        return type == .checkbox || type == .radio
    }
    /// `submit` for buttons without a type (HTML §4.10.6).
    public func isSubmitButton(_ n: NodeID) -> Bool {
        if isHTML(n, .input) { return inputType(n) == .submit || inputType(n) == .image }
        guard isHTML(n, .button) else { return false }
        let type = asciiLowercased(attribute(n, .type) ?? "")
        return type != "reset" && type != "button"
    }
    public func isResetButton(_ n: NodeID) -> Bool {
        if isHTML(n, .input) { return inputType(n) == .reset }
        return isHTML(n, .button) && asciiLowercased(attribute(n, .type) ?? "") == "reset"
    }
    public func isButton(_ n: NodeID) -> Bool { isHTML(n, .button) || (isHTML(n, .input) && inputType(n).isButton) }
    public func isLink(_ n: NodeID) -> Bool { (isHTML(n, .a) || isHTML(n, .area)) && hasAttribute(n, .href) }

    // MARK: Owners and groups

    /// The form that a control belongs to (HTML §4.10.18.3); none without one.
    public func formOwner(_ n: NodeID) -> NodeID {
        if let id = attribute(n, .form) {
            guard let atom = Atom(existing: id) else { return .none }
            let form = element(withID: atom)
            return !form.isNone && isHTML(form, .form) ? form : .none
        }
        var at = parent(n)
        while !at.isNone {
            if isHTML(at, .form) { return at }
            at = parent(at)
        }
        return parserForm(n)
    }
    /// The form's controls in tree order.
    public func formControls(_ form: NodeID) -> [NodeID] {
        var result: [NodeID] = []
        var n = next(root, within: root)
        while !n.isNone {
            if isFormControl(n), formOwner(n) == form { result.append(n) }
            n = next(n, within: root)
        }
        return result
    }
    /// All controls of the document in tree order.
    public func allControls() -> [NodeID] {
        var result: [NodeID] = []
        var n = next(root, within: root)
        while !n.isNone {
            if isFormControl(n) { result.append(n) }
            n = next(n, within: root)
        }
        return result
    }
    /// The radio buttons of a group in tree order, the given one among them (HTML §4.10.5.1.16).
    public func radioGroup(_ n: NodeID) -> [NodeID] {
        guard let name = attribute(n, .name), !name.isEmpty else { return [n] }
        let form = formOwner(n)
        var result: [NodeID] = []
        for other in allControls() where isHTML(other, .input) && inputType(other) == .radio && attribute(other, .name) == name && formOwner(other) == form { result.append(other) }
        return result
    }
    /// The button that Enter in a text field presses: the form's first submit button (HTML §4.10.22.2).
    public func defaultButton(_ form: NodeID) -> NodeID {
        for n in formControls(form) where isSubmitButton(n) { return n }
        return .none
    }
    /// The control that a label is for (HTML §4.10.4).
    public func labelledControl(_ label: NodeID) -> NodeID {
        if let id = attribute(label, .for_) {
            guard let atom = Atom(existing: id) else { return .none }
            let n = element(withID: atom)
            return !n.isNone && isFormControl(n) && !isHidden(n) ? n : .none
        }
        var n = next(label, within: label)
        while !n.isNone {
            if isFormControl(n), !isHidden(n) { return n }
            n = next(n, within: label)
        }
        return .none
    }
    private func isHidden(_ n: NodeID) -> Bool { isHTML(n, .input) && inputType(n) == .hidden }
}

func asciiLowercased(_ text: String) -> String {
    var bytes: [UInt8] = []
    for b in text.utf8 { bytes.append(b >= 0x41 && b <= 0x5A ? b | 0x20 : b) }
    return String(decoding: bytes, as: UTF8.self)
}
func isBlank(_ b: UInt8) -> Bool { b == 0x20 || (b >= 0x09 && b <= 0x0D && b != 0x0B) }
/// Without white space at both ends.
func stripped(_ text: String) -> String {
    let b = Array(text.utf8)
    var low = 0, high = b.count
    while low < high, isBlank(b[low]) { low += 1 }
    while high > low, isBlank(b[high - 1]) { high -= 1 }
    return String(decoding: b[low..<high], as: UTF8.self)
}
/// HTML §2.3.4.1: a leading integer; nil without digits.
func parseInteger(_ text: String?) -> Int? {
    guard let text else { return nil }
    let b = Array(text.utf8)
    var i = 0, isNegative = false, value: Int64 = 0, digits = 0
    while i < b.count, isBlank(b[i]) { i += 1 }
    if i < b.count, b[i] == 0x2D || b[i] == 0x2B { isNegative = b[i] == 0x2D; i += 1 }
    while i < b.count, b[i] >= 0x30, b[i] <= 0x39 {
        value = min(value * 10 + Int64(b[i] - 0x30), 0x7FFF_FFFF)
        digits += 1
        i += 1
    }
    return digits == 0 ? nil : Int(isNegative ? -value : value)
}
