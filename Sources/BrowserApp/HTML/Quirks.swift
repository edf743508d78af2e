// Which DOCTYPEs mean quirks (HTML §13.2.6.4.1).
import DOM

enum Quirks {
    static func mode(_ d: DoctypeToken) -> QuirksMode {
        let publicID = lower(d.publicID), systemID = lower(d.systemID)
        if d.forceQuirks || d.name != "html" { return .quirks }
        if publicID == "-//w3o//dtd w3 html strict 3.0//en//" || publicID == "-/w3c/dtd html 4.0 transitional/en" || publicID == "html" { return .quirks }
        if systemID == "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd" { return .quirks }
        if beginsWithQuirkyPrefix(publicID) { return .quirks }
        let isHTML401 = publicID.hasPrefix("-//w3c//dtd html 4.01 frameset//") || publicID.hasPrefix("-//w3c//dtd html 4.01 transitional//")
        if isHTML401 { return d.systemID == nil ? .quirks : .limitedQuirks }
        if publicID.hasPrefix("-//w3c//dtd xhtml 1.0 frameset//") || publicID.hasPrefix("-//w3c//dtd xhtml 1.0 transitional//") { return .limitedQuirks }
        return .noQuirks
    }

    private static func lower(_ string: String?) -> String {
        guard let string else { return "" }
        var bytes: [UInt8] = []
        for byte in string.utf8 { bytes.append(lowercased(byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func beginsWithQuirkyPrefix(_ id: String) -> Bool {
        if id.isEmpty { return false }
        var found = false
        forEachLine(prefixes) { line in if !found && begins(id, line) { found = true } }
        return found
    }

    private static func begins(_ id: String, _ prefix: UnsafeBufferPointer<UInt8>) -> Bool {
        var i = 0
        for byte in id.utf8 {
            if i == prefix.count { return true }
            if byte != prefix[i] { return false }
            i += 1
        }
        return i == prefix.count
    }

    private static func forEachLine(_ list: StaticString, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        let base = list.utf8Start, count = list.utf8CodeUnitCount
        var start = 0
        for i in 0...count where i == count || base[i] == 0x0A {
            if i > start { body(UnsafeBufferPointer(start: base + start, count: i - start)) }
            start = i + 1
        }
    }

    private static let prefixes: StaticString = """
        +//silmaril//dtd html pro v0r11 19970101//
        -//as//dtd html 3.0 aswedit + extensions//
        -//advasoft ltd//dtd html 3.0 aswedit + extensions//
        -//ietf//dtd html 2.0 level 1//
        -//ietf//dtd html 2.0 level 2//
        -//ietf//dtd html 2.0 strict level 1//
        -//ietf//dtd html 2.0 strict level 2//
        -//ietf//dtd html 2.0 strict//
        -//ietf//dtd html 2.0//
        -//ietf//dtd html 2.1e//
        -//ietf//dtd html 3.0//
        -//ietf//dtd html 3.2 final//
        -//ietf//dtd html 3.2//
        -//ietf//dtd html 3//
        -//ietf//dtd html level 0//
        -//ietf//dtd html level 1//
        -//ietf//dtd html level 2//
        -//ietf//dtd html level 3//
        -//ietf//dtd html strict level 0//
        -//ietf//dtd html strict level 1//
        -//ietf//dtd html strict level 2//
        -//ietf//dtd html strict level 3//
        -//ietf//dtd html strict//
        -//ietf//dtd html//
        -//metrius//dtd metrius presentational//
        -//microsoft//dtd internet explorer 2.0 html strict//
        -//microsoft//dtd internet explorer 2.0 html//
        -//microsoft//dtd internet explorer 2.0 tables//
        -//microsoft//dtd internet explorer 3.0 html strict//
        -//microsoft//dtd internet explorer 3.0 html//
        -//microsoft//dtd internet explorer 3.0 tables//
        -//netscape comm. corp.//dtd html//
        -//netscape comm. corp.//dtd strict html//
        -//o'reilly and associates//dtd html 2.0//
        -//o'reilly and associates//dtd html extended 1.0//
        -//o'reilly and associates//dtd html extended relaxed 1.0//
        -//sq//dtd html 2.0 hotmetal + extensions//
        -//softquad software//dtd hotmetal pro 6.0::19990601::extensions to html 4.0//
        -//softquad//dtd hotmetal pro 4.0::19971010::extensions to html 4.0//
        -//spyglass//dtd html 2.0 extended//
        -//sun microsystems corp.//dtd hotjava html//
        -//sun microsystems corp.//dtd hotjava strict html//
        -//w3c//dtd html 3 1995-03-24//
        -//w3c//dtd html 3.2 draft//
        -//w3c//dtd html 3.2 final//
        -//w3c//dtd html 3.2//
        -//w3c//dtd html 3.2s draft//
        -//w3c//dtd html 4.0 frameset//
        -//w3c//dtd html 4.0 transitional//
        -//w3c//dtd html experimental 19960712//
        -//w3c//dtd html experimental 970421//
        -//w3c//dtd w3 html//
        -//w3o//dtd w3 html 3.0//
        -//webtechs//dtd mozilla html 2.0//
        -//webtechs//dtd mozilla html//
        """
}
