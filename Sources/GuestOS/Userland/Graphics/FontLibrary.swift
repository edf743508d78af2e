// The fonts a program can draw with: matching by family, weight and style (a subset of CSS Fonts 3 §5.2), fallback by
// character. A font id is an index, plus `slantFlag` where italics are made by slanting an upright face.

public final class FontLibrary {
    /// Set in ids of faces that the rasteriser slants.
    public static let slantFlag: Int32 = 0x1000

    private struct Entry { var face: FontFace; var family: String; var bold: Bool; var italic: Bool }
    private var entries: [Entry] = []

    public init() {}
    public var isEmpty: Bool { entries.isEmpty }
    public var count: Int { entries.count }

    /// Adds a face; `family` is lower case, such as "dejavu sans". Returns its font id.
    @discardableResult
    public func add(_ face: FontFace, family: String, bold: Bool, italic: Bool) -> Int32 {
        precondition(entries.count < Int(Self.slantFlag))
        entries.append(Entry(face: face, family: family, bold: bold, italic: italic))
        return Int32(entries.count - 1)
    }

    /// The face of an id. Unknown ids give the first face; the library must not be empty.
    @inline(__always)
    public func face(_ id: Int32) -> FontFace {
        let index = Int(id & (Self.slantFlag - 1))
        return entries[index < entries.count ? index : 0].face
    }
    /// Whether the rasteriser slants this id's glyphs.
    public func isSlanted(_ id: Int32) -> Bool { id & Self.slantFlag != 0 }

    /// The best font id for a family list (lower case; generic names and common aliases are understood).
    public func match(families: [String], weight: Int, italic: Bool) -> Int32 {
        for family in families {
            if let id = find(family, weight: weight, italic: italic) { return id }
            if let alias = Self.alias(family), let id = find(alias, weight: weight, italic: italic) { return id }
        }
        return find("dejavu serif", weight: weight, italic: italic) ?? (italic ? Self.slantFlag : 0)
    }

    /// A font that has the character, preferring the weight of `id` and keeping its slant; `id` itself when none has.
    public func fallback(for scalar: UInt32, like id: Int32) -> Int32 {
        let index = Int(id & (Self.slantFlag - 1))
        guard index < entries.count else { return id }
        if entries[index].face.glyph(for: scalar) != 0 { return id }
        let slant = id & Self.slantFlag != 0 || entries[index].italic
        var second: Int32?
        for i in 0..<entries.count where entries[i].face.glyph(for: scalar) != 0 {
            let candidate = Int32(i) | (slant && !entries[i].italic ? Self.slantFlag : 0)
            if entries[i].bold == entries[index].bold { return candidate }
            if second == nil { second = candidate }
        }
        return second ?? id
    }

    private func find(_ family: String, weight: Int, italic: Bool) -> Int32? {
        var best: Int32?, bestScore = -1
        for i in 0..<entries.count where entries[i].family == family {
            let score = (entries[i].bold == (weight >= 600) ? 2 : 0) + (entries[i].italic == italic ? 1 : 0)
            guard score > bestScore else { continue }
            bestScore = score
            best = Int32(i) | (italic && !entries[i].italic ? Self.slantFlag : 0)
        }
        return best
    }

    private static func alias(_ family: String) -> String? {
        switch family {
        case "sans-serif", "system-ui", "ui-sans-serif", "-apple-system", "blinkmacsystemfont", "arial", "helvetica", "helvetica neue",
             "verdana", "tahoma", "segoe ui", "roboto", "lucida grande", "trebuchet ms", "open sans", "liberation sans", "cursive", "fantasy":
            return "dejavu sans"
        case "monospace", "ui-monospace", "courier", "courier new", "consolas", "menlo", "monaco", "liberation mono", "lucida console",
             "sfmono-regular", "andale mono", "bitstream vera sans mono":
            return "dejavu sans mono"
        case "serif", "ui-serif", "times", "times new roman", "georgia", "liberation serif", "palatino", "cambria", "garamond":
            return "dejavu serif"
        default: return nil
        }
    }
}
