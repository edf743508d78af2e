// Form submission (HTML §4.10.22): which button, which entries, where, how and in which encoding they are sent.

import DOM
import WebNet

/// A navigation that a form asks for.
public struct FormSubmission: Sendable {
    public var url: URL
    /// "GET" or "POST".
    public var method: String
    public var contentType: String?
    public var body: [UInt8]
    public var target: LinkTarget
    public init(url: URL, method: String, contentType: String?, body: [UInt8], target: LinkTarget) {
        self.url = url; self.method = method; self.contentType = contentType; self.body = body; self.target = target
    }
}

/// A file as it is sent.
public struct FormFile: Equatable, Sendable {
    public var name: String
    public var bytes: [UInt8]
    public init(name: String, bytes: [UInt8]) { self.name = name; self.bytes = bytes }
    /// By the end of the name; servers look for themselves.
    var contentType: String {
        let end = asciiLowercased(name.split(separator: ".").last.map { String($0) } ?? "")
        switch end {
        case "txt", "log", "md": return "text/plain"
        case "html", "htm": return "text/html"
        case "css", "csv": return "text/" + end
        case "png", "gif", "webp", "bmp", "jpeg": return "image/" + end
        case "jpg": return "image/jpeg"
        case "svg": return "image/svg+xml"
        case "json", "pdf", "zip": return "application/" + end
        default: return "application/octet-stream"
        }
    }
}

/// One entry of a form (§4.10.22.4).
public struct FormEntry: Equatable, Sendable {
    public var name: String
    /// Of a file its name.
    public var value: String
    public var file: FormFile?
    init(_ name: String, _ value: String) { self.name = name; self.value = value }
    init(_ name: String, _ file: FormFile) { self.name = name; value = file.name; self.file = file }
}

/// The encoding in which a form is sent; what it cannot write becomes a character reference.
public struct FormCharset {
    public let name: String
    public let encode: (String) -> [UInt8]
    public init(name: String, encode: @escaping (String) -> [UInt8]) { self.name = name; self.encode = encode }
    public static var utf8: FormCharset { FormCharset(name: "UTF-8") { Array($0.utf8) } }
}

