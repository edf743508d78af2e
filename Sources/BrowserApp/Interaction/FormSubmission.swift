// Form submission (HTML §4.10.22): which button, which entries, where and how they are sent. Text is always UTF-8.

import DOM
import WebNet

/// A navigation that a form asks for.
public struct FormSubmission: Sendable {
    public var url: URL
    /// "GET" or "POST".
    public var method: String
    public var contentType: String?
    public var body: [UInt8]
    /// `target=_blank`.
    public var inNewTab: Bool
}

public enum FormEncoder {
    /// The entry list (§4.10.22.4). `submitter`: the button that was pressed, or none; `point`: where an image button was hit.
    public static func entries(_ document: Document, form: NodeID, submitter: NodeID, point: (x: Int32, y: Int32) = (0, 0)) -> [(name: String, value: String, file: Bool)] {
        var result: [(name: String, value: String, file: Bool)] = []
        for n in document.formControls(form) {
            if document.isDisabledControl(n) || isInDatalist(document, n) { continue }
            if document.isButton(n), n != submitter { continue }
            if document.isCheckable(n), !document.isChecked(n) { continue }
            let name = document.attribute(n, .name) ?? ""
            if document.isHTML(n, .input), document.inputType(n) == .image {
                let prefix = name.isEmpty ? "" : name + "."
                result.append((prefix + "x", "\(point.x)", false))
                result.append((prefix + "y", "\(point.y)", false))
                continue
            }
            if name.isEmpty { continue }
            if document.isHTML(n, .select) {
                addOptions(document, n, name, &result)
            } else if document.isCheckable(n) {
                result.append((name, document.attribute(n, .value) ?? "on", false))
            } else if document.isHTML(n, .input), document.inputType(n) == .file {
                result.append((name, "", true))
            } else if document.isHTML(n, .input), document.inputType(n) == .hidden, equalsASCII(name, "_charset_") {
                result.append((name, "UTF-8", false))
            } else if document.isSubmitButton(n) || document.isButton(n) {
                result.append((name, document.attribute(n, .value) ?? "", false))
            } else {
                result.append((name, document.controlValue(n), false))
            }
        }
        return result
    }
    private static func isInDatalist(_ document: Document, _ n: NodeID) -> Bool {
        var at = document.parent(n)
        while !at.isNone {
            if document.isHTML(at, .datalist) { return true }
            at = document.parent(at)
        }
        return false
    }
    private static func addOptions(_ document: Document, _ select: NodeID, _ name: String, _ result: inout [(name: String, value: String, file: Bool)]) {
        if document.hasAttribute(select, .multiple) {
            for o in document.options(of: select) where document.isChecked(o) && !document.isDisabledOption(o) { result.append((name, document.optionValue(o), false)) }
            return
        }
        let o = document.shownOption(of: select)
        if !o.isNone, !document.isDisabledOption(o) { result.append((name, document.optionValue(o), false)) }
    }

