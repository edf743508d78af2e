// Which elements are special, end a scope, or close by themselves (HTML §13.2.4.2–3, §13.1.2). One byte of flags for
// each seeded atom.
import DOM

struct ElementTraits: OptionSet {
    let rawValue: UInt8
    static let special = ElementTraits(rawValue: 1), scopeEnd = ElementTraits(rawValue: 2), void = ElementTraits(rawValue: 4)
    static let formatting = ElementTraits(rawValue: 8), impliedEnd = ElementTraits(rawValue: 16)
    static let thoroughlyImpliedEnd = ElementTraits(rawValue: 32), breaksOutOfForeign = ElementTraits(rawValue: 64)

    nonisolated(unsafe) private static var table: [UInt8] = makeTable()

    /// Traits of an HTML element of that name.
    @inline(__always)
    static func of(_ name: Atom) -> ElementTraits {
        let index = Int(name.raw)
        return index < table.count ? ElementTraits(rawValue: table[index]) : []
    }

    private static func makeTable() -> [UInt8] {
        var table: [UInt8] = []
        set(.special, """
            address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd \
            details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header \
            hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript object \
            ol p param plaintext pre script search section select source style summary table tbody td template textarea tfoot \
            th thead title tr track ul wbr xmp
            """, &table)
        set(.scopeEnd, "applet caption html table td th marquee object select template", &table)
        set(.void, "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr", &table)
        set(.formatting, "a b big code em font i nobr s small strike strong tt u", &table)
        set(.impliedEnd, "dd dt li optgroup option p rb rp rt rtc", &table)
        set(.thoroughlyImpliedEnd, "caption colgroup dd dt li optgroup option p rb rp rt rtc tbody td tfoot th thead tr", &table)
        set(.breaksOutOfForeign, """
            b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta \
            nobr ol p pre ruby s small span strong strike sub sup table tt u ul var
            """, &table)
        return table
    }

    private static func set(_ trait: ElementTraits, _ names: StaticString, _ table: inout [UInt8]) {
        forEachWord(names) { word in
            let index = Int(Atom(utf8: word).raw)
            while table.count <= index { table.append(0) }
            table[index] |= trait.rawValue
        }
    }
}

/// Calls `body` with each word of a list separated by single spaces.
func forEachWord(_ list: StaticString, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    let base = list.utf8Start, count = list.utf8CodeUnitCount
    var start = 0
    for i in 0...count where i == count || base[i] == 0x20 {
        if i > start { body(UnsafeBufferPointer(start: base + start, count: i - start)) }
        start = i + 1
    }
}
