// Finds text in a picture by drawing it with the guest's rasteriser in every font and size that the desktop uses and looking
// for a place where each pixel fits. Words are placed as layout places them: each at a quarter pixel of its own, on one
// baseline. Cost: candidates are only where a picture has edges; after the first look only what changed is searched.

import Devices
import Graphics
import Machine

/// What is known of the text that is looked for; nil: anything.
public struct TextFilter: Equatable, Sendable {
    public var family: String?
    public var isBold: Bool?
    public var isItalic = false
    /// Pixels per em.
    public var size: Double?
    public init(family: String? = nil, isBold: Bool? = nil, isItalic: Bool = false, size: Double? = nil) {
        self.family = family; self.isBold = isBold; self.isItalic = isItalic; self.size = size
    }
}

/// Where text was found, and how it is set.
public struct TextMatch: Equatable, Sendable {
    public var rect: FrameRect
    public var fontID: Int32
    /// 26.6 pixels per em.
    public var size: Int32
}

public final class TextFinder {
    private let fonts: FontLibrary
    private let rasteriser: Rasteriser
    private let words: [Substring]
    private let styles: [(fontID: Int32, size: Int32, isLigated: Bool)]
    private var prepared: [Int: Style] = [:]          // looked up only
    private var previous: [UInt32] = [], previousWidth = 0
    private var lastMatch: (match: TextMatch, style: Int)?

    /// A text in one font and size.
    private final class Style {
        let words: [ShapedWord]
        let space: Int32
        let anchor: Int                                // a glyph of the first word by which places are found
        var anchors: [TextMask?] = []                  // by quarter pixel
        var masks: [Int: [(x: Int32, mask: TextMask)]] = [:]   // word -> its distinct masks, looked up only
        init(words: [ShapedWord], space: Int32, anchor: Int) { self.words = words; self.space = space; self.anchor = anchor }
    }

    /// Sizes of the user interface, and of pages by the style sheet of the browser itself.
    private static let sizes: [Int32] = {
        var all = (8...40).map { Int32($0) << 6 }
        for factor in [0.67, 0.83, 1.17, 5.0 / 6, 6.0 / 5, 13.0 / 16, 1.5 * 13 / 16] {
            for v in [Int32(1024 * factor), Int32((1024 * factor).rounded())] where !all.contains(v) { all.append(v) }
        }
        return all
    }()

    public init(_ text: String, _ filter: TextFilter, fonts: FontLibrary) {
        self.fonts = fonts
        rasteriser = Rasteriser(fonts: fonts)
        words = text.split(whereSeparator: { $0.isWhitespace })
        let families = ["sans": "sans-serif", "serif": "serif", "mono": "monospace"]
        var styles: [(fontID: Int32, size: Int32, isLigated: Bool)] = []
        // Pages join letters that the user interface does not.
        let hasLigature = ["ff", "fi", "fl"].contains { text.contains($0) }
        for name in ["sans", "mono", "serif"] where filter.family == nil || filter.family == name {
            for isBold in [false, true] where filter.isBold == nil || filter.isBold == isBold {
                let id = fonts.match(families: [families[name]!], weight: isBold ? 700 : 400, italic: filter.isItalic)
                let sizes = filter.size.map { v in [Int32(v * 64), Int32((v * 64).rounded())] } ?? Self.sizes
                for size in sizes where !styles.contains(where: { $0.fontID == id && $0.size == size }) {
                    styles.append((id, size, false))
                    if hasLigature && name != "mono" { styles.append((id, size, true)) }
                }
            }
        }
        self.styles = styles
    }

    /// The first place that shows the text, or nil. Remembers the picture: the next call looks only where it differs.
    public func find(in frame: ScanoutFrame) -> TextMatch? { find(frame.pixels, width: frame.width, height: frame.height) }

    public func find(_ pixels: [UInt32], width: Int, height: Int) -> TextMatch? {
        defer { previous = pixels; previousWidth = width }
        guard !words.isEmpty, width > 2, height > 2 else { return nil }
        return pixels.withUnsafeBufferPointer { p in
            var area = FrameRect(x: 0, y: 0, width: width, height: height)
            if previousWidth == width, previous.count == pixels.count {
                if let last = lastMatch {
                    if check(last.style, p.baseAddress!, width, height, at: last.match.rect) != nil { return last.match }
                } else { area = changed(p.baseAddress!, width, height) }
            }
            lastMatch = search(p.baseAddress!, width, height, area)
            return lastMatch?.match
        }
    }

    /// The rectangle outside which the picture is as before.
    private func changed(_ p: UnsafePointer<UInt32>, _ width: Int, _ height: Int) -> FrameRect {
        var area = FrameRect(x: 0, y: 0, width: 0, height: 0)
        previous.withUnsafeBufferPointer { old in
            for y in 0..<height {
                var a = 0, b = width
                let new = p + y * width, was = old.baseAddress! + y * width
                while a < b, new[a] == was[a] { a += 1 }
                if a == b { continue }
                while new[b - 1] == was[b - 1] { b -= 1 }
                area = area.union(FrameRect(x: a, y: y, width: b - a, height: 1))
            }
        }
        return area
    }

