// The list under the address field (TAB-031): pages that were visited or kept and hold what is typed. It lies over the page
// as a layer of its own, because a tab's surface covers the browser's pixels.

import ABI
import Graphics
import Runtime
import TabProtocol
import Toolkit

struct SuggestionList {
    static let rowHeight: Int32 = 30
    static let layerID: UInt32 = 0xFFFF_0001
    var items: [Bookmark] = []
    /// -1: what is typed.
    var selected = -1
    var isOpen: Bool { !items.isEmpty }
    /// What was typed before arrows chose something.
    var typed = ""
}

extension Browser {
    var suggestionsRect: Rect {
        let a = layout.addressRect
        return Rect(a.x, a.maxY + 2, a.width, Int32(clamping: suggestions.items.count) * SuggestionList.rowHeight + 2)
    }

    /// The address was edited: what could it be?
    func updateSuggestions() {
        suggestions.typed = address.text
        suggestions.items = library.suggestions(for: address.text)
        suggestions.selected = -1
        drawSuggestions()
    }
    func closeSuggestions() {
        if !suggestions.isOpen { return }
        suggestions = SuggestionList()
        drawSuggestions()
    }
    /// Arrow keys; true when there is a list.
    func moveSuggestion(_ step: Int) -> Bool {
        guard suggestions.isOpen else { return false }
        let count = suggestions.items.count + 1
        suggestions.selected = (suggestions.selected + 1 + step + count) % count - 1
        address.setText(suggestions.selected < 0 ? suggestions.typed : suggestions.items[suggestions.selected].url)
        address.editor.place(address.editor.text.count, extend: false)
        drawSuggestions()
        return true
    }
    /// Takes what the pointer does over the list; true when it lies there.
    func suggestionsPointer(_ event: PointerEvent) -> Bool {
        guard suggestions.isOpen, event.kind != .leave else { return false }
        let r = suggestionsRect
        guard r.contains(event.x, event.y) else {
            if event.kind == .down { closeSuggestions() }
            return false
        }
        setCursor(.pointer)
        let row = Int((event.y - r.y - 1) / SuggestionList.rowHeight)
        guard row >= 0, row < suggestions.items.count else { return true }
        if event.kind == .move, row != suggestions.selected {
            suggestions.selected = row
            drawSuggestions()
        }
        if event.kind == .down, event.button == 0, let tab = strip.active { navigate(tab.id, suggestions.items[row].url, isTrusted: true) }
        return true
    }

    private func drawSuggestions() {
        window.removeLayer(SuggestionList.layerID)
        suggestionMemory?.unmap()
        suggestionMemory?.handle.close()
        suggestionMemory = nil
        guard suggestions.isOpen else { return }
        let r = suggestionsRect
        guard r.width > 40, let memory = try? SharedMemory.create(byteCount: Int(r.width) * Int(r.height) * 4) else { return }
        suggestionMemory = memory
        let surface = Surface(base: memory.base.assumingMemoryBound(to: UInt32.self), width: Int(r.width), height: Int(r.height), strideWords: Int(r.width))
        var list = DisplayList()
        list.append(.fill(Rect(0, 0, r.width, r.height), ChromeTheme.line))
        list.append(.fill(Rect(1, 1, r.width - 2, r.height - 2), .white))
        for (i, item) in suggestions.items.enumerated() {
            let y = 1 + Int32(i) * SuggestionList.rowHeight
            if i == suggestions.selected { list.append(.fill(Rect(1, y, r.width - 2, SuggestionList.rowHeight), ChromeTheme.strip)) }
            var x: Int32 = 12
            if library.isBookmarked(item.url) { x += view.text.tab.draw("\u{2605}", into: &list, x: x, baseline: y + 20, color: ChromeTheme.accent) + 6 }
            if !item.title.isEmpty { x += view.text.tab.draw(item.title, into: &list, x: x, baseline: y + 20, color: ChromeTheme.text, maxWidth: r.width / 2) + 10 }
            view.text.small.draw(item.url, into: &list, x: x, baseline: y + 20, color: ChromeTheme.faint, maxWidth: max(1, r.width - x - 10))
        }
        rasteriser.draw(list, into: surface)
        guard let shared = try? memory.handle.duplicate([.read, .map, .transfer]) else { return }
        window.attachLayer(id: SuggestionList.layerID, sharedMemory: shared, width: r.width, height: r.height, strideWords: r.width, at: r)
        window.presentLayer(SuggestionList.layerID, Rect(0, 0, r.width, r.height))
    }
}
