// Widths of text in 1/65536 px. Glyph advances are font units times the size, so that what is summed is exact; a run of text
// of one box on a line is rounded up to 1/64 px once, as Chromium snaps its shape results.
import CSS
import Graphics

/// The width of a line so far: finished parts, and the run of text that is still growing.
struct RunWidth {
    private var closed: LayoutUnit
    private var fine: Int64 = 0
    private var box = noBox

    init(_ start: LayoutUnit = .zero) { closed = start }

    var total: LayoutUnit { fine == 0 ? closed : closed + snappedUp(fine) }

    mutating func add(_ width: LayoutUnit) {
        closed = total + width
        fine = 0; box = noBox
    }
    mutating func add(_ atom: InlineAtom) {
        guard atom.isText else { if atom.fine != 0 { add(atom.width) }; return }
        if atom.box != box { closed = total; fine = 0; box = atom.box }
        fine &+= atom.fine
    }
    func adding(_ atom: InlineAtom) -> LayoutUnit {
        var copy = self
        copy.add(atom)
        return copy.total
    }
}

/// 1/65536 px to the next 1/64 px.
@inline(__always) func snappedUp(_ fine: Int64) -> LayoutUnit { LayoutUnit(clamping: (fine &+ 1023) >> 10) }

extension TextStyle {
    /// Font units at this size.
    @inline(__always) func fine(_ units: Int32) -> Int64 { Int64(units) &* sizeFine / unitsPerEm }
    /// A space with its spacing.
    var fineSpace: Int64 { fine(spaceUnits) &+ Int64(letterSpacing.raw &+ wordSpacing.raw) << 10 }
}

extension TextShaper {
    /// Width of a word without letter spacing.
    @inline(__always) func fineWidth(_ word: UnsafeBufferPointer<UInt8>, _ ts: TextStyle) -> Int64 { ts.fine(units(word, fontID: ts.shapeID, size: ts.size)) }
    func width(_ word: UnsafeBufferPointer<UInt8>, _ ts: TextStyle) -> LayoutUnit { snappedUp(fineWidth(word, ts)) }

    /// Kerning in 1/65536 px between the last character of one piece of text and the first of the next, set in the same font.
    func kerning(_ left: UInt32, _ right: UInt32, _ ts: TextStyle) -> Int64 {
        guard !fonts.isEmpty else { return 0 }
        if ts.isSmallCaps {
            // Small and full capitals are shaped apart.
            if SmallCaps.isSmall(left) != SmallCaps.isSmall(right) { return 0 }
            if SmallCaps.isSmall(left) {
                var plain = ts
                plain.isSmallCaps = false
                return kerning(SmallCaps.capital(left), SmallCaps.capital(right), plain) * Int64(SmallCaps.size(ts.size)) / Int64(Swift.max(1, ts.size))
            }
        }
        let face = fonts.face(ts.fontID)
        let a = face.glyph(for: left), b = face.glyph(for: right)
        return a == 0 || b == 0 ? 0 : ts.fine(face.kerning(a, b))
    }
}
