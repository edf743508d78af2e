// Constraint validation (HTML §4.10.21): which control of a form is wrong, and a sentence that says what would be right.

import DOM
import WebNet

public enum Validation {
    /// What is wrong with a control; nil when it may be submitted or is barred from validation.
    public static func problem(_ document: Document, _ n: NodeID) -> String? {
        guard isCandidate(document, n) else { return nil }
        if document.isHTML(n, .select) { return selectProblem(document, n) }
        if document.isCheckable(n) { return checkProblem(document, n) }
        if document.isHTML(n, .input), document.inputType(n) == .file {
            return document.hasAttribute(n, .required) && document.chosenFiles(n).isEmpty ? "Please select a file." : nil
        }
        guard document.isTextControl(n) else { return nil }
        let value = document.controlValue(n)
        if value.isEmpty { return document.hasAttribute(n, .required) ? "Please fill in this field." : nil }
        return lengthProblem(document, n, value) ?? typeProblem(document, n, value) ?? patternProblem(document, n, value)
    }
    /// The form's first control that is wrong, in tree order.
    public static func firstProblem(_ document: Document, form: NodeID) -> (control: NodeID, message: String)? {
        for n in document.formControls(form) { if let message = problem(document, n) { return (n, message) } }
        return nil
    }

    private static func isCandidate(_ document: Document, _ n: NodeID) -> Bool {
        if document.isDisabledControl(n) || document.isButton(n) { return false }
        if document.isHTML(n, .input) {
            let type = document.inputType(n)
            if type == .hidden { return false }
        }
        return !(document.isReadOnly(n) && document.isTextControl(n))
    }
    private static func selectProblem(_ document: Document, _ n: NodeID) -> String? {
        guard document.hasAttribute(n, .required) else { return nil }
        let isMultiple = document.hasAttribute(n, .multiple)
        for o in document.options(of: n) where document.isChecked(o) && (isMultiple || !document.optionValue(o).isEmpty) { return nil }
        let shown = document.shownOption(of: n)
        if !isMultiple, !shown.isNone, !document.optionValue(shown).isEmpty { return nil }
        return "Please select an item in the list."
    }
    private static func checkProblem(_ document: Document, _ n: NodeID) -> String? {
        if document.inputType(n) == .checkbox { return document.hasAttribute(n, .required) && !document.isChecked(n) ? "Please tick this box if you want to go on." : nil }
        var isRequired = false
        for other in document.radioGroup(n) {
            if document.isChecked(other) { return nil }
            if document.hasAttribute(other, .required) { isRequired = true }
        }
        return isRequired ? "Please select one of these options." : nil
    }
    /// Counts UTF-16 code units; only a value of the user's can be too long or short (§4.10.21.2).
    private static func lengthProblem(_ document: Document, _ n: NodeID, _ value: String) -> String? {
        guard document.state(n).contains(.dirtyValue) else { return nil }
        let count = value.utf16.count
        if let least = parseInteger(document.attribute(n, Atom("minlength"))), count < least { return "Please use at least \(least) characters (now \(count))." }
        if let most = parseInteger(document.attribute(n, .maxlength)), most >= 0, count > most { return "Please use at most \(most) characters (now \(count))." }
        return nil
    }
    private static func typeProblem(_ document: Document, _ n: NodeID, _ value: String) -> String? {
        guard document.isHTML(n, .input) else { return nil }
        switch document.inputType(n) {
        case .email:
            if document.hasAttribute(n, .multiple) {
                for part in value.split(separator: ",", omittingEmptySubsequences: false) where !isEmail(stripped(String(part))) { return "Please enter e-mail addresses, separated by commas." }
                return nil
            }
            return isEmail(stripped(value)) ? nil : "Please enter an e-mail address, such as name@example.org."
        case .url: return URL(stripped(value)) != nil ? nil : "Please enter a URL, such as http://example.org."
        case .number: return numberProblem(document, n, value)
        case .picker: return pickerProblem(document, n, value)
        default: return nil
        }
    }
    private static func patternProblem(_ document: Document, _ n: NodeID, _ value: String) -> String? {
        guard document.isHTML(n, .input), let text = document.attribute(n, .pattern), let pattern = Pattern(text), !pattern.matches(value) else { return nil }
        let title = document.attribute(n, .title) ?? ""
        return "Please match the requested format." + (title.isEmpty ? "" : " " + title)
    }

    /// §4.10.5.1.5: a valid e-mail address.
    static func isEmail(_ text: String) -> Bool {
        let b = Array(text.utf8)
        guard let at = b.firstIndex(of: 0x40), at > 0 else { return false }
        for c in b[0..<at] where !(isLetterOrDigit(c) || (c > 0x20 && c < 0x7F && !isEmailDelimiter(c))) { return false }
        var label = 0, last: UInt8 = 0x2E
        for c in b[(at + 1)...] {
            if c == 0x2E {
                if label == 0 || last == 0x2D { return false }
                label = 0
            } else {
                guard isLetterOrDigit(c) || (c == 0x2D && label > 0), label < 63 else { return false }
                label += 1
            }
            last = c
        }
        return label > 0 && last != 0x2D
    }
    private static func isLetterOrDigit(_ c: UInt8) -> Bool { (c >= 0x30 && c <= 0x39) || (c | 0x20 >= 0x61 && c | 0x20 <= 0x7A) }
    private static func isEmailDelimiter(_ c: UInt8) -> Bool {
        switch c {
        case 0x22, 0x28, 0x29, 0x2C, 0x3A, 0x3B, 0x3C, 0x3E, 0x40, 0x5B, 0x5C, 0x5D: true
        default: false
        }
    }

