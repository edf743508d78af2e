// What must be drawn again: a few rectangles, merged when they touch or grow many.
// Invariant: the union of the rectangles covers everything added since `take`, inside the bounds.

import Graphics

public struct DamageRegion: Sendable {
    public private(set) var rects: [Rect] = []
    public let bounds: Rect
    public static let countMax = 8
    public init(bounds: Rect) { self.bounds = bounds }
    public var isEmpty: Bool { rects.isEmpty }

    public mutating func add(_ r: Rect) {
        var new = r.intersection(bounds)
        if new.isEmpty { return }
        // Swallow everything that overlaps; the grown rectangle may overlap more.
        var i = 0
        while i < rects.count {
            if rects[i].intersection(new) == new { return }
            if overlaps(rects[i], new) { new = new.union(rects.remove(at: i)); i = 0 } else { i += 1 }
        }
        rects.append(new)
        if rects.count > Self.countMax { mergeClosest() }
    }
    public mutating func take() -> [Rect] { let r = rects; rects = []; return r }

    private func overlaps(_ a: Rect, _ b: Rect) -> Bool { !a.intersection(b).isEmpty }
    private func area(_ r: Rect) -> Int64 { Int64(r.width) * Int64(r.height) }
    /// Joins the two rectangles that waste the fewest pixels, then restores disjointness.
    private mutating func mergeClosest() {
        var best = Int64.max, a = 0, b = 1
        for i in 0..<rects.count {
            for j in (i + 1)..<max(i + 1, rects.count) {
                let waste = area(rects[i].union(rects[j])) - area(rects[i]) - area(rects[j])
                if waste < best { best = waste; a = i; b = j }
            }
        }
        let joined = rects[a].union(rects[b])
        rects.remove(at: b); rects.remove(at: a)
        add(joined)
    }
}