    private func search(_ p: UnsafePointer<UInt32>, _ width: Int, _ height: Int, _ area: FrameRect) -> (match: TextMatch, style: Int)? {
        if area.isEmpty { return nil }
        let reach = styles.indices.reduce(0) { max($0, extent($1)) }
        let x0 = max(1, area.x - reach), x1 = min(width, area.x + area.width + 2), y0 = max(0, area.y - 64), y1 = min(height, area.y + area.height + 64)
        // Places where the picture changes to the right: every glyph begins at one.
        var edges: [Int32] = []
        for y in y0..<y1 {
            let row = p + y * width
            for x in x0..<x1 where row[x] != row[x - 1] && isEdge(row[x], row[x - 1]) { edges.append(Int32(y * width + x)) }
        }
        for i in styles.indices {
            guard let style = style(i) else { continue }
            for quarter in 0..<4 {
                guard let mask = style.anchors[quarter] else { continue }
                for e in edges {
                    let x = Int(e) % width - mask.edgeX, y = Int(e) / width - mask.edgeY
                    guard mask.matches(p, width, height, x, y) else { continue }
                    // The pen of the anchor, then of the word.
                    let penX = x - mask.left, baseline = y - mask.top
                    if let rect = follow(style, i, p, width, height, anchorX: Int32(penX) << 6 + Int32(quarter) << 4, baseline: baseline) {
                        return (TextMatch(rect: rect, fontID: styles[i].fontID, size: styles[i].size), i)
                    }
                }
            }
        }
        return nil
    }
    @inline(__always)
    private func isEdge(_ a: UInt32, _ b: UInt32) -> Bool {
        func far(_ shift: UInt32) -> Bool { abs(Int32(a >> shift & 255) - Int32(b >> shift & 255)) >= 10 }
        return far(16) || far(8) || far(0)
    }
    /// The most pixels from the start of the text to its end.
    private func extent(_ i: Int) -> Int {
        let face = fonts.face(styles[i].fontID)
        return words.reduce(0) { $0 + Int(ShapedWord($1, face, size: styles[i].size).width >> 6) + Int(styles[i].size >> 6) }
    }

    private func style(_ i: Int) -> Style? {
        if let known = prepared[i] { return known }
        let face = fonts.face(styles[i].fontID), size = styles[i].size
        let shaped = words.map { ShapedWord($0, face, size: size, isLigated: styles[i].isLigated) }
        if shaped.contains(where: { $0.glyphs.contains(0) }) { return nil }      // another font would be taken: not searched
        // The widest glyph is the rarest.
        var anchor = 0
        for k in shaped[0].glyphs.indices where face.advance(shaped[0].glyphs[k], size: size) > face.advance(shaped[0].glyphs[anchor], size: size) { anchor = k }
        let style = Style(words: shaped, space: face.advance(face.glyph(for: 32), size: size), anchor: anchor)
        let one = ShapedWord(glyph: shaped[0].glyphs[anchor], width: face.advance(shaped[0].glyphs[anchor], size: size))
        for quarter in 0..<4 { style.anchors.append(TextMask(one, 0..<1, x: Int32(quarter) << 4, fontID: styles[i].fontID, size: size, rasteriser)) }
        prepared[i] = style
        return style
    }
    /// The masks of a word for its 64 positions within a pixel, without repetitions.
    private func masks(_ style: Style, _ i: Int, _ word: Int) -> [(x: Int32, mask: TextMask)] {
        if let known = style.masks[word] { return known }
        var seen: [[Int32]] = [], all: [(x: Int32, mask: TextMask)] = []
        for x in Int32(0)..<64 {
            let pattern = style.words[word].offsets.map { (x + $0 + 8) >> 4 }
            if seen.contains(pattern) { continue }
            seen.append(pattern)
            if let mask = TextMask(style.words[word], 0..<style.words[word].glyphs.count, x: x, fontID: styles[i].fontID, size: styles[i].size, rasteriser) { all.append((x, mask)) }
        }
        style.masks[word] = all
        return all
    }
    /// The whole text from a place of its anchor: the first word around it, each other one a space further, or up to one and a
    /// half in justified lines.
    private func follow(_ style: Style, _ i: Int, _ p: UnsafePointer<UInt32>, _ width: Int, _ height: Int, anchorX: Int32, baseline: Int) -> FrameRect? {
        let start = anchorX - style.words[0].offsets[style.anchor]
        guard var (pen, rect) = place(style, i, 0, p, width, height, from: start - 24, to: start + 24, baseline) else { return nil }
        for word in style.words.indices.dropFirst() {
            let nominal = pen + style.words[word - 1].width + style.space
            guard let (next, itsRect) = place(style, i, word, p, width, height, from: nominal - 48, to: nominal + style.space * 3 / 2, baseline) else { return nil }
            pen = next
            rect = rect.union(itsRect)
        }
        return rect
    }
    private func place(_ style: Style, _ i: Int, _ word: Int, _ p: UnsafePointer<UInt32>, _ width: Int, _ height: Int, from: Int32, to: Int32, _ baseline: Int) -> (Int32, FrameRect)? {
        let all = masks(style, i, word)
        for pixel in (from >> 6)...(to >> 6) {
            for (x, mask) in all {
                let left = Int(pixel) + mask.left, top = baseline + mask.top
                if mask.matches(p, width, height, left, top) { return (pixel << 6 + x, FrameRect(x: left, y: top, width: mask.width, height: mask.height)) }
            }
        }
        return nil
    }
    /// Whether the text is still where it was.
    private func check(_ i: Int, _ p: UnsafePointer<UInt32>, _ width: Int, _ height: Int, at rect: FrameRect) -> FrameRect? {
        guard let style = style(i) else { return nil }
        for (x, mask) in masks(style, i, 0) {
            let pixel = rect.x - mask.left
            for top in rect.y...(rect.y + rect.height) {
                guard mask.matches(p, width, height, rect.x, top) else { continue }
                let start = Int32(pixel) << 6 + x
                if let found = follow(style, i, p, width, height, anchorX: start + style.words[0].offsets[style.anchor], baseline: top - mask.top) { return found }
            }
        }
        return nil
    }
}