public enum FormEncoder {
    /// The entry list (§4.10.22.4). `submitter`: the button that was pressed, or none; `point`: where an image button was hit;
    /// `files`: content of what was chosen, by path.
    public static func entries(_ document: Document, form: NodeID, submitter: NodeID, point: (x: Int32, y: Int32) = (0, 0), charset: FormCharset = .utf8,
                               files: (String) -> FormFile? = { _ in nil }) -> [FormEntry] {
        var result: [FormEntry] = []
        for n in document.formControls(form) {
            if document.isDisabledControl(n) || isInDatalist(document, n) { continue }
            if document.isButton(n), n != submitter { continue }
            if document.isCheckable(n), !document.isChecked(n) { continue }
            let name = document.attribute(n, .name) ?? ""
            if document.isHTML(n, .input), document.inputType(n) == .image {
                let prefix = name.isEmpty ? "" : name + "."
                result.append(FormEntry(prefix + "x", "\(point.x)"))
                result.append(FormEntry(prefix + "y", "\(point.y)"))
                continue
            }
            if name.isEmpty { continue }
            if document.isHTML(n, .select) {
                addOptions(document, n, name, &result)
            } else if document.isCheckable(n) {
                result.append(FormEntry(name, document.attribute(n, .value) ?? "on"))
            } else if document.isHTML(n, .input), document.inputType(n) == .file {
                let chosen = document.chosenFiles(n).compactMap { files($0) }
                for file in chosen.isEmpty ? [FormFile(name: "", bytes: [])] : chosen { result.append(FormEntry(name, file)) }
            } else if document.isHTML(n, .input), document.inputType(n) == .hidden, equalsASCII(name, "_charset_") {
                result.append(FormEntry(name, charset.name))
            } else if document.isSubmitButton(n) || document.isButton(n) {
                result.append(FormEntry(name, document.attribute(n, .value) ?? ""))
            } else {
                result.append(FormEntry(name, document.controlValue(n)))
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
    private static func addOptions(_ document: Document, _ select: NodeID, _ name: String, _ result: inout [FormEntry]) {
        if document.hasAttribute(select, .multiple) {
            for o in document.options(of: select) where document.isChecked(o) && !document.isDisabledOption(o) { result.append(FormEntry(name, document.optionValue(o))) }
            return
        }
        let o = document.shownOption(of: select)
        if !o.isNone, !document.isDisabledOption(o) { result.append(FormEntry(name, document.optionValue(o))) }
    }

    /// What to send (§4.10.22.3 steps 13 on); nil when the action cannot be sent to.
    public static func submission(_ document: Document, base: URL, form: NodeID, submitter: NodeID, point: (x: Int32, y: Int32) = (0, 0), charset: FormCharset = .utf8,
                                  files: (String) -> FormFile? = { _ in nil }) -> FormSubmission? {
        func override(_ name: String, _ attribute: Atom) -> String? {
            if !submitter.isNone, let value = document.attribute(submitter, Atom(name)) { return value }
            return document.attribute(form, attribute)
        }
        let action = stripped(override("formaction", .action) ?? "")
        guard var url = action.isEmpty ? base.withoutFragment : base.resolve(action) else { return nil }
        let method = asciiLowercased(stripped(override("formmethod", .method) ?? "get"))
        let target = LinkTarget(document, override("formtarget", .target))
        let list = entries(document, form: form, submitter: submitter, point: point, charset: charset, files: files)
        if method != "post" || (url.scheme != "http" && url.scheme != "https") {
            url.query = urlencoded(list, charset)
            return FormSubmission(url: url, method: "GET", contentType: nil, body: [], target: target)
        }
        var type = "application/x-www-form-urlencoded", body: [UInt8]
        switch asciiLowercased(stripped(override("formenctype", .enctype) ?? "")) {
        case "multipart/form-data":
            let boundary = FormEncoder.boundary(list)
            type = "multipart/form-data; boundary=" + boundary
            body = multipart(list, boundary, charset)
        case "text/plain":
            type = "text/plain"
            body = []
            for e in list { body += charset.encode(e.name + "=" + crlf(e.value) + "\r\n") }
        default: body = Array(urlencoded(list, charset).utf8)
        }
        return FormSubmission(url: url, method: "POST", contentType: type, body: body, target: target)
    }
    private static func urlencoded(_ list: [FormEntry], _ charset: FormCharset) -> String {
        PercentEncoding.formEncode(bytes: list.map { (charset.encode(crlf($0.name)), charset.encode(crlf($0.value))) })
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

    /// multipart/form-data (RFC 7578 with the escapes of §4.10.22.8).
    static func multipart(_ list: [FormEntry], _ boundary: String, _ charset: FormCharset = .utf8) -> [UInt8] {
        var out: [UInt8] = []
        for e in list {
            out += Array(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"").utf8) + escaped(charset.encode(crlf(e.name))) + [0x22]
            if let file = e.file {
                out += Array("; filename=\"".utf8) + escaped(charset.encode(file.name)) + Array(("\"\r\nContent-Type: " + file.contentType).utf8)
            }
            out += [13, 10, 13, 10]
            out += e.file?.bytes ?? charset.encode(crlf(e.value))
            out += [13, 10]
        }
        out += Array(("--" + boundary + "--\r\n").utf8)
        return out
    }
    private static func escaped(_ name: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for b in name {
            switch b {
            case 10: out += Array("%0A".utf8)
            case 13: out += Array("%0D".utf8)
            case 0x22: out += Array("%22".utf8)
            default: out.append(b)
            }
        }
        return out
    }
    /// A separator that occurs in no entry: a hash of the entries, changed until it does not.
    static func boundary(_ list: [FormEntry]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ bytes: [UInt8]) { for b in bytes { hash = (hash ^ UInt64(b)) &* 0x100_0000_01B3 } }
        for e in list { add(Array(e.name.utf8)); add(e.file?.bytes ?? Array(e.value.utf8)) }
        while true {
            let text = "TerrariumFormBoundary" + hexadecimal(hash)
            var occurs = false
            for e in list where (e.file?.bytes ?? Array(e.value.utf8)).contains(bytes: Array(text.utf8)) { occurs = true }
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
    private static func equalsASCII(_ a: String, _ b: String) -> Bool { asciiLowercased(a) == b }
}
