// Where a link or form wants to be opened (HTML §4.6.5, §7.3.2.1): its own `target`, else that of the first `base` with one.

import DOM

public enum LinkTarget: Equatable, Sendable {
    case here, newTab
    /// `_parent`, `_top`, or the name of a frame.
    case named(String)

    init(_ document: Document, _ attribute: String?) {
        let name = attribute ?? LinkTarget.ofBase(document) ?? ""
        switch asciiLowercased(name) {
        case "", "_self": self = .here
        case "_blank": self = .newTab
        case "_parent", "_top": self = .named(asciiLowercased(name))
        default: self = .named(name)
        }
    }
    private static func ofBase(_ document: Document) -> String? {
        if document.head.isNone { return nil }
        var n = document.firstChild(document.head)
        while !n.isNone {
            if document.isHTML(n, .base), let target = document.attribute(n, .target) { return target }
            n = document.nextSibling(n)
        }
        return nil
    }
}