    /// What to send (§4.10.22.3 steps 13 on); nil when the action cannot be sent to.
    public static func submission(_ document: Document, base: URL, form: NodeID, submitter: NodeID, point: (x: Int32, y: Int32) = (0, 0)) -> FormSubmission? {
        func override(_ name: String, _ attribute: Atom) -> String? {
            if !submitter.isNone, let value = document.attribute(submitter, Atom(name)) { return value }
            return document.attribute(form, attribute)
        }
        let action = stripped(override("formaction", .action) ?? "")
        guard var url = action.isEmpty ? base.withoutFragment : base.resolve(action) else { return nil }
        let method = asciiLowercased(stripped(override("formmethod", .method) ?? "get"))
        let inNewTab = asciiLowercased(override("formtarget", .target) ?? "") == "_blank"
        let list = entries(document, form: form, submitter: submitter, point: point)
        if method != "post" || (url.scheme != "http" && url.scheme != "https") {
            url.query = PercentEncoding.formEncode(list.map { ($0.name, crlf($0.value)) })
            return FormSubmission(url: url, method: "GET", contentType: nil, body: [], inNewTab: inNewTab)
        }
        switch asciiLowercased(stripped(override("formenctype", .enctype) ?? "")) {
        case "multipart/form-data":
            let boundary = FormEncoder.boundary(list)
            return FormSubmission(url: url, method: "POST", contentType: "multipart/form-data; boundary=" + boundary, body: multipart(list, boundary), inNewTab: inNewTab)
        case "text/plain":
            var text = ""
            for e in list { text += e.name + "=" + crlf(e.value) + "\r\n" }
            return FormSubmission(url: url, method: "POST", contentType: "text/plain", body: Array(text.utf8), inNewTab: inNewTab)
        default:
            let text = PercentEncoding.formEncode(list.map { ($0.name, crlf($0.value)) })
            return FormSubmission(url: url, method: "POST", contentType: "application/x-www-form-urlencoded", body: Array(text.utf8), inNewTab: inNewTab)
        }
    }

    /// Every line break as CR LF (§4.10.22.5).
    static func crlf(_ text: String) -> String {
        var out: [UInt8] = [], previous: UInt8 = 0
        for b in text.utf8 {
            if b == 10, previous != 13 { out.append(13) }
            if previous == 13, b != 10 { out.append(10) }
            out.append(b)
            previous = b
        }
        if previous == 13 { out.append(10) }
        return String(decoding: out, as: UTF8.self)
    }

    /// multipart/form-data (RFC 7578 with the escapes of §4.10.22.7).
    static func multipart(_ list: [(name: String, value: String, file: Bool)], _ boundary: String) -> [UInt8] {
        var out: [UInt8] = []
        for e in list {
            var head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + escapedName(e.name) + "\""
            if e.file { head += "; filename=\"\"\r\nContent-Type: application/octet-stream" }
            out += Array((head + "\r\n\r\n").utf8)
            out += Array(crlf(e.value).utf8)
            out += [13, 10]
        }
        out += Array(("--" + boundary + "--\r\n").utf8)
        return out
    }
    private static func escapedName(_ name: String) -> String {
        var out: [UInt8] = []
        for b in crlf(name).utf8 {
            switch b {
            case 10: out += Array("%0A".utf8)
            case 13: out += Array("%0D".utf8)
            case 0x22: out += Array("%22".utf8)
            default: out.append(b)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
    /// A separator that occurs in no entry: a hash of the entries, changed until it does not.
    static func boundary(_ list: [(name: String, value: String, file: Bool)]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for e in list {
            for b in e.name.utf8 { hash = (hash ^ UInt64(b)) &* 0x100_0000_01B3 }
            for b in e.value.utf8 { hash = (hash ^ UInt64(b)) &* 0x100_0000_01B3 }
        }
        while true {
            let text = "TerrariumFormBoundary" + hexadecimal(hash)
            var occurs = false
            for e in list where contains(Array(e.value.utf8), Array(text.utf8)) { occurs = true }
            if !occurs { return text }
            hash = hash &* 6364136223846793005 &+ 1442695040888963407
        }
    }
    private static func hexadecimal(_ value: UInt64) -> String {
        var bytes: [UInt8] = [], shift: UInt64 = 64
        while shift > 0 {
            shift -= 4
            let d = UInt8(truncatingIfNeeded: value >> shift & 15)
            bytes.append(d < 10 ? 0x30 + d : 0x57 + d)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
    private static func contains(_ hay: [UInt8], _ needle: [UInt8]) -> Bool {
        var i = 0
        while i + needle.count <= hay.count {
            var k = 0
            while k < needle.count, hay[i + k] == needle[k] { k += 1 }
            if k == needle.count { return true }
            i += 1
        }
        return false
    }
    private static func equalsASCII(_ a: String, _ b: String) -> Bool { asciiLowercased(a) == b }
}
