// Find in page (TAB-036…TAB-039): without regard to case, all matches lit, one of them current, wrapping at both ends.

import Graphics
import Layout

struct Finder {
    static let matchesMax = 10_000
    var needle = ""
    var matches: [TextHighlight] = []
    var current = -1
    /// The current match is in another document.
    var isElsewhere = false
    var isActive: Bool { !needle.isEmpty }
}

/// What a search found.
public struct FindResult: Equatable, Sendable {
    /// From 1; 0 without a match.
    public var current: Int
    public var count: Int
    /// The search went past an end of the page.
    public var hasWrapped: Bool
}

extension PageInteraction {
    static let matchColor = Color(0xFF, 0xEE, 0x88), currentMatchColor = Color(0xFF, 0x96, 0x32)

    /// Searches for `needle`; the first match at or below the top of the view becomes current. An empty text ends the search.
    public func find(_ needle: String) -> FindResult {
        let isSame = needle == finder.needle && highlightVersion == view.textVersion
        finder.needle = needle
        finder.isElsewhere = false
        if !isSame {
            finder.matches = view.find(needle, limit: Finder.matchesMax)
            finder.current = firstInView()
        }
        return showMatch(hasWrapped: false)
    }
    /// The match after the current one, or before it.
    public func findNext(backwards: Bool) -> FindResult {
        let count = finder.matches.count
        guard count > 0 else { return showMatch(hasWrapped: false) }
        let next = finder.current + (backwards ? -1 : 1)
        finder.current = (next + count) % count
        return showMatch(hasWrapped: next < 0 || next >= count)
    }
    /// The current match is in another document now; these stay lit.
    public func leaveFind() {
        finder.current = -1
        finder.isElsewhere = true
        lightMatches()
        repaint()
    }
    /// The first match, or the last, becomes current.
    @discardableResult
    public func enterFind(atEnd: Bool) -> FindResult {
        finder.isElsewhere = false
        finder.current = finder.matches.isEmpty ? -1 : atEnd ? finder.matches.count - 1 : 0
        return showMatch(hasWrapped: false)
    }
    public func endFind() {
        finder = Finder()
        findHighlights = []
        publishHighlights()
        repaint()
    }

    private func firstInView() -> Int {
        for (i, m) in finder.matches.prefix(200).enumerated() { if let r = view.rect(ofText: m.start, m.end), r.maxY > scrollY { return i } }
        return finder.matches.isEmpty ? -1 : 0
    }
    private func showMatch(hasWrapped: Bool) -> FindResult {
        lightMatches()
        if finder.current >= 0, finder.current < finder.matches.count, let r = view.rect(ofText: finder.matches[finder.current].start, finder.matches[finder.current].end) {
            if r.y < scrollY || r.maxY > scrollY + view.viewportHeight { onScroll?(max(0, r.y - view.viewportHeight / 3)) }
        }
        repaint()
        return FindResult(current: finder.current + 1, count: finder.matches.count, hasWrapped: hasWrapped)
    }
    private func lightMatches() {
        var list = finder.matches
        for i in list.indices { list[i].color = i == finder.current ? Self.currentMatchColor : Self.matchColor }
        list.sort { $0.start < $1.start }
        findHighlights = list
        publishHighlights()
    }
    /// The layout was made again: bytes are others now.
    func refreshFind() {
        finder.matches = view.find(finder.needle, limit: Finder.matchesMax)
        if finder.current >= finder.matches.count { finder.current = finder.matches.count - 1 }
        if finder.isElsewhere { finder.current = -1 } else if finder.current < 0, !finder.matches.isEmpty { finder.current = 0 }
        lightMatches()
    }
}
