// A parsed style sheet: rules with selectors, declarations, conditions and layers, all in flat arrays (CSS Cascade 5 §6).

enum Origin: UInt8 { case userAgent, hint, author, inline }

struct StyleRule {
    var declarations: Range<Int>
    var customs: Range<Int>
    /// Index into `conditions`; -1 always applies.
    var condition: Int32
    /// Index into `layers` + 1; 0 is unlayered.
    var layer: UInt16
    var hasImportant: Bool
}

/// A conditional group's query and the group around it.
struct StyleCondition {
    var query: MediaQueryList
    var parent: Int32
}

struct ImportRule {
    var url: String
    var media: MediaQueryList
}

final class StyleSheet {
    let store = SelectorStore()
    let baseURL: String
    let isUserAgent: Bool
    var rules: [StyleRule] = []
    var declarations: [Declaration] = []
    var customs: [CustomDeclaration] = []
    var conditions: [StyleCondition] = []
    var layers: [String] = []
    var imports: [ImportRule] = []
    /// Rules, selectors and declarations that were dropped because they were invalid or over a limit.
    var droppedCount = 0

    init(baseURL: String, isUserAgent: Bool = false) { self.baseURL = baseURL; self.isUserAgent = isUserAgent }

    static func parse(_ bytes: [UInt8], baseURL: String, isUserAgent: Bool = false, isQuirks: Bool = false) -> StyleSheet {
        let sheet = StyleSheet(baseURL: baseURL, isUserAgent: isUserAgent)
        var parser = SheetParser(sheet: sheet, bytes: bytes, isQuirks: isQuirks)
        parser.parse()
        return sheet
    }
    /// A style attribute or other bare declaration list: one rule without selectors.
    static func parseDeclarations(_ text: String, baseURL: String, isQuirks: Bool = false) -> StyleSheet {
        let sheet = StyleSheet(baseURL: baseURL)
        var parser = SheetParser(sheet: sheet, bytes: Array(text.utf8), isQuirks: isQuirks)
        parser.parseDeclarationList()
        return sheet
    }

    /// Some value depends on the viewport. Values with var() count, since their units are unknown here.
    lazy var usesViewportUnits: Bool = {
        for declaration in declarations where declaration.value.usesViewport { return true }
        return customs.contains { $0.isVariable }
    }()

    /// Whether a condition and all around it hold.
    func isActive(_ condition: Int32, _ context: MediaContext) -> Bool {
        var next = condition
        while next >= 0 {
            if !conditions[Int(next)].query.matches(context) { return false }
            next = conditions[Int(next)].parent
        }
        return true
    }
}
