// What the user has put into a page's controls, as bytes that outlive the page: saved when the page is left, given back
// when history returns to it (HTML §7.4.6.2 "restore form control state"). Controls are known by their order among the
// document's controls and by their type, so a page that changed gets back what still fits.

import ABI
import DOM

public enum FormState {
    static let byteCountMax = 256 << 10

    /// State of all controls that the user touched; empty when there is none. Passwords and files are left out.
    public static func save(_ document: Document) -> [UInt8] {
        var w = ByteWriter()
        for (i, n) in document.allControls().enumerated() where i < Int(UInt16.max) {
            if document.hasAttribute(n, .autocomplete), asciiLowercased(document.attribute(n, .autocomplete) ?? "") == "off" { continue }
            if document.isHTML(n, .select) { saveOptions(document, n, UInt16(i), &w) } else if document.isCheckable(n) {
                if document.state(n).contains(.dirtyChecked) { w.u16(UInt16(i)); w.u8(document.isChecked(n) ? 1 : 0); w.string("") }
            } else if document.isTextControl(n), document.state(n).contains(.dirtyValue), !(document.isHTML(n, .input) && document.inputType(n) == .password) {
                let value = document.controlValue(n)
                if w.bytes.count + value.utf8.count > byteCountMax || value.utf8.count > Int(UInt16.max) { continue }
                w.u16(UInt16(i)); w.u8(2); w.string(value)
            }
        }
        return w.bytes
    }
    private static func saveOptions(_ document: Document, _ select: NodeID, _ index: UInt16, _ w: inout ByteWriter) {
        for (j, o) in document.options(of: select).enumerated() where j < 60_000 && document.state(o).contains(.dirtyChecked) && document.isChecked(o) {
            w.u16(index); w.u8(3); w.string("\(j)")
        }
    }

    /// Puts saved state back; what does not fit is left as it is.
    public static func restore(_ bytes: [UInt8], _ document: Document) {
        var r = ByteReader(bytes)
        let all = document.allControls()
        var cleared: [NodeID] = []
        while let index = r.u16(), let kind = r.u8(), let value = r.string() {
            guard Int(index) < all.count else { continue }
            let n = all[Int(index)]
            switch kind {
            case 0, 1: if document.isCheckable(n) { document.setChecked(n, kind == 1) }
            case 2: if document.isTextControl(n) { document.setControlValue(n, value) }
            case 3:
                guard document.isHTML(n, .select), let j = parseInteger(value) else { continue }
                let options = document.options(of: n)
                if !cleared.contains(n) { cleared.append(n); for o in options { document.setChecked(o, false) } }
                if j >= 0, j < options.count { document.setChecked(options[j], true) }
            default: return
            }
        }
    }
}
