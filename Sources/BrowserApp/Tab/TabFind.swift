// Find in page over a page and its frames (TAB-036…TAB-039): the page's own matches come first, then those of its frames in
// document order; each frame counts those of its own frames as its own. One match in all is current. The steps of
// `TabCommand.find`: 0 a new search; 1, -1 the next and the previous match; to frames also 2 (light the matches, none of them
// is current), 3 and -3 (the first, the last match becomes current).

import Interaction
import Layout
import TabProtocol

/// Which part of the page has the current match. Part 0 is the page itself.
struct FindParts: Equatable {
    /// Matches of each part.
    var counts: [Int] = []
    /// The part with the current match, and which of its matches that is, from 1.
    var part: Int?
    var current = 0
    var hasWrapped = false

    var total: Int { counts.reduce(0, +) }
    /// The current match among all, from 1; 0 without one.
    var position: Int { part.map { counts[..<$0].reduce(0, +) + current } ?? 0 }

    enum Move: Equatable { case none, within(Int), from(Int?, to: Int) }
    /// Moves by one match.
    mutating func step(backwards: Bool) -> Move {
        hasWrapped = false
        let step = backwards ? -1 : 1
        if let part, counts[part] > 0, (1...counts[part]).contains(current + step) {
            current += step
            return .within(part)
        }
        var next = part ?? (backwards ? counts.count : -1)
        for _ in 0..<counts.count {
            next += step
            if next < 0 || next >= counts.count {
                next = backwards ? counts.count - 1 : 0
                hasWrapped = part != nil
            }
            if counts[next] > 0 { break }
        }
        guard counts.indices.contains(next), counts[next] > 0 else { return .none }
        let old = part
        part = next
        current = backwards ? counts[next] : 1
        return old == next ? .within(next) : .from(old, to: next)
    }
}

extension TabSession {
    func find(_ step: Int8, _ text: String) {
        guard let page else { return }
        let frames = page.frames.list
        if step == 0 || step == 2 {
            for f in frames { f.found = FoundMatches(); f.send(.find(step: text.isEmpty ? 0 : 2, text: text)) }
            if text.isEmpty { endFind(page); return }
            let own = page.interaction.find(text)
            parts = FindParts(counts: [own.count] + frames.map { _ in 0 })
            if step == 0, own.count > 0 {
                parts.part = 0
                parts.current = own.current > 0 ? own.current : page.interaction.enterFind(atEnd: false).current
            } else { page.interaction.leaveFind() }
            searchText = text
            wantsMatch = step == 0 && own.count == 0
            tellFound()
            return
        }
        if step == 3 || step == -3 { parts.part = nil }
        move(page, backwards: step < 0)
    }
    private func endFind(_ page: Page) {
        searchText = ""
        parts = FindParts()
        page.interaction.endFind()
    }

    private func move(_ page: Page, backwards: Bool) {
        syncParts(page)
        let frames = page.frames.list
        switch parts.step(backwards: backwards) {
        case .none: break
        case .within(0): parts.current = page.interaction.findNext(backwards: backwards).current
        case .within(let i): frames[i - 1].send(.find(step: backwards ? -1 : 1, text: searchText))
        case .from(let old, let new):
            if let old { if old == 0 { page.interaction.leaveFind() } else { frames[old - 1].send(.find(step: 2, text: searchText)) } }
            enter(page, new, backwards)
        }
        tellFound()
    }
    private func enter(_ page: Page, _ i: Int, _ backwards: Bool) {
        if i == 0 { page.interaction.enterFind(atEnd: backwards); return }
        let frame = page.frames.list[i - 1]
        if let r = page.view.rect(of: frame.node) { page.interaction.reveal(r) }
        frame.send(.find(step: backwards ? -3 : 3, text: searchText))
    }

    /// A frame says what it found.
    func foundInFrame(_ frame: PageFrame) {
        guard let page, !searchText.isEmpty, let i = page.frames.list.firstIndex(where: { $0 === frame }) else { return }
        syncParts(page)
        if parts.part == i + 1, frame.found.current > 0 { parts.current = frame.found.current }
        if wantsMatch, frame.found.count > 0 {
            wantsMatch = false
            move(page, backwards: false)
            return
        }
        tellFound()
    }
    /// Frames come and go while a search is on.
    private func syncParts(_ page: Page) {
        let own = parts.counts.first ?? 0
        parts.counts = [own] + page.frames.list.map { $0.found.count }
        guard let part = parts.part else { return }
        if part >= parts.counts.count || parts.counts[part] == 0 { parts.part = nil } else { parts.current = min(parts.current, parts.counts[part]) }
    }
    private func tellFound() {
        report(.found(current: UInt32(clamping: parts.position), count: UInt32(clamping: parts.total), hasWrapped: parts.hasWrapped))
        parts.hasWrapped = false
    }
}