    // MARK: Numbers

    private static func numberProblem(_ document: Document, _ n: NodeID, _ value: String) -> String? {
        guard let number = Decimal(value) else { return "Please enter a number." }
        if let text = document.attribute(n, .min), let least = Decimal(text), number < least { return "The value must be " + text + " or more." }
        if let text = document.attribute(n, .max), let most = Decimal(text), most < number { return "The value must be " + text + " or less." }
        let step = document.attribute(n, Atom("step")) ?? "1"
        if asciiLowercased(step) == "any" { return nil }
        let size = Decimal(step).flatMap { Decimal("0")! < $0 ? $0 : nil } ?? Decimal("1")!
        let base = Decimal(document.attribute(n, .min) ?? "") ?? Decimal("0")!
        return number.isMultiple(of: size, from: base) ? nil : "Please enter a value in steps of " + step + "."
    }

    /// Dates, times and the like that are typed as text: only their form is checked.
    private static func pickerProblem(_ document: Document, _ n: NodeID, _ value: String) -> String? {
        let form: String, hint: String
        switch asciiLowercased(document.attribute(n, .type) ?? "") {
        case "date": (form, hint) = ("\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])", "2026-12-31")
        case "month": (form, hint) = ("\\d{4}-(0[1-9]|1[0-2])", "2026-12")
        case "week": (form, hint) = ("\\d{4}-W(0[1-9]|[1-4]\\d|5[0-3])", "2026-W52")
        case "time": (form, hint) = ("([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,3})?)?", "23:59")
        case "datetime-local": (form, hint) = ("\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d)?", "2026-12-31T23:59")
        case "color": (form, hint) = ("#[0-9a-fA-F]{6}", "#336699")
        default: return nil
        }
        return Pattern(form)?.matches(value) != false ? nil : "Please write it as in " + hint + "."
    }
}

/// A decimal number without floating point: value = digits × 10^-scale. Numbers of more than 15 digits are refused.
struct Decimal {
    var digits: Int64
    var scale: Int

    /// HTML §2.3.4.3, a valid floating-point number.
    init?(_ text: String) {
        let b = Array(text.utf8)
        var i = 0, isNegative = false, value: Int64 = 0, count = 0, fraction = 0, exponent = 0
        if i < b.count, b[i] == 0x2D { isNegative = true; i += 1 }
        while i < b.count, b[i] >= 0x30, b[i] <= 0x39, count < 16 { value = value * 10 + Int64(b[i] - 0x30); count += 1; i += 1 }
        if i < b.count, b[i] == 0x2E {
            i += 1
            while i < b.count, b[i] >= 0x30, b[i] <= 0x39, count < 16 { value = value * 10 + Int64(b[i] - 0x30); count += 1; fraction += 1; i += 1 }
            if fraction == 0 { return nil }
        }
        if count > 0, i < b.count, b[i] | 0x20 == 0x65 {
            i += 1
            var sign = 1, n = 0
            if i < b.count, b[i] == 0x2B || b[i] == 0x2D { sign = b[i] == 0x2D ? -1 : 1; i += 1 }
            let from = i
            while i < b.count, b[i] >= 0x30, b[i] <= 0x39, n < 10 { n = n * 10 + Int(b[i] - 0x30); i += 1 }
            if i == from { return nil }
            exponent = sign * n
        }
        guard count > 0, count < 16, i == b.count else { return nil }
        var scale = fraction - exponent
        while scale < 0, value < 1_000_000_000_000_000 { value *= 10; scale += 1 }
        guard scale >= 0, scale <= 15 else { return nil }
        digits = isNegative ? -value : value
        self.scale = scale
    }
    /// At another scale; nil when that does not fit.
    private func digits(atScale wanted: Int) -> Int64? {
        var value = digits
        for _ in scale..<max(scale, wanted) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
        }
        return value
    }
    /// False also where the numbers are too far apart to compare.
    static func < (a: Decimal, b: Decimal) -> Bool {
        let scale = max(a.scale, b.scale)
        guard let x = a.digits(atScale: scale), let y = b.digits(atScale: scale) else { return false }
        return x < y
    }
    /// Is self = base + k × step for a whole k? True where that cannot be told.
    func isMultiple(of step: Decimal, from base: Decimal) -> Bool {
        let scale = max(self.scale, max(step.scale, base.scale))
        guard let value = digits(atScale: scale), let start = base.digits(atScale: scale), let size = step.digits(atScale: scale), size > 0 else { return true }
        let (distance, overflow) = value.subtractingReportingOverflow(start)
        return overflow || distance % size == 0
    }
}
